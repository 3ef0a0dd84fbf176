"""The parts of compound properties one by one, their near misses, and the witness of each property.

test_properties.py has one edit per property that breaks it and no other; here an edit may break several.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from pymodel.engine.explain import witness
from pymodel.raft import names
from pymodel.raft.model import RAFT
from pymodel.specfiles import spec_folder

from .cluster import Play, cluster
from .plays import LEASES, leased, led, old_entry
from .test_properties import (
    S1,
    S2,
    S3,
    VOTE,
    Edit,
    add,
    all_committed_no_leader,
    answered_stale_append,
    answered_stale_vote,
    answered_vote,
    answers,
    backed,
    both,
    crowned,
    disturbed,
    dropped_stale_answer,
    elected,
    has_read,
    hinted,
    one_write,
    pre_voted,
    put,
    replicated,
    silenced,
    stays,
    two_writes_no_leader,
    unbacked,
    under_lease,
    without_log,
)

Base = Callable[[], Play]


def holds(name: str, play: Play) -> bool:
    states = (play.state,) if name in RAFT.invariants else (play.before, play.state)
    return play.bound.holds(name, *states)


def shared() -> Play:
    """s1 leads with two writes, both on s2 and counted, and committed."""
    return led("w1", "w2", writes=3).replicate("s1", "s2", "s2").take("AdvanceCommitIndex")


def commits_less(play: Play, state: Any) -> None:
    state.commits.length = 1


def lacks(i: int) -> Edit:
    return both(without_log(i), put("commitIndex", i, value=0))


def leads_with(part: str, value: int) -> Edit:
    """s2 leads the next term, and its second entry is another one."""
    return both(crowned(S2, 2), put(part, S2, 2, value=value))


def already_sent(kind: str, **fields: int) -> Edit:
    """The message was in flight before the step too."""

    def edit(play: Play, state: Any) -> None:
        add(kind, **fields)(play, play.before)
        add(kind, **fields)(play, state)

    return edit


def appends_beyond_its_log(play: Play, state: Any) -> None:
    """s1 takes more as committed than it has, and appends there."""
    play.before.commitIndex[S1] = state.commitIndex[S1] = 1
    state.log.length[S1], state.log.term[S1, 1], state.log.write[S1, 1] = 1, 1, 0


ACK = {"dest": S1, "term": 1, "success": 1, "index": 0, "age": 0}
UNACKED = put("acks", 1, S2, 1, value=0)


# A property, where it holds, what breaks it, and part of the witness.
BROKEN: list[tuple[str, Base, Edit, set[str]]] = [
    (
        "TypeOK",
        elected,
        add("RequestVoteRequest", source=S3, dest=S3, term=1, **VOTE),
        {
            "m = [type |-> RequestVoteRequest, source |-> s3, dest |-> s3, term |-> 1, lastLogIndex |-> 0, "
            "lastLogTerm |-> 0]"
        },
    ),
    ("ElectionSafety", elected, put("elections", 1, S3, value=1), {"term = 1", "i = s1", "j = s3"}),
    ("LogMatching", two_writes_no_leader, put("log.write", S2, 2, value=2), {"i = s1", "j = s2", "k = 2"}),
    ("StateMachineSafety", shared, put("commitIndex", S2, value=3), {"i = s2", "k = 3"}),
    ("StateMachineSafety", shared, commits_less, {"i = s1", "k = 2"}),
    ("StateMachineSafety", shared, put("log.write", S1, 1, value=2), {"i = s1", "k = 1"}),
    ("StateMachineSafety", shared, put("log.term", S1, 2, value=2), {"i = s1", "k = 2"}),
    ("LeaderCompleteness", shared, crowned(S3, 2), {"k = 1", "i = s3"}),
    (
        "LeaderCompleteness",
        shared,
        leads_with("log.write", 2),
        {"k = 2", "i = s2"},
    ),
    (
        "LeaderCompleteness",
        shared,
        leads_with("log.term", 2),
        {"k = 2", "i = s2"},
    ),
    ("CommittedOnQuorum", shared, put("log.length", S2, value=1), {"k = 2", "holders = 1"}),
    ("QuorumAckSound", replicated, UNACKED, {"i = s1", "j = s2"}),
    ("QuorumAckSound", replicated, both(UNACKED, put("acks", 2, S2, 1, value=1)), {"j = s2"}),
    ("QuorumAckSound", replicated, both(UNACKED, put("acks", 1, S3, 1, value=1)), {"j = s2"}),
    ("QuorumAckSound", replicated, put("matchIndex", S1, S2, value=2), {"i = s1", "j = s2"}),
    ("MatchIndexSound", shared, lacks(S2), {"i = s1", "j = s2"}),
    ("MatchIndexSound", shared, put("log.length", S1, value=1), {"i = s1", "j = s2"}),
    ("MatchIndexSound", shared, put("log.write", S2, 2, value=2), {"i = s1", "j = s2", "k = 2"}),
    ("MatchIndexSound", shared, put("log.term", S2, 1, value=0), {"i = s1", "j = s2", "k = 1"}),
    ("TermBounds", elected, add("RequestVoteResponse", source=S3, dest=S1, term=1, granted=0), set()),
    ("TermBounds", elected, put("elections", 2, S1, value=1), {"i = s1", "term = 2"}),
    ("TermBounds", one_write, put("log.term", S1, 1, value=2), {"i = s1", "k = 1"}),
    ("TermBounds", shared, put("log.term", S2, 2, value=0), {"i = s2", "k = 2"}),
    ("OkIsChosen", shared, put("client", 2, value=names.Ok), {"w = w3"}),
    ("DefiniteFailNeverCommits", shared, put("client", 1, value=names.Rejected), {"w = w2"}),
    ("LinearizableRead", has_read, put("reads.index", 0, value=0), {"q = r1"}),
    ("LeaseImpliesPromise", under_lease, put("electionElapsed", S2, value=2), {"i = s1", "j = s2"}),
    ("LeaseExclusion", under_lease, crowned(S3, 2), {"i = s1", "j = s3"}),
    ("RedirectSound", hinted, put("leaderHint", S2, value=S2), {"i = s2", "j = s2"}),
    ("RedirectSound", hinted, put("leaderHint", S3, value=S1), {"i = s3", "j = s1"}),
    ("AuditFaithful", elected, put("role", S1, value=names.Candidate), {"i = s1"}),
    ("AuditFaithful", elected, put("audit.newTerm", S3, value=1), {"i = s3", "newTerm = 1"}),
    ("AuditFaithful", elected, put("audit.oldTerm", S1, value=0), {"i = s1", "oldTerm = 0", "newTerm = 1"}),
    ("TermMonotonic", stays(elected), put("currentTerm", S2, value=0), {"i = s2"}),
    ("VoteStable", stays(elected), put("votedFor", S2, value=S3), {"i = s2"}),
    (
        "NoAckToStale",
        answered_stale_vote,
        answers("RequestVoteResponse", source=S1, dest=S2, term=2, granted=1),
        {"r = [type |-> RequestVoteResponse, source |-> s1, dest |-> s2, term |-> 2, granted |-> TRUE]"},
    ),
    ("StaleFrame", answered_stale_append, put("votedFor", S2, value=S3), {"i = s2"}),
    ("NoStaleResponseUsed", dropped_stale_answer, put("matchIndex", S1, S2, value=1), {"i = s1", "j = s2"}),
    (
        "RequestsAnswered",
        answered_vote,
        silenced,
        {
            "m = [type |-> RequestVoteRequest, source |-> s1, dest |-> s2, term |-> 1, lastLogIndex |-> 0, "
            "lastLogTerm |-> 0]"
        },
    ),
    ("PreVoteFrame", pre_voted, put("votedFor", S2, value=S1), {"i = s2"}),
    (
        "PreVoteUndisturbing",
        pre_voted,
        disturbed,
        {"r = [type |-> PreVoteResponse, source |-> s2, dest |-> s1, term |-> 0, granted |-> TRUE]"},
    ),
    ("CampaignBacked", backed, unbacked, {"i = s1"}),
    ("LeaderAppendOnly", stays(shared), put("log.term", S1, 2, value=0), {"i = s1"}),
    ("LeaderAppendOnly", stays(shared), lacks(S1), {"i = s1"}),
    ("CommittedPrefixStable", stays(all_committed_no_leader), lacks(S2), {"i = s2"}),
    ("CommittedPrefixStable", stays(all_committed_no_leader), put("log.write", S2, 1, value=2), {"i = s2"}),
    ("CommitOnlyCurrentTerm", stays(old_entry), put("commitIndex", S2, value=1), {"i = s2", "k = 1"}),
    ("LegalTransition", stays(elected), put("role", S3, value=names.Leader), {"i = s3"}),
    ("ClientOutcome", stays(one_write), put("client", 2, value=names.Ok), {"w = w3"}),
]


@pytest.mark.parametrize(
    ("name", "base", "edit", "part"), BROKEN, ids=[f"{case[0]}-{k}" for k, case in enumerate(BROKEN)]
)
def test_a_part_breaks_it_and_the_witness_tells_where(
    name: str, base: Base, edit: Edit, part: set[str]
) -> None:
    play = base()
    states = (play.state,) if name in RAFT.invariants else (play.before, play.state)
    assert holds(name, play)
    assert witness(play.bound, name, *states) == ()
    edit(play, play.state)
    assert not holds(name, play)
    assert part <= set(witness(play.bound, name, *states))


def test_every_property_has_a_witness() -> None:
    assert {name for name, _, _, part in BROKEN if part} == {*RAFT.invariants, *RAFT.properties}


def test_the_witness_of_a_stale_request_is_the_request() -> None:
    play = answered_stale_append()
    play.state.leaderHint[S2] = S1
    found = witness(play.bound, "StaleFrame", play.before, play.state)
    assert any(
        line.startswith("m = [type |-> AppendEntriesRequest, source |-> s1, dest |-> s2") for line in found
    )


# Near misses: a property, where it holds, and what does not break it.
KEPT: list[tuple[str, Base, Edit]] = [
    ("ElectionSafety", elected, put("elections", 2, S3, value=1)),
    ("LogMatching", two_writes_no_leader, put("log.term", S3, 1, value=3)),
    ("LeaderCompleteness", shared, crowned(S3, 1)),
    ("LeaderCompleteness", shared, put("currentTerm", S3, value=2)),
    ("CommittedOnQuorum", shared, put("log.length", S1, value=3)),
    ("QuorumAckSound", replicated, both(UNACKED, put("acks", 1, S2, 2, value=1))),
    ("MatchIndexSound", shared, both(lacks(S2), put("currentTerm", S2, value=2))),
    ("MatchIndexSound", shared, both(lacks(S2), put("role", S1, value=names.Follower))),
    ("TermBounds", shared, put("currentTerm", S2, value=3)),
    ("OkIsChosen", shared, put("client", 2, value=names.Pending)),
    ("DefiniteFailNeverCommits", shared, put("client", 2, value=names.Rejected)),
    ("DefiniteFailNeverCommits", shared, put("client", 1, value=names.Unknown)),
    ("LeaseImpliesPromise", under_lease, put("electionElapsed", S2, value=1)),
    ("LeaseImpliesPromise", under_lease, put("electionElapsed", S3, value=2)),
    ("LeaseExclusion", under_lease, put("currentTerm", S3, value=2)),
    ("LeaseExclusion", under_lease, both(crowned(S3, 2), put("ackAge", S1, S2, value=2))),
    (
        "LeaseExclusion",
        under_lease,
        both(put("currentTerm", S1, value=2), put("role", S3, value=names.Leader)),
    ),
    ("RedirectSound", hinted, put("leaderHint", S2, value=names.Nil)),
    ("RedirectSound", hinted, put("currentTerm", S2, value=3)),
    ("VoteStable", stays(elected), put("votedFor", S3, value=S2)),
    ("VoteStable", stays(elected), both(put("votedFor", S2, value=S3), put("currentTerm", S2, value=2))),
    ("NoAckToStale", answered_stale_append, already_sent("AppendEntriesResponse", source=S2, **ACK)),
    ("NoAckToStale", answered_stale_append, add("AppendEntriesResponse", source=S3, **ACK)),
    ("LeaderAppendOnly", stays(shared), both(lacks(S1), put("role", S1, value=names.Follower))),
    ("CommittedPrefixStable", stays(two_writes_no_leader), lacks(S2)),
    ("CommittedPrefixStable", stays(elected), appends_beyond_its_log),
    ("CommitOnlyCurrentTerm", stays(old_entry), put("commitIndex", S3, value=1)),
]


@pytest.mark.parametrize(
    ("name", "base", "edit"), KEPT, ids=[f"{case[0]}-{k}" for k, case in enumerate(KEPT)]
)
def test_a_near_miss_breaks_nothing(name: str, base: Base, edit: Edit) -> None:
    play = base()
    assert holds(name, play)
    edit(play, play.state)
    assert holds(name, play)


def test_a_stale_request_that_only_grew_older_was_not_answered() -> None:
    """The tick moves the clock of its receiver, which a consumed stale request may not."""
    play = leased().replicate("s1", "s2", n=0).take("AppendEntries", j="s2", n=0)
    play.take("Timeout", i="s3").take("Timeout", i="s3").take("RequestVote", i="s3", j="s2")
    play.take("UpdateTerm", dest="s2").take("Tick", i="s1")
    assert play.changes()["electionElapsed[s2]"] == 1
    assert holds("StaleFrame", play)


# The transition table and the audit record


def table_of_the_spec() -> set[tuple[str, str, bool, str]]:
    text = (spec_folder() / "Properties.tla").read_text("utf-8")
    rows = re.findall(r'<<"(\w+)",\s+"(\w+)",\s+(TRUE|FALSE),\s+"(\w+)">>', text)
    return {(old, new, grows == "TRUE", reason) for old, new, grows, reason in rows}


def test_the_transition_table_is_that_of_the_spec() -> None:
    allowed = cluster().namespace["AllowedTransition"]
    rows = {
        (old, new, grows, reason)
        for i, old in enumerate(names.ROLES)
        for j, new in enumerate(names.ROLES)
        for grows in (True, False)
        for k, reason in enumerate(names.REASONS)
        if reason != "start" and allowed(i, j, grows, k)
    }
    assert rows == table_of_the_spec()
    assert len(rows) == 11


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("oldRole", names.Candidate),
        ("newRole", names.Candidate),
        ("oldTerm", 0),
        ("newTerm", 2),
        ("reason", names.HigherTermSeen),
    ],
)
def test_each_field_of_the_record_must_be_that_of_the_step(field: str, value: int) -> None:
    play = under_lease().take("Tick", i="s1").take("Tick", i="s1").take("LeaseExpire")
    assert holds("LegalTransition", play)
    getattr(play.state.audit, field)[S1] = value
    assert not holds("LegalTransition", play)
    assert witness(play.bound, "LegalTransition", play.before, play.state)[0] == "i = s1"


# The outcomes of writes

LEGAL = {
    ("Idle", "Redirected"),
    ("Idle", "Rejected"),
    ("Pending", "Ok"),
    ("Pending", "Unknown"),
}


@pytest.mark.parametrize("old", names.OUTCOMES)
@pytest.mark.parametrize("new", names.OUTCOMES)
def test_the_outcomes_that_may_follow_each_other(old: str, new: str) -> None:
    """In a step that appends nothing, so that no write can be accepted in it."""
    play = stays(elected)()
    play.before.client[0], play.state.client[0] = names.OUTCOMES.index(old), names.OUTCOMES.index(new)
    assert holds("ClientOutcome", play) == (old == new or (old, new) in LEGAL)


def append(i: int) -> Edit:
    def edit(play: Play, state: Any) -> None:
        state.log.length[i] = state.log.length[i] + 1
        state.client[0] = names.Pending

    return edit


@pytest.mark.parametrize(("server", "legal"), [(S1, True), (S2, False), (S3, False)])
def test_a_write_is_accepted_at_a_leader(server: int, legal: bool) -> None:
    play = stays(elected)()
    append(server)(play, play.state)
    assert holds("ClientOutcome", play) == legal


@pytest.mark.parametrize(("age", "legal"), [(0, True), (1, True), (2, False)])
def test_a_write_is_accepted_in_contact_if_leases_count(age: int, legal: bool) -> None:
    play = Play(cluster(**LEASES)).take("Tick", i="s1").take("Tick", i="s1").elect("s1", "s2")
    play.state.ackAge[S1, S2] = age
    play = stays(lambda: play)()
    append(S1)(play, play.state)
    assert holds("ClientOutcome", play) == legal


def test_a_legal_answer_does_not_hide_another() -> None:
    play = stays(elected)()
    append(S1)(play, play.state)
    play.state.client[1] = names.Unknown
    assert not holds("ClientOutcome", play)
    assert "w = w2" in witness(play.bound, "ClientOutcome", play.before, play.state)
