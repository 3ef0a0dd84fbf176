"""A search that went on after a violation: every counterexample, in every form; and the run's new facts."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pymodel.report.data import check_json
from pymodel.report.facts import run_facts
from pymodel.report.html import render_html
from pymodel.report.text import render_check, render_counterexample

from .fixtures import HOSTILE, collected, hostile_run, passed
from .test_html import Page


def test_the_text_has_each_with_its_heading_and_its_why() -> None:
    lines = render_check(collected()).splitlines()
    told = [line for line in lines if line.startswith(("Counterexample to", "Why"))]
    assert told == [
        "Counterexample to ElectionSafety, 12 states",
        "Why: state 12 violates ElectionSafety, with",
        "Counterexample to AuditFaithful, 12 states",
        "Why: state 12 violates AuditFaithful, with",
        "Counterexample to VoteStable, 25 states",
        "Why: the behaviour up to state 25 violates VoteStable, with",
    ]
    assert lines[2] == "  also violated  AuditFaithful (12 states), VoteStable (25 states)"
    assert render_check(collected()).endswith("violates VoteStable, with\n     i = s4\n")
    assert render_counterexample(collected().continued[0]) in render_check(collected())


def test_an_action_never_fired_in_a_search_that_came_to_its_end() -> None:
    assert "warning: 1 action never fired: LeaseExpire\n" in render_check(collected())
    stopped = render_check(replace(collected(), complete=False))
    assert "1 action never fired before the search stopped: LeaseExpire" in stopped


def test_json_has_each_with_its_states() -> None:
    found = json.loads(check_json(collected()))
    assert [cex["violated"] for cex in found["continued"]] == ["AuditFaithful", "VoteStable"]
    assert [(cex["length"], len(cex["steps"])) for cex in found["continued"]] == [(12, 12), (25, 25)]
    assert found["continued"][1]["witness"] == ["i = s4"]
    assert found["continued"][0]["steps"][1]["state"]["role"]["s1"] == "Candidate"
    assert found["out_degree"] == {"least": 1, "mean": 8.42, "p95": 11, "most": 14}
    assert (found["memory_bytes"], found["complete"]) == (1_288_490_189, True)
    assert found["checked"] == ["TypeOK", "ElectionSafety", "AuditFaithful", "VoteStable", "deadlock"]
    assert found["properties"] == ["VoteStable"]


def test_the_page_has_each_with_a_diagram_and_every_step() -> None:
    source = render_html(collected())
    page = Page(source)
    assert page.with_class("trace") == page.with_class("seq") == page.with_class("why") == 3
    assert page.with_class("step") == 12 + 12 + 25
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {"state-12", "trace-2-state-12", "trace-3-state-25"} <= set(ids)
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert links == ["#state-12", "#trace-2-state-12", "#trace-3-state-25"]
    for expected in (
        "Also violated: AuditFaithful (12 states), VoteStable (25 states)",
        "Counterexample to VoteStable, 25 states",
        "the behaviour up to state 25 violates VoteStable",
        "1 to 14, mean 8.4, 95 % at most 11",
    ):
        assert expected in page.text
    steps = [attributes["data-steps"] for _, attributes in page.tags if "data-steps" in attributes]
    assert steps == ["12", "12", "25"]


def test_the_page_has_one_row_to_click_for_each_step() -> None:
    """The script finds the row of a step by its position among all rows."""
    source = render_html(collected())
    assert source.count('class="row-back"') == source.count('<li class="step')


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_in_a_further_counterexample_are_shown_and_never_become_markup(text: str) -> None:
    page = Page(render_html(replace(collected(), continued=(hostile_run(text),))))
    tame = Page(render_html(replace(collected(), continued=(hostile_run("tame"),))))
    assert text in page.text
    assert page.count("script") == tame.count("script")
    assert page.count("img") == 0


def facts(**fields: object) -> dict[str, str]:
    return {fact.label: fact.text for fact in run_facts(replace(collected(), **fields))}


def test_out_degree_and_memory_are_told_if_they_are_known() -> None:
    assert facts()["out-degree"] == "1 to 14, mean 8.4, 95 % at most 11"
    assert not {"out-degree", "memory"} & {fact.label for fact in run_facts(passed())}


@pytest.mark.parametrize(
    ("memory_bytes", "distinct", "text"),
    [
        (1_288_490_189, 53_000_000, "1.2 GiB, 24 bytes a state"),
        (200 * 1024 * 1024, 1_000_000, "200 MiB, 210 bytes a state"),
        (200 * 1024 * 1024, 999_999, "200 MiB"),
    ],
)
def test_memory_is_shared_out_only_among_many_states(memory_bytes: int, distinct: int, text: str) -> None:
    assert facts(memory_bytes=memory_bytes, distinct=distinct)["memory"] == text
