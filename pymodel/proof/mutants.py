"""What each guard of the proofs is for: the conditions that fail without it, or why none does.

A guard is named ACTION.GUARD. Where the spec has an operator of that name, a cfg can swap it, and the model
checker shows a reachable state that breaks, if there is one; `SPEC_SWAPS` says how.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """A guard dropped. `fails` names the conditions that are refuted without it, just these: by Z3, or by a
    counterexample of three servers or one. Where it is empty everything is still proved, and `reason` says
    why. With both, nothing of it has a counterexample of three servers."""

    fails: tuple[str, ...] = ()
    reason: str = ""

    @property
    def text(self) -> str:
        if not self.fails:
            return f"not needed: {self.reason}"
        return f"fails: {', '.join(self.fails)}" + (f" ({self.reason})" if self.reason else "")


def _fails(names: str) -> Mutant:
    return Mutant(tuple(name.strip() for name in names.split(",")))


# Guards that nothing rests on.
CURRENT = Mutant(reason="an answer of the current term is not of a higher one")
CANDIDATE = Mutant(reason="votes that were cast for this term are counted whoever looks at them")
RETAINED = Mutant(reason="a log agrees with a snapshot of what it knows as committed and retains the rest")
SINGLE = Mutant(
    (
        *("snapshot_committed", "commit_sent", "commit_quorum", "TermCommitStable"),
        *("leader_commit", "commit_known"),
    ),
    "only where one server is a quorum",
)
OVERSTATED = Mutant(reason="safety does not ask that a follower's commit index grow")
UNASKED = Mutant(reason="a vote or a request for one is dangerous only if a quorum gives it")

LOG_MUTANTS: dict[str, Mutant] = {
    "Timeout.role": _fails(
        "leader_log, own_held, one_role, leader_elected, leader_last, leader_commit, match_last, match_ack"
    ),
    "Timeout.next term": _fails(
        "TermMonotone, FenceVote, voted_once, voted_seen, campaign_seen, vote_kept, candidate_seen, "
        "request_entry, request_last, request_seen, elected_seen, candidate_unelected, log_seen, "
        "held_seen, commit_seen, late_fenced, choosable_kept, choosable_candidate, choosable_leader"
    ),
    "RequestVote.role": _fails("request_entry, request_last"),
    "RequestVote.last entry": _fails("request_last, request_entry"),
    "HandleRequestVoteRequest.sent": _fails("choosable_candidate, campaign_seen"),
    "HandleRequestVoteRequest.HigherTerm": _fails("FenceVote, vote_kept, voted_seen"),
    "HandleRequestVoteRequest.StaleRequestVoteRequest": _fails("FenceVote, voted_once, vote_kept"),
    "HandleRequestVoteRequest.VoteAvailable": _fails("voted_once"),
    "HandleRequestVoteRequest.CandidateLogUpToDate": _fails("choosable_candidate"),
    "HandleRequestVoteResponse.sent": _fails("granted_voted"),
    "HandleRequestVoteResponse.HigherTerm": CURRENT,
    "HandleRequestVoteResponse.CurrentRequestVoteResponse": _fails("granted_voted"),
    "HandleRequestVoteResponse.role": CANDIDATE,
    "BecomeLeader.role": _fails("unwon, choosable_leader, commit_sent"),
    "BecomeLeader.IsQuorum": _fails("leader_quorum, unwon, choosable_leader, commit_sent"),
    "AppendEntries.role": _fails("append_entry, append_adjacent, commit_sent"),
    "AppendEntries.previous entry": _fails("append_entry"),
    "AppendEntries.adjacent": _fails("append_adjacent"),
    "AppendEntries/heartbeat.role": _fails("heartbeat_log, commit_sent"),
    "AppendEntries/heartbeat.previous entry": _fails("heartbeat_log"),
    "HandleAppendEntriesRequest.sent": _fails(
        "log_matching, ack_last, commit in log, logs agree, log_seen, log_last, commit_known, "
        "commit_last, choosable_kept, CommitStable"
    ),
    "HandleAppendEntriesRequest.HigherTerm": _fails("FenceAck, log_seen, held_seen, commit_seen"),
    "HandleAppendEntriesRequest.StaleAppendEntriesRequest": _fails(
        "FenceAck, late_fenced, commit in log, choosable_kept, choosable_candidate, choosable_leader"
    ),
    "HandleAppendEntriesRequest.LogMatches": _fails("logs agree"),
    "HandleAppendEntriesRequest.EntryConflicts": _fails(
        "commit_known, choosable_kept, commit_last, CommitStable"
    ),
    "HandleAppendEntriesRequest.VoteAfterStepDown": _fails("vote_kept"),
    "HandleAppendEntriesRequest.commit told": _fails("commit_known, commit_seen"),
    "HandleAppendEntriesRequest.FollowerCommit": _fails("commit_known, commit_last"),
    "HandleAppendEntriesRequest.commit grows": OVERSTATED,
    "HandleAppendEntriesRequest/heartbeat.sent": _fails("commit in log, logs agree"),
    "HandleAppendEntriesRequest/heartbeat.HigherTerm": _fails("FenceAck, commit_seen"),
    "HandleAppendEntriesRequest/heartbeat.StaleAppendEntriesRequest": _fails(
        "FenceAck, commit in log, late_fenced, choosable_kept, choosable_candidate, choosable_leader"
    ),
    "HandleAppendEntriesRequest/heartbeat.LogMatches": _fails("logs agree"),
    "HandleAppendEntriesRequest/heartbeat.VoteAfterStepDown": _fails("vote_kept"),
    "HandleAppendEntriesRequest/heartbeat.commit told": _fails("commit_known, commit_seen"),
    "HandleAppendEntriesRequest/heartbeat.FollowerCommit": _fails("commit_known, commit_last"),
    "HandleAppendEntriesRequest/heartbeat.commit grows": OVERSTATED,
    "HandleAppendEntriesRequest/mismatch.VoteAfterStepDown": _fails("vote_kept"),
    "HandleAppendEntriesResponse.sent": _fails("match_ack, match_last"),
    "HandleAppendEntriesResponse.HigherTerm": CURRENT,
    "HandleAppendEntriesResponse.CurrentAppendEntriesResponse": _fails("match_ack, match_last"),
    "HandleAppendEntriesResponse.role": _fails("match_idle"),
    "AdvanceCommitIndex.role": SINGLE,
    "AdvanceCommitIndex.IsQuorum": _fails("commit_quorum, StaleCommitIsOld"),
    "AdvanceCommitIndex.CommittableTerm": _fails("commit_quorum, StaleCommitIsOld, commit_entry"),
    "AdvanceCommitIndex.commit grows": _fails(
        "TermCommitStable, snapshot_committed, commit_sent, commit_known"
    ),
    "InstallSnapshot.role": _fails("snapshot_entry, snapshot_committed"),
    "InstallSnapshot.committed": _fails("snapshot_committed"),
    "HandleInstallSnapshotRequest.sent": _fails(
        "committed logs agree, ack_last, choosable_kept, commit_known, commit_seen, log_matching"
    ),
    "HandleInstallSnapshotRequest.HigherTerm": _fails("FenceAck, commit_seen, held_seen, log_seen"),
    "HandleInstallSnapshotRequest.StaleInstallSnapshotRequest": _fails(
        "FenceAck, choosable_candidate, choosable_kept"
    ),
    "HandleInstallSnapshotRequest.commit grows": RETAINED,
    "HandleInstallSnapshotRequest.RetainsSuffix": _fails(
        "choosable_kept, commit_last, log_last, log_matching"
    ),
    "HandleInstallSnapshotRequest.VoteAfterStepDown": _fails("vote_kept"),
    "HandleInstallSnapshotRequest/known.sent": _fails("commit in log"),
    "HandleInstallSnapshotRequest/known.HigherTerm": _fails("FenceAck"),
    "HandleInstallSnapshotRequest/known.StaleInstallSnapshotRequest": _fails(
        "FenceAck, commit in log, choosable_kept, choosable_candidate"
    ),
    "HandleInstallSnapshotRequest/known.committed": _fails("choosable_kept"),
    "HandleInstallSnapshotRequest/known.VoteAfterStepDown": _fails("vote_kept"),
    "HandleInstallSnapshotResponse.sent": _fails("match_ack, match_last"),
    "HandleInstallSnapshotResponse.HigherTerm": CURRENT,
    "HandleInstallSnapshotResponse.CurrentInstallSnapshotResponse": _fails("match_ack, match_last"),
    "HandleInstallSnapshotResponse.role": _fails("match_idle"),
    "UpdateTerm.HigherTerm": _fails(
        "TermMonotone, voted_seen, campaign_seen, vote_kept, candidate_seen, request_seen, "
        "elected_seen, log_seen, held_seen, commit_seen, late_fenced, choosable_kept, "
        "choosable_candidate, choosable_leader"
    ),
    "AcceptWrite.AcceptsWrites": _fails(
        "leader_log, ack_held, ack_last, append_adjacent, candidate_log, candidate_matching, "
        "choosable_candidate, choosable_kept, choosable_leader, commit_known, commit_sent, "
        "late_fenced, late_onwards, leader_entries, leader_entry_unique, leader_last, "
        "leader_matching, log_matching, match_ack, match_last, own_entries_last, own_held, "
        "snapshot_committed"
    ),
    "AcceptWrite.append": _fails(
        "leader_entry_unique, CommitStable, ack_held, ack_last, append_adjacent, candidate_matching, "
        "choosable_candidate, choosable_kept, choosable_leader, commit_known, commit_last, "
        "commit_sent, late_fenced, late_onwards, leader_entries, leader_matching, log_last, "
        "log_matching, match_ack, match_last, own_entries_last, snapshot_committed"
    ),
    "LeaseExpire.VoteAfterStepDown": _fails("vote_kept"),
    "Restart.TermAfterRestart": _fails(
        "TermMonotone, voted_seen, campaign_seen, vote_kept, candidate_seen, request_seen, "
        "elected_seen, log_seen, held_seen, commit_seen, late_fenced, choosable_kept, "
        "choosable_candidate, choosable_leader"
    ),
    "Restart.VoteAfterRestart": _fails("vote_kept"),
    "Restart.commit falls": _fails("commit_known, commit_seen, commit_last"),
    "Axiom.IsQuorum": _fails("unwon, choosable_leader, commit_sent, LateWriteNeverCommittedByItsLeader"),
}
LEASE_MUTANTS: dict[str, Mutant] = {
    "Timeout.role": _fails("one_role, leader_elected, lease_round"),
    "Timeout.ElectionTimeoutElapsed": _fails("vote_after_promise"),
    "Timeout.next term": _fails(
        "voted_once, voted_seen, vote_kept, elected_seen, candidate_unelected, ack_seen"
    ),
    "RequestVote.role": UNASKED,
    "HandleRequestVoteRequest.sent": UNASKED,
    "HandleRequestVoteRequest.HigherTerm": _fails("voted_seen, vote_kept"),
    "HandleRequestVoteRequest.StaleRequestVoteRequest": _fails("voted_once, vote_kept"),
    "HandleRequestVoteRequest.VoteAvailable": _fails("voted_once"),
    "HandleRequestVoteRequest.WithholdsVote": _fails("vote_after_promise"),
    "HandleRequestVoteResponse.sent": _fails("granted_voted"),
    "HandleRequestVoteResponse.HigherTerm": CURRENT,
    "HandleRequestVoteResponse.CurrentRequestVoteResponse": _fails("granted_voted"),
    "HandleRequestVoteResponse.role": CANDIDATE,
    "BecomeLeader.role": _fails("unwon"),
    "BecomeLeader.IsQuorum": _fails("unwon, leader_quorum"),
    "BecomeLeader.AckAgeAtElection": _fails("lease_round"),
    "AppendEntries.role": _fails("round_clock, round_sent"),
    "AppendEntries.new": _fails(
        "round_clock, one_round_term, ack_seen, ack_after_send, lease_round, vote_after_promise"
    ),
    "HandleAppendEntriesRequest.sent": _fails(
        "ack_sent, ack_seen, ack_after_send, vote_after_promise, FenceRound"
    ),
    "HandleAppendEntriesRequest.HigherTerm": _fails("ack_seen, FenceRound"),
    "HandleAppendEntriesRequest.StaleAppendEntriesRequest": _fails("vote_after_promise, FenceRound"),
    "HandleAppendEntriesRequest.VoteAfterStepDown": _fails("vote_kept"),
    "HandleAppendEntriesRequest/mismatch.VoteAfterStepDown": _fails("vote_kept"),
    "HandleAppendEntriesResponse.sent": _fails("lease_round"),
    "HandleAppendEntriesResponse.HigherTerm": CURRENT,
    "HandleAppendEntriesResponse.CurrentAppendEntriesResponse": _fails("lease_round"),
    "HandleAppendEntriesResponse.role": _fails("contact_leader"),
    "HandleAppendEntriesResponse.RenewedAge": _fails("lease_round"),
    "HandleInstallSnapshotRequest.sent": _fails(
        "ack_sent, ack_seen, ack_after_send, vote_after_promise, FenceRound"
    ),
    "HandleInstallSnapshotRequest.HigherTerm": _fails("ack_seen, FenceRound"),
    "HandleInstallSnapshotRequest.StaleInstallSnapshotRequest": _fails("vote_after_promise, FenceRound"),
    "HandleInstallSnapshotRequest.VoteAfterStepDown": _fails("vote_kept"),
    "HandleInstallSnapshotResponse.sent": _fails("lease_round"),
    "HandleInstallSnapshotResponse.HigherTerm": CURRENT,
    "HandleInstallSnapshotResponse.CurrentInstallSnapshotResponse": _fails("lease_round"),
    "HandleInstallSnapshotResponse.role": _fails("contact_leader"),
    "HandleInstallSnapshotResponse.RenewedAge": _fails("lease_round"),
    "UpdateTerm.HigherTerm": _fails("voted_seen, vote_kept, elected_seen, ack_seen"),
    "Tick.forward": _fails("heard_past, round_past, vote_after_promise"),
    "Tick.clock rates": _fails("heard_clock, round_clock"),
    "Tick.ClockSkew": _fails("offset_bounded"),
    "LeaseExpire.VoteAfterStepDown": _fails("vote_kept"),
    "Restart.TermAfterRestart": _fails("voted_seen, vote_kept, elected_seen, ack_seen"),
    "Restart.VoteAfterRestart": _fails("vote_kept"),
    "Restart.ElapsedAfterRestart": _fails("heard_shown"),
    "Axiom.IsQuorum": _fails("LeaseFencesElections, unwon"),
    "Axiom.LeaseTicks": _fails("LeaseFencesElections"),
}
MUTANTS: Mapping[str, Mapping[str, Mutant]] = {"log": LOG_MUTANTS, "lease": LEASE_MUTANTS}


def reason(system: str, dropped: str) -> str:
    """What is on record for a guard of a proof; empty if nothing is dropped."""
    return MUTANTS[system][dropped].text if dropped else ""
