"""The named guards of the spec, as the running node asks them: each is one reason why it is safe.

A buggy twin replaces one (bugs.py). Why each is there is said in spec/RaftFencing.tla, at the operator of the
same name. `n` is the node before the step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trace_check.node.messages import (
    AppendEntriesRequest,
    Entry,
    Message,
    Request,
    RequestVoteRequest,
    Response,
    Snapshot,
)

if TYPE_CHECKING:
    from trace_check.node.state import Node


class Guards:
    """The guards of the correct node."""

    # Fencing

    def HigherTerm(self, n: Node, m: Message) -> bool:
        return m.term > n.currentTerm

    def StaleRequestVoteRequest(self, n: Node, m: Request) -> bool:
        return m.term < n.currentTerm

    def StaleAppendEntriesRequest(self, n: Node, m: Request) -> bool:
        return m.term < n.currentTerm

    def StaleInstallSnapshotRequest(self, n: Node, m: Request) -> bool:
        return m.term < n.currentTerm

    def CurrentRequestVoteResponse(self, n: Node, m: Response) -> bool:
        return m.term == n.currentTerm

    def CurrentAppendEntriesResponse(self, n: Node, m: Response) -> bool:
        return m.term == n.currentTerm

    def CurrentInstallSnapshotResponse(self, n: Node, m: Response) -> bool:
        return m.term == n.currentTerm

    def AcceptsWrites(self, n: Node) -> bool:
        return n.role == "leader"

    def IsQuorum(self, n: Node, count: int) -> bool:
        return 2 * count > len(n.config.nodes)

    # Elections

    def VoteAvailable(self, n: Node, m: RequestVoteRequest) -> bool:
        return n.votedFor in ("", m.source)

    def CandidateLogUpToDate(self, n: Node, m: RequestVoteRequest) -> bool:
        return (m.lastLogTerm, m.lastLogIndex) >= (n.log.LastTerm, n.log.LastIndex)

    def WithholdsVote(self, n: Node) -> bool:
        return n.now - n.heardAt < n.config.election_timeout_ms

    def VoteAfterStepDown(self, n: Node) -> str:
        return n.votedFor

    # Durability

    def TermAfterRestart(self, n: Node) -> int:
        return n.currentTerm

    def VoteAfterRestart(self, n: Node) -> str:
        return n.votedFor

    def HeardAfterRestart(self, n: Node) -> float:
        """The spec's ElapsedAfterRestart: it may have promised a leader something just before."""
        return n.now

    # Replication

    def LogMatches(self, n: Node, m: AppendEntriesRequest) -> bool:
        if m.prevLogIndex < n.log.snapshotIndex:
            return True
        return m.prevLogIndex <= n.log.LastIndex and m.prevLogTerm == n.log.TermAt(m.prevLogIndex)

    def EntryConflicts(self, n: Node, k: int, entry: Entry) -> bool:
        return n.log.TermAt(k) != entry.term

    def FollowerCommit(self, m: AppendEntriesRequest) -> int:
        return min(m.commitIndex, m.prevLogIndex + len(m.entries))

    def CommittableTerm(self, n: Node, k: int) -> bool:
        return n.log.TermAt(k) == n.currentTerm

    def RetainsSuffix(self, n: Node, snapshot: Snapshot) -> bool:
        return n.log.LastIndex >= snapshot.lastIndex and n.log.TermAt(snapshot.lastIndex) == snapshot.lastTerm

    # Leases

    def RenewedSince(self, n: Node, sentAt: float) -> float:
        """The spec's RenewedAge: since when an answer proves contact."""
        return sentAt

    def RejectionRenews(self) -> bool:
        """A rejection is no promise."""
        return False

    def ContactAtElection(self, n: Node) -> float:
        """The spec's AckAgeAtElection: winning an election is no contact."""
        return float("-inf")

    def LeaseValid(self, n: Node) -> bool:
        recent = sum(n.now - n.ackSentAt[j] < n.config.lease_ms for j in n.config.peers)
        return n.role == "leader" and self.IsQuorum(n, recent + 1)

    def HasQuorumContact(self, n: Node) -> bool:
        return self.LeaseValid(n)

    def OwnTermCommitted(self, n: Node) -> bool:
        """A leader knows all that was committed before only after it committed an entry of its own term."""
        return n.log.TermAt(n.commitIndex) == n.currentTerm

    # What a client hears

    def AnsweredAtAppend(self) -> bool:
        """Whether a write is answered OK before it commits."""
        return False

    def StatusAtStepDown(self) -> str:
        return "UNKNOWN"

    def RecordsTransition(self, n: Node, reason: str) -> bool:
        """Whether a role change leaves its record."""
        return True

    def TransitionReason(self, n: Node, reason: str) -> str:
        return reason

    # Where a client is sent

    def RedirectHint(self, n: Node) -> str:
        """Who leads, as far as known, and never the node itself."""
        return "" if n.leaderHint == n.config.name else n.leaderHint
