"""Each property: a reachable state or step where all hold, and one edit of it that breaks just this one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pymodel.raft import names
from pymodel.raft.model import RAFT

from .cluster import Play, cluster, made, violated
from .plays import LEASES, compacted, leased, led, old_entry

S1, S2, S3 = range(3)
Edit = Callable[[Play, Any], None]
Case = tuple[str, Callable[[], Play], Edit]


def crown(state: Any, i: int, term: int) -> None:
    """Server i leads `term`, with the history of an election."""
    state.role[i], state.currentTerm[i] = names.Leader, term
    state.elections[term, i] = 1
    state.audit.oldRole[i], state.audit.newRole[i] = names.Candidate, names.Leader
    state.audit.oldTerm[i] = state.audit.newTerm[i] = term
    state.audit.reason[i] = names.WonElection


def put(part: str, *index: int, value: int) -> Edit:
    """One cell of one variable gets a value."""

    def edit(play: Play, state: Any) -> None:
        cells = state
        for name in part.split("."):
            cells = getattr(cells, name)
        cells[index] = value

    return edit


def add(kind: str, **fields: int) -> Edit:
    return lambda play, state: state.messages.add(made(play.bound, kind, **fields))


def crowned(i: int, term: int) -> Edit:
    return lambda play, state: crown(state, i, term)


def both(*edits: Edit) -> Edit:
    def edit(play: Play, state: Any) -> None:
        for each in edits:
            each(play, state)

    return edit


def without_log(i: int) -> Edit:
    def edit(play: Play, state: Any) -> None:
        state.log.length[i] = 0
        for k in (1, 2, 3):
            state.log.term[i, k], state.log.write[i, k] = 0, names.Nil

    return edit


def elected() -> Play:
    return Play(cluster(writes=3)).elect("s1", "s2")


def one_write() -> Play:
    return led("w1", writes=3)


def two_writes_no_leader() -> Play:
    return led("w1", "w2", writes=3).replicate("s1", "s2", "s2").take("Restart", i="s1")


def replicated() -> Play:
    return one_write().replicate("s1", "s2")


def committed() -> Play:
    return replicated().take("AdvanceCommitIndex")


def under_lease() -> Play:
    return leased().replicate("s1", "s2", n=0)


def hinted() -> Play:
    return elected().replicate("s1", "s2", n=0)


def commits_one(term: int) -> Edit:
    def edit(play: Play, state: Any) -> None:
        state.commits.length, state.commits.term[1], state.commits.write[1] = 1, 1, 0
        state.commits.commitTerm[1] = term

    return edit


def with_feature(*features: str, **given: object) -> Play:
    return Play(cluster(**{"reads": 1, "Features": frozenset(features), **given}))


def has_read() -> Play:
    """s1 committed w1 and told so, and a read has returned it."""
    play = with_feature("lease_read").elect("s1", "s2").write("s1", "w1").replicate("s1", "s2")
    return play.take("AdvanceCommitIndex").take("LeaseRead")


def answered_vote() -> Play:
    """In a cluster that loses nothing, s2 has answered s1."""
    play = with_feature(Faults=frozenset()).take("Timeout", i="s1").take("RequestVote", j="s2")
    return play.take("UpdateTerm").take("HandleRequestVoteRequest")


def pre_voted() -> Play:
    """s2 has given s1 a pre-vote."""
    play = with_feature("pre_vote", ElectionTicks=2).take("Tick", i="s1").take("Tick", i="s1")
    return play.take("StartPreVote", i="s1").take("RequestPreVote", j="s2").take("HandlePreVoteRequest")


def backed() -> Play:
    return pre_voted().take("HandlePreVoteResponse").take("Timeout", i="s1")


def silenced(play: Play, state: Any) -> None:
    state.messages.clear()


def disturbed(play: Play, state: Any) -> None:
    """s2 had heard from a leader a tick ago."""
    play.before.electionElapsed[S2] = state.electionElapsed[S2] = 1


def unbacked(play: Play, state: Any) -> None:
    play.before.preVotes[S1, S2] = 0


VOTE = {"lastLogIndex": 0, "lastLogTerm": 0}
INVARIANT_CASES: list[Case] = [
    ("TypeOK", elected, add("RequestVoteRequest", source=S1, dest=S1, term=1, **VOTE)),
    ("ElectionSafety", elected, put("elections", 1, S2, value=1)),
    ("LogMatching", two_writes_no_leader, put("log.write", S2, 1, value=2)),
    ("LogMatching", two_writes_no_leader, put("log.term", S2, 1, value=0)),
    ("StateMachineSafety", committed, put("commitIndex", S3, value=1)),
    ("StateMachineSafety", elected, put("commitIndex", S3, value=1)),
    ("LeaderCompleteness", committed, crowned(S3, 2)),
    ("CommittedOnQuorum", one_write, commits_one(1)),
    ("QuorumAckSound", replicated, put("acks", 1, S2, 1, value=0)),
    ("MatchIndexSound", replicated, without_log(S2)),
    ("TermBounds", elected, add("RequestVoteRequest", source=S3, dest=S1, term=3, **VOTE)),
    ("TermBounds", elected, put("elections", 3, S3, value=1)),
    ("TermBounds", one_write, put("log.term", S1, 1, value=2)),
    ("TermBounds", lambda: led("w1", "w2"), put("log.term", S1, 2, value=0)),
    ("OkIsChosen", one_write, put("client", 0, value=names.Ok)),
    ("DefiniteFailNeverCommits", committed, put("client", 0, value=names.Redirected)),
    ("DefiniteFailNeverCommits", committed, put("client", 0, value=names.Rejected)),
    ("LinearizableRead", has_read, put("reads.index", 0, value=0)),
    ("LinearizableRead", has_read, put("reads.index", 0, value=2)),
    ("LeaseImpliesPromise", under_lease, put("electionElapsed", S2, value=2)),
    ("LeaseExclusion", under_lease, crowned(S3, 2)),
    ("RedirectSound", hinted, put("leaderHint", S2, value=S2)),
    ("RedirectSound", hinted, put("leaderHint", S1, value=S1)),
    ("RedirectSound", hinted, put("leaderHint", S2, value=S3)),
    ("RedirectSound", hinted, both(crowned(S3, 2), put("leaderHint", S2, value=S3))),
    ("AuditFaithful", elected, put("audit.newRole", S1, value=names.Follower)),
    ("AuditFaithful", elected, put("audit.oldTerm", S1, value=2)),
    ("AuditFaithful", elected, put("audit.newTerm", S1, value=2)),
    ("AuditFaithful", elected, both(put("currentTerm", S1, value=2))),
    ("AuditFaithful", elected, put("audit.reason", S1, value=names.Restarted)),
    ("AuditFaithful", elected, put("audit.oldRole", S1, value=names.Follower)),
]


def identified(cases: list[Case]) -> list[str]:
    return [f"{name}-{number}" for number, (name, _, _) in enumerate(cases)]


@pytest.mark.parametrize(("name", "base", "edit"), INVARIANT_CASES, ids=identified(INVARIANT_CASES))
def test_an_invariant_falls_alone(name: str, base: Callable[[], Play], edit: Edit) -> None:
    play = base()
    assert violated(play.bound, play.state) == set()
    edit(play, play.state)
    assert violated(play.bound, play.state) == {name}


@pytest.mark.parametrize(("name", "history"), [("QuorumAckSound", "acks"), ("AuditFaithful", "audit")])
def test_what_needs_a_history_is_false_without_it(name: str, history: str) -> None:
    """Rather than true of nothing."""
    kept = frozenset({"acks", "audit"} - {history})
    play = Play(cluster(History=kept))
    assert violated(play.bound, play.state) == {name}


# Steps: the last step of the play, with an edit of the state after it.


def answered_stale_append() -> Play:
    play = led().take("AppendEntries", j="s2", n=0).take("Timeout", i="s2")
    return play.take("HandleAppendEntriesRequest")


def answered_stale_vote() -> Play:
    play = Play(cluster()).take("Timeout", i="s2").take("RequestVote", i="s2", j="s1")
    return play.take("Timeout", i="s1").take("Timeout", i="s1").take("HandleRequestVoteRequest")


def answered_stale_snapshot() -> Play:
    play = compacted().take("InstallSnapshot").take("Timeout", i="s3").take("Timeout", i="s3")
    return play.take("HandleInstallSnapshotRequest")


def dropped_stale_answer() -> Play:
    play = led("w1").take("AppendEntries", j="s2", n=1).take("HandleAppendEntriesRequest")
    play.take("Timeout", i="s3").take("Timeout", i="s3").take("RequestVote", i="s3", j="s1")
    return play.take("UpdateTerm", dest="s1").take("DropStaleResponse")


def all_committed_no_leader() -> Play:
    play = one_write().replicate("s1", "s2")
    play.take("AppendEntries", j="s3", n=1).take("UpdateTerm").take("HandleAppendEntriesRequest")
    play.take("HandleAppendEntriesResponse").take("AdvanceCommitIndex").replicate("s1", "s2", n=0)
    return play.take("Restart", i="s1")


def stays(make: Callable[[], Play]) -> Callable[[], Play]:
    """A step that changes nothing yet, from where the play ends."""

    def base() -> Play:
        play = make()
        play.before, play.state = play.state, play.state.copy()
        return play

    return base


def answers(kind: str, **fields: int) -> Edit:
    """The answer to s1 is this one instead."""

    def edit(play: Play, state: Any) -> None:
        state.messages.clear()
        add(kind, **fields)(play, state)

    return edit


APPEND = {"source": S2, "dest": S1, "age": 0, "index": 0}
PROPERTY_CASES: list[Case] = [
    ("TermMonotonic", stays(elected), put("currentTerm", S2, value=0)),
    ("VoteStable", stays(elected), put("votedFor", S2, value=S3)),
    ("VoteStable", stays(elected), put("votedFor", S2, value=names.Nil)),
    ("NoAckToStale", answered_stale_append, answers("AppendEntriesResponse", term=2, success=1, **APPEND)),
    ("NoAckToStale", answered_stale_append, answers("AppendEntriesResponse", term=1, success=0, **APPEND)),
    (
        "NoAckToStale",
        answered_stale_vote,
        answers("RequestVoteResponse", source=S1, dest=S2, term=2, granted=1),
    ),
    (
        "NoAckToStale",
        answered_stale_snapshot,
        answers("InstallSnapshotResponse", source=S3, dest=S1, term=2, index=1, age=0),
    ),
    ("StaleFrame", answered_stale_append, put("leaderHint", S2, value=S1)),
    ("StaleFrame", answered_stale_append, put("log.length", S2, value=1)),
    ("StaleFrame", answered_stale_snapshot, put("snapshotIndex", S3, value=1)),
    ("NoStaleResponseUsed", dropped_stale_answer, put("votesGranted", S1, S2, value=1)),
    ("NoStaleResponseUsed", dropped_stale_answer, put("matchIndex", S1, S2, value=1)),
    ("NoStaleResponseUsed", dropped_stale_answer, put("nextIndex", S1, S2, value=2)),
    ("RequestsAnswered", answered_vote, silenced),
    ("PreVoteFrame", pre_voted, put("votedFor", S2, value=S1)),
    ("PreVoteFrame", pre_voted, put("electionElapsed", S2, value=0)),
    ("PreVoteUndisturbing", pre_voted, disturbed),
    ("CampaignBacked", backed, unbacked),
    ("LeaderAppendOnly", stays(one_write), without_log(S1)),
    ("LeaderAppendOnly", stays(one_write), put("log.write", S1, 1, value=2)),
    (
        "CommittedPrefixStable",
        stays(all_committed_no_leader),
        both(without_log(S2), put("commitIndex", S2, value=0)),
    ),
    ("CommitOnlyCurrentTerm", stays(old_entry), both(put("commitIndex", S2, value=1), commits_one(2))),
    ("LegalTransition", stays(elected), crowned(S3, 2)),
    ("ClientOutcome", stays(one_write), put("client", 1, value=names.Unknown)),
    ("ClientOutcome", stays(one_write), put("client", 1, value=names.Pending)),
    ("ClientOutcome", stays(one_write), put("client", 0, value=names.Redirected)),
    ("ClientOutcome", stays(one_write), put("client", 0, value=names.Idle)),
    ("ClientOutcome", stays(committed), put("client", 0, value=names.Unknown)),
]


@pytest.mark.parametrize(("name", "base", "edit"), PROPERTY_CASES, ids=identified(PROPERTY_CASES))
def test_an_action_property_falls_alone(name: str, base: Callable[[], Play], edit: Edit) -> None:
    play = base()
    assert violated(play.bound, play.before, play.state) == set()
    edit(play, play.state)
    assert violated(play.bound, play.before, play.state) == {name}


@pytest.mark.parametrize(
    "edit",
    [
        put("currentTerm", S2, value=3),
        put("role", S2, value=names.Follower),
        put("votedFor", S2, value=S3),
        put("leaderHint", S2, value=S1),
        put("electionElapsed", S2, value=1),
        put("commitIndex", S2, value=1),
        put("snapshotIndex", S2, value=1),
        put("log.length", S2, value=1),
        put("log.term", S2, 1, value=1),
        put("log.write", S2, 1, value=0),
    ],
    ids=["term", "role", "vote", "hint", "promise", "commit", "snapshot", "length", "entry term", "entry"],
)
def test_a_stale_request_may_change_nothing_at_its_receiver(edit: Edit) -> None:
    play = Play(cluster(ElectionTicks=2)).take("Tick", i="s1").take("Tick", i="s1").elect("s1", "s2")
    play.take("AppendEntries", j="s2", n=0).take("Timeout", i="s2").take("HandleAppendEntriesRequest")
    assert play.bound.holds("StaleFrame", play.before, play.state)
    edit(play, play.state)
    assert not play.bound.holds("StaleFrame", play.before, play.state)


def test_a_stale_answer_may_renew_no_lease() -> None:
    play = leased().take("AppendEntries", j="s2", n=0).take("HandleAppendEntriesRequest")
    play.take("Timeout", i="s3").take("RequestVote", i="s3", j="s1").take("Timeout", i="s3")
    play.take("RequestVote", i="s3", j="s1").take("UpdateTerm", dest="s1", term=2).take("DropStaleResponse")
    assert play.bound.holds("NoStaleResponseUsed", play.before, play.state)
    play.state.ackAge[S1, S2] = 0
    assert not play.bound.holds("NoStaleResponseUsed", play.before, play.state)


def test_a_message_that_only_grew_older_was_not_consumed() -> None:
    """A tick while a stale request is in flight answers nothing, and breaks nothing."""
    play = leased().take("AppendEntries", j="s2", n=0).take("Timeout", i="s3").take("Timeout", i="s3")
    play.take("RequestVote", i="s3", j="s2").take("UpdateTerm", dest="s2").take("Tick", i="s2")
    assert violated(play.bound, play.before, play.state) == set()


@pytest.mark.parametrize(
    ("old", "new", "grows", "legal"),
    [
        (old, new, grows, (old, new, grows) in legal)
        for legal in [
            {
                ("Follower", "Candidate", True),
                ("Candidate", "Leader", False),
                ("Candidate", "Follower", False),
                ("Candidate", "Follower", True),
                ("Leader", "Follower", True),
                ("Leader", "Follower", False),
            }
        ]
        for old in names.ROLES
        for new in names.ROLES
        for grows in (True, False)
        if old != new
    ],
)
def test_the_role_transition_table(old: str, new: str, grows: bool, legal: bool) -> None:
    play = stays(lambda: Play(cluster(History=frozenset())))()
    play.before.role[S1], play.state.role[S1] = names.ROLES.index(old), names.ROLES.index(new)
    play.state.currentTerm[S1] = int(grows)
    assert play.bound.holds("LegalTransition", play.before, play.state) == legal


def test_leases_make_a_write_illegal_without_contact() -> None:
    """The same step is legal without leases."""
    for policy, legal in (("None", True), ("SendTime", False)):
        play = Play(cluster(**{**LEASES, "LeasePolicy": policy})).take("Tick", i="s1").take("Tick", i="s1")
        play.elect("s1", "s2")
        play.before, play.state = play.state, play.state.copy()
        play.state.log.length[S1], play.state.log.term[S1, 1], play.state.log.write[S1, 1] = 1, 1, 0
        play.state.client[0] = names.Pending
        assert play.bound.holds("ClientOutcome", play.before, play.state) == legal


def test_every_property_has_a_case() -> None:
    covered = {name for name, _, _ in (*INVARIANT_CASES, *PROPERTY_CASES)}
    assert covered == {*RAFT.invariants, *RAFT.properties}
