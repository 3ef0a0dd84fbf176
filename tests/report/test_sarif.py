"""SARIF: the rules of the standard that hold for what is written, and what each part says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pymodel import __version__
from pymodel.engine.result import CheckResult, Verdict
from pymodel.report.places import Place, Places
from pymodel.report.sarif import NEVER_FIRED, NO_VERDICT, check_sarif
from pymodel.report.sarif_parts import SCHEMA

from .fixtures import HOSTILE, collected, hostile_run, passed, violated

BASE = Path("/project").absolute()
SPEC, CFG = BASE / "spec dir" / "Spec.tla", BASE / "small.cfg"
PLACES = Places(
    base=BASE,
    cfg=Place(CFG, 1),
    defined={
        name: Place(SPEC, 10 * number, "Spec")
        for number, name in enumerate(("ElectionSafety", "AuditFaithful", "Init", "Timeout"), 1)
    },
    listed={"ElectionSafety": Place(CFG, 7), "VoteStable": Place(CFG, 9)},
)
CHECKED = ("TypeOK", "ElectionSafety", "AuditFaithful", "VoteStable", "deadlock")


def parts(data: object, name: str) -> Iterator[Any]:
    """Everything in `data` that is the property `name` of something."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key == name:
                yield value
            yield from parts(value, name)
    elif isinstance(data, list):
        for item in data:
            yield from parts(item, name)


def look_at_messages(run: dict[str, Any]) -> None:
    """Section 3.11: a text and no placeholder, since there are no arguments."""
    for message in (*parts(run, "message"), *parts(run, "shortDescription"), *parts(run, "fullDescription")):
        assert set(message) == {"text"}
        assert message["text"]
        rest = message["text"].replace("{{", "").replace("}}", "")
        assert "{" not in rest and "}" not in rest


def look_at_places(run: dict[str, Any]) -> None:
    """Sections 3.4, 3.14.14, 3.29, 3.30: addresses are URIs, relative ones to a base that ends in a slash."""
    bases = run["originalUriBaseIds"]
    assert all(base["uri"].startswith("file:///") and base["uri"].endswith("/") for base in bases.values())
    for physical in parts(run, "physicalLocation"):
        artifact = physical["artifactLocation"]
        assert re.fullmatch(r"[\w.~%/:+-]+", artifact["uri"])
        assert artifact["uri"].startswith("file:///") != (artifact.get("uriBaseId") in bases)
        assert physical["region"]["startLine"] >= 1


def look_at_results(run: dict[str, Any]) -> None:
    """Sections 3.27, 3.36 to 3.38: rule and index agree, flows are not empty and in order."""
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(rules) == len(set(rules))
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert (result["kind"], result["level"]) == ("fail", "error")
        assert result["locations"]
        assert all(isinstance(value, str) for value in result["partialFingerprints"].values())
        for flow in result.get("codeFlows", []):
            ((locations,),) = [[thread["locations"] for thread in flow["threadFlows"]]]
            assert [at["executionOrder"] for at in locations] == list(range(1, len(locations) + 1))
            assert all(at["importance"] in ("important", "essential") for at in locations)


def run_of(result: CheckResult, never_fired: tuple[str, ...] | None = None, places: Places = PLACES) -> Any:
    """The one run of the log, after a look at what the standard says."""
    log = json.loads(check_sarif(result, places, never_fired))
    assert (log["$schema"], log["version"], len(log["runs"])) == (SCHEMA, "2.1.0", 1)
    (run,) = log["runs"]
    assert set(run["tool"]["driver"]) == {"name", "version", "rules"}
    assert isinstance(run["invocations"][0]["executionSuccessful"], bool)
    look_at_messages(run)
    look_at_places(run)
    look_at_results(run)
    return run


