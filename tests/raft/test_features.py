"""Pre-votes, leadership transfer and reads: what their steps change, and what each of their guards is for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from pymodel.check import prepare
from pymodel.engine.explain import counterexample
from pymodel.engine.goal import Plan
from pymodel.engine.instance import Instance
from pymodel.engine.search import Search, compile_search
from pymodel.engine.variants import Compiled

from .cluster import Play, cluster, message

TICKS = {"ElectionTicks": 1, "LeaseTicks": 1}


def featured(*features: str, **given: object) -> Play:
    return Play(cluster(**{"reads": 2, "Features": frozenset(features), **given}))


# Pre-votes


def polling(**given: object) -> Play:
    """s1 has asked s2 for a pre-vote."""
    play = featured("pre_vote", **{**TICKS, "LeaseTicks": 0, **given})
    return play.take("Tick", i="s1").take("StartPreVote", i="s1").take("RequestPreVote", i="s1", j="s2")


def test_a_poll_asks_about_the_next_term_in_the_present_one() -> None:
    play = polling()
    request = message("PreVoteRequest", "s1", "s2", 0, lastLogIndex=0, lastLogTerm=0)
    assert play.changes() == {"+messages": request}
    assert play.refuses("StartPreVote", i="s1") and play.refuses("Timeout", i="s1")
    assert play.refuses("RequestPreVote", i="s1", j="s1")


def test_a_pre_vote_changes_nothing_at_its_giver_and_lets_its_asker_campaign() -> None:
    play = polling().take("HandlePreVoteRequest")
    assert set(play.changes()) == {"+messages", "-messages"}
    play.take("HandlePreVoteResponse")
    assert play.shown["preVotes[s1]"] == frozenset({"s1", "s2"})
    play.take("Timeout", i="s1")
    assert play.shown["preVotes[s1]"] == frozenset()
    assert play.shown["currentTerm[s1]"] == 1


def granted(play: Play) -> bool:
    (answer,) = play.take("HandlePreVoteRequest").state.messages
    return bool(answer.granted)


def test_a_pre_vote_is_withheld_where_a_leader_was_heard_or_leads() -> None:
    heard, leads = polling(), polling()
    heard.state.electionElapsed[1] = 0
    leads.state.role[1] = 2
    assert (granted(polling()), granted(heard), granted(leads)) == (True, False, False)


def test_a_stale_or_behind_asker_gets_no_pre_vote() -> None:
    stale, behind = polling(), polling()
    stale.state.currentTerm[1] = 1
    behind.state.log.length[1] = behind.state.log.term[1, 1] = 1
    assert not granted(stale) and not granted(behind)


def test_a_poll_ends_where_a_leader_is_heard() -> None:
    play = featured("pre_vote", "transfer").take("StartPreVote", i="s1")
    play.take("RequestPreVote", j="s2").take("HandlePreVoteRequest").take("HandlePreVoteResponse")
    play.elect("s1", "s2").take("StartPreVote", i="s2").take("AppendEntries", i="s1", j="s2", n=0)
    play.take("HandleAppendEntriesRequest")
    assert play.before.preVotes[1, 1] == 1
    assert play.shown["preVotes[s2]"] == frozenset()


# Leadership transfer


def transferring(**given: object) -> Play:
    """s1 leads under a lease from s2, and has told s2 to campaign."""
    policy = {"LeasePolicy": "SendTime", **TICKS, **given}
    play = featured("transfer", **policy).take("Tick", i="s1").elect("s1", "s2").replicate("s1", "s2", n=0)
    assert play.bound.namespace["LeaseValid"](play.state, 0)
    return play.take("TransferLeadership", i="s1", j="s2")


def test_a_transfer_ends_the_lease_for_the_rest_of_the_term() -> None:
    play = transferring()
    assert play.changes() == {
        "transfer[s1]": "transferring",
        "+messages": message("TimeoutNow", "s1", "s2", 1),
    }
    assert play.refuses("TransferLeadership", i="s1")
    for _ in ("transferring", "aborted"):
        assert not play.bound.namespace["LeaseValid"](play.state, 0)
        assert play.refuses("AcceptWrite", i="s1") and play.options("RejectWrite", i="s1")
        if play.options("AbortTransfer"):
            play.take("AbortTransfer")
    assert play.changes() == {"transfer[s1]": "aborted"}


def test_without_leases_an_aborted_transfer_lets_writes_in_again() -> None:
    play = featured("transfer").elect("s1", "s2").take("TransferLeadership", j="s2")
    assert play.refuses("AcceptWrite", i="s1") and play.options("RejectWrite", i="s1")
    play.take("AbortTransfer")
    assert play.options("AcceptWrite", i="s1") and play.refuses("RejectWrite", i="s1")


def test_the_target_campaigns_within_its_promise_and_its_request_overrides_others() -> None:
    play = transferring().take("HandleTimeoutNow")
    assert play.changes()["audit[s2][reason]"] == "leadership_transfer"
    assert play.changes()["transfer[s2]"] == "campaign"
    play.take("RequestVote", i="s2", j="s1").take("UpdateTerm").take("HandleRequestVoteRequest")
    (answer,) = play.state.messages
    assert answer.granted == 1
    assert play.take("HandleRequestVoteResponse").take("BecomeLeader").shown["transfer[s2]"] == "none"


def test_a_campaign_of_its_own_overrides_nothing() -> None:
    play = transferring().take("HandleTimeoutNow").take("Tick", i="s1").take("Timeout", i="s2")
    assert play.changes()["transfer[s2]"] == "none"
    (request,) = play.take("RequestVote", i="s2", j="s3").state.messages
    assert request.override == 0


def test_a_stale_word_to_campaign_is_dropped_and_one_to_a_candidate_too() -> None:
    stale, candidate = transferring(), transferring()
    stale.state.currentTerm[1] = 2
    candidate.state.role[1] = 1
    for play in (stale, candidate):
        assert set(play.take("HandleTimeoutNow").changes()) == {"-messages"}


def test_office_is_given_to_one_that_has_the_log() -> None:
    play = featured("transfer").elect("s1", "s2").write("s1", "w1").replicate("s1", "s2")
    assert play.options("TransferLeadership", j="s2") and play.refuses("TransferLeadership", j="s3")


# Reads


def committed(*features: str, **given: object) -> Play:
    play = featured(*features, **given).elect("s1", "s2").write("s1", "w1").replicate("s1", "s2")
    return play.take("AdvanceCommitIndex")


def read(play: Play, name: str = "r1") -> tuple[object, ...]:
    return tuple(play.shown[f"reads[{name}][{part}]"] for part in ("status", "index", "floor"))


def test_a_read_by_lease_is_answered_at_once() -> None:
    play = committed("lease_read").take("LeaseRead", i="s1", q="r1")
    assert read(play) == ("Served", 1, 1)
    assert play.refuses("LeaseRead", q="r1") and play.refuses("LeaseRead", i="s2")


def test_no_read_before_a_commit_of_the_term() -> None:
    play = featured("lease_read", "read_index").elect("s1", "s2").write("s1", "w1")
    assert play.refuses("LeaseRead") and play.refuses("BeginRead")


def test_no_read_by_a_lease_that_ended() -> None:
    play = featured("lease_read", LeasePolicy="SendTime", **TICKS).take("Tick", i="s1").elect("s1", "s2")
    play.replicate("s1", "s2", n=0).write("s1", "w1").replicate("s1", "s2").take("AdvanceCommitIndex")
    assert play.options("LeaseRead", i="s1")
    assert play.take("Tick", i="s1").refuses("LeaseRead")


def test_a_read_waits_for_an_answer_to_a_later_request() -> None:
    play = committed("read_index").take("AppendEntries", j="s2", n=0).take("BeginRead", i="s1", q="r1")
    assert read(play) == ("Waiting", 1, 1)
    play.take("HandleAppendEntriesRequest").take("HandleAppendEntriesResponse")
    assert play.refuses("ServeRead"), "that request had been sent before"
    play.replicate("s1", "s2", n=0)
    assert play.shown["reads[r1][confirmedBy]"] == frozenset({"s2"})
    play.take("ServeRead", q="r1")
    assert play.changes() == {"reads[r1][status]": "Served", "reads[r1][confirmedBy]": []}


def test_a_refused_append_confirms_no_read() -> None:
    play = committed("read_index").take("BeginRead", q="r1")
    play.take("AppendEntries", j="s3", n=1).take("UpdateTerm").state.log.length[2] = 0
    play.state.nextIndex[0, 2] = 2
    play.take("AppendEntries", j="s3", n=0).take("HandleAppendEntriesRequest", prevLogIndex=1)
    play.take("HandleAppendEntriesResponse")
    assert play.shown["reads[r1][confirmedBy]"] == frozenset()


def test_a_read_fails_with_its_leader() -> None:
    play = committed("read_index").take("BeginRead", q="r2").replicate("s1", "s2", n=0)
    play.take("Restart", i="s1")
    assert read(play, "r2")[0] == "Failed"
    assert play.shown["reads[r2][confirmedBy]"] == frozenset()
    assert play.shown["reads[r1][status]"] == "Idle"


def test_a_later_read_may_return_no_less_than_an_earlier_one() -> None:
    play = committed("lease_read").take("LeaseRead", q="r1")
    play.state.client[0] = 3
    assert read(play.take("LeaseRead", q="r2"), "r2") == ("Served", 1, 1)


# What each guard is for


@dataclass(frozen=True)
class Holes:
    """A cfg, and for each swap the property that it breaks and in how many states; 0 if it breaks none."""

    constants: str
    properties: str
    swaps: dict[str, tuple[str, int]]


def cfg(
    features: str, policy: str = "None", ticks: int = 0, term: int = 2, writes: int = 0, servers: int = 3
) -> str:
    """Symmetric in the servers; nothing is lost, one message is in flight."""
    servers_, writes_ = (
        [f"{letter}{k}" for k in range(1, n + 1)] for letter, n in (("s", servers), ("w", writes))
    )
    return f"""SPECIFICATION Spec