def test_a_cfg_that_holds_has_a_rule_for_each_property_and_no_result() -> None:
    run = run_of(replace(passed(), checked=CHECKED, properties=("VoteStable",)))
    assert run["results"] == []
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(CHECKED)
    assert [rule["shortDescription"]["text"] for rule in rules[-3:]] == [
        "The invariant AuditFaithful holds in every reachable state.",
        "The property VoteStable holds of every behaviour.",
        "Every reachable state has a successor.",
    ]
    assert {rule["defaultConfiguration"]["level"] for rule in rules} == {"error"}
    (invocation,) = run["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (True, 0)
    notes = [note["message"]["text"] for note in invocation["toolExecutionNotifications"]]
    assert notes == ["symmetry is off: the cfg has PROPERTIES", "1 action never fired: LeaseExpire"]
    assert run["properties"]["config"] == "small"


def test_the_tool_is_who_checked() -> None:
    ours, tlc = (run_of(replace(passed(), tool=tool))["tool"]["driver"] for tool in ("pymodel", "TLC 2.15"))
    assert (ours["name"], ours["version"]) == ("pymodel", __version__)
    assert (tlc["name"], tlc["version"]) == ("TLC", "2.15")


def test_each_violation_is_a_result_at_its_definition() -> None:
    run = run_of(collected())
    assert [result["ruleId"] for result in run["results"]] == [
        "ElectionSafety",
        "AuditFaithful",
        "VoteStable",
    ]
    safety, audit, vote = run["results"]
    assert safety["message"]["text"] == (
        "State 12 violates ElectionSafety, with e1 = [term |-> 1, leader |-> s1]; "
        "e2 = [term |-> 1, leader |-> s3]."
    )
    assert vote["message"]["text"].startswith("The behaviour up to state 25 violates VoteStable, with i = s4")
    (place,) = safety["locations"]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "spec%20dir/Spec.tla", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 10},
    }
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "Spec!ElectionSafety"
    (related,) = safety["relatedLocations"]
    assert related["physicalLocation"]["artifactLocation"]["uri"] == "small.cfg"
    assert related["physicalLocation"]["region"] == {"startLine": 7}
    assert related["message"]["text"] == "ElectionSafety in small.cfg."
    assert audit["relatedLocations"][0]["physicalLocation"]["region"] == {"startLine": 1}
    assert vote["locations"][0]["physicalLocation"]["region"] == {"startLine": 9}
    fingerprints = {result["partialFingerprints"]["cfgRuleSubject/v1"] for result in run["results"]}
    assert "mutant_vote_not_persisted:ElectionSafety:ElectionSafety" in fingerprints
    assert len(fingerprints) == 3
    (invocation,) = run["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (True, 12)


def test_the_counterexample_is_the_code_flow() -> None:
    (safety, *_) = run_of(collected())["results"]
    ((flow,),) = [flow["threadFlows"] for flow in safety["codeFlows"]]
    assert len(flow["locations"]) == 12
    first, second, *_, last = flow["locations"]
    assert first["location"]["message"]["text"] == "State 1, Init"
    assert first["location"]["physicalLocation"]["region"]["startLine"] == 30
    assert second["location"]["physicalLocation"]["region"]["startLine"] == 40
    assert second["location"]["message"]["text"] == (
        "State 2, Timeout(i = s1): currentTerm[s1]: 0 -> 1; role[s1]: Follower -> Candidate; "
        "votedFor[s1]: Nil -> s1; votesGranted[s1] + s1"
    )
    assert second["state"]["currentTerm"] == {"text": "[s1: 1, s2: 0, s3: 0]"}
    assert second["state"]["votesGranted"] == {"text": "[s1: {{s1}}, s2: {{}}, s3: {{}}]"}
    assert set(second["state"]) == set(collected().continued[0].steps[0].state)
    assert (second["importance"], last["importance"]) == ("important", "essential")


def test_a_violation_without_a_behaviour_of_its_own_is_a_result_all_the_same() -> None:
    safety, audit = run_of(replace(violated(), checked=CHECKED))["results"]
    assert audit["message"]["text"] == "AuditFaithful is violated at the same depth as ElectionSafety."
    assert "codeFlows" in safety and "codeFlows" not in audit


@pytest.mark.parametrize("verdict", [Verdict.UNDETERMINED, Verdict.ERROR])
def test_no_verdict_is_a_result(verdict: Verdict) -> None:
    result = replace(passed(), verdict=verdict, checked=CHECKED, detail="ended by the limit of 9 states")
    run = run_of(result)
    (found,) = run["results"]
    assert found["ruleId"] == NO_VERDICT
    assert found["message"]["text"] == "small is not decided: ended by the limit of 9 states."
    assert found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "small.cfg"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [*CHECKED, NO_VERDICT]
    (invocation,) = run["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, verdict.value)
    assert invocation["toolExecutionNotifications"][0] == {
        "level": "error",
        "message": {"text": "ended by the limit of 9 states"},
    }


def test_a_failed_evaluation_shows_how_it_was_reached() -> None:
    result = replace(violated(), verdict=Verdict.ERROR, violated=None, also_violated=(), checked=())
    (found,) = run_of(result)["results"]
    assert found["ruleId"] == NO_VERDICT
    assert len(found["codeFlows"][0]["threadFlows"][0]["locations"]) == 12


def test_an_action_that_had_to_fire_is_a_result_at_its_definition() -> None:
    run = run_of(passed(), ("Timeout", "Restart"))
    assert [result["ruleId"] for result in run["results"]] == [NEVER_FIRED, NEVER_FIRED]
    timeout, restart = run["results"]
    assert timeout["message"]["text"] == "Timeout never fired in small."
    assert timeout["locations"][0]["physicalLocation"]["region"] == {"startLine": 40}
    assert restart["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "small.cfg"
    assert run["invocations"][0]["exitCode"] == 4
    fired = run_of(passed(), ())
    assert (fired["results"], fired["invocations"][0]["exitCode"]) == ([], 0)
    assert NEVER_FIRED in [rule["id"] for rule in fired["tool"]["driver"]["rules"]]
    assert NEVER_FIRED not in [rule["id"] for rule in run_of(passed())["tool"]["driver"]["rules"]]


def test_a_file_below_the_base_comes_before_one_outside() -> None:
    outside = {
        name: replace(place, path=Path("/lib/Spec.tla").absolute()) for name, place in PLACES.defined.items()
    }
    (safety, *_) = run_of(collected(), places=replace(PLACES, defined=outside))["results"]
    assert safety["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "small.cfg"
    artifact = safety["relatedLocations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact == {"uri": Path("/lib/Spec.tla").absolute().as_uri()}


@pytest.mark.parametrize("text", [*HOSTILE, "{0} and {1}", "{{x}}"])
def test_hostile_texts_stay_texts(text: str) -> None:
    result = replace(
        violated(), violated=text, checked=(text,), also_violated=(), counterexample=hostile_run(text)
    )
    (found,) = run_of(result)["results"]
    assert found["ruleId"] == text
    assert text in found["message"]["text"].replace("{{", "{").replace("}}", "}")