CONSTANTS
  Server = {{{", ".join(servers_)}}}
  Write = {{{", ".join(writes_)}}}
  Read = {{{"r1" if "read" in features else ""}}}
  Nil = Nil
  ElectionTicks = {ticks}
  LeaseTicks = {ticks if policy == "SendTime" else 0}
  ClockSkew = 0
  LeasePolicy = "{policy}"
  Snapshots = FALSE
  Features = {{{features}}}
  Faults = {{}}
  History = {{}}
  MaxTerm = {term}
  MaxLogLen = {writes}
  MaxMessages = 1
CONSTRAINT StateConstraint
SYMMETRY ServerSymmetry
"""


HOLES = (
    Holes(
        cfg('"pre_vote"', ticks=1),
        "INVARIANT ElectionSafety PROPERTIES PreVoteFrame PreVoteUndisturbing CampaignBacked NoAckToStale"
        " NoStaleResponseUsed",
        {
            "WithholdsPreVote <- False1": ("PreVoteUndisturbing", 15),
            "TermAfterPreVote <- PreVoteTermTaken": ("PreVoteFrame", 5),
            "HasVoteAtCampaign <- PreVoteCounts": ("ElectionSafety", 14),
            "PreVoteWon <- True1": ("CampaignBacked", 3),
            "StalePreVoteRequest <- False2": ("NoAckToStale", 10),
            "CurrentPreVoteResponse <- True2": ("NoStaleResponseUsed", 11),
        },
    ),
    Holes(
        cfg('"transfer"', "SendTime", ticks=1, term=3),
        "INVARIANT LeaseExclusion PROPERTY StaleFrame",
        {
            "LeaseYielded <- False1": ("LeaseExclusion", 18),
            "LeaseYielded <- YieldedWhileTransferring": ("LeaseExclusion", 19),
            "OverridesWithholding <- True1": ("LeaseExclusion", 18),
            "StageAfterTimeout <- StageKept": ("LeaseExclusion", 26),
            "StaleTimeoutNow <- False2": ("StaleFrame", 15),
        },
    ),
    Holes(
        cfg('"lease_read"', term=1, writes=2, servers=2),
        "INVARIANT LinearizableRead",
        {"ServesReads <- True1": ("LinearizableRead", 18)},
    ),
    Holes(
        cfg('"read_index"', writes=2),
        "INVARIANT LinearizableRead",
        {
            "CommittedInTerm <- True1": ("LinearizableRead", 23),
            "ReadConfirmed <- True1": ("LinearizableRead", 29),
        },
    ),
    Holes(
        cfg('"lease_read"', "SendTime", ticks=1, writes=2),
        "INVARIANT LinearizableRead",
        {"ReadLeaseValid <- LeaseOnceHeld": ("LinearizableRead", 35)},
    ),
)


SAFE_WITHOUT = {
    "TransferTargetReady": "control_transfer_early: a target whose log is behind loses, at worst",
    "ConfirmsRead": "the counterexample needs two messages in flight",
}
"""Guards that no swap breaks at the bounds of HOLES, and where else they are held."""


def searched(instance: Instance, holes: Holes, folder: Path, code: Compiled) -> tuple[str, int]:
    """What fails first, and in how many states; nothing if the search ends without."""
    goal = prepare(folder / "holes.cfg").goal
    with Search(instance, goal, Plan(), compiled=code) as search:
        search.run()
        found = search.violations
        return (found[0].name, counterexample(search, found[0]).length) if found else ("", 0)


@pytest.mark.parametrize("holes", HOLES, ids=[" ".join(holes.swaps).split()[0] for holes in HOLES])
def test_each_swap_breaks_its_property_and_the_spec_itself_none(holes: Holes, tmp_path: Path) -> None:
    path = tmp_path / "holes.cfg"
    path.write_text(holes.constants + holes.properties + "\n", "utf-8")
    task = prepare(path)
    base = task.instance
    variants = [Instance(base.model, base.bound, dict([swap.split(" <- ")])) for swap in holes.swaps]
    code = compile_search(base, task.goal, variants=variants)
    found = {
        swap: searched(instance, holes, tmp_path, Compiled(code.text, code.native, number))
        for number, (swap, instance) in enumerate(zip(["", *holes.swaps], [base, *variants], strict=True))
    }
    assert found == {"": ("", 0), **holes.swaps}
