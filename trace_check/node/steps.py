"""What several actions share, under the names of the spec's section "Steps shared by actions"."""

from __future__ import annotations

from trace_check.node.effects import Answer
from trace_check.node.messages import AppendEntriesRequest, InstallSnapshotRequest
from trace_check.node.state import FOLLOWER, LEADER, NEVER, Node


def Record(n: Node, newRole: str, newTerm: int, reason: str) -> None:
    """The role transition log: role before and after, term before and after, and why."""
    if not n.guards.RecordsTransition(n, reason):
        return
    n.record(
        "role",
        old_role=n.role,
        new_role=newRole,
        old_term=n.currentTerm,
        new_term=newTerm,
        reason=n.guards.TransitionReason(n, reason),
    )


def BecomeFollower(n: Node, term: int, reason: str) -> list[str]:
    """n goes on as a follower in `term`. Result: the requests that nobody will answer here any more."""
    if n.role != FOLLOWER:
        Record(n, FOLLOWER, term, reason)
    if n.role == LEADER:
        n.reset_election_timer()
    n.role = FOLLOWER
    n.votesGranted, n.prevotesGranted = set(), set()
    n.nextIndex, n.matchIndex = {}, {}
    n.ackSentAt = dict.fromkeys(n.config.peers, NEVER)
    n.leaseHeld = False
    lost = [request for index in sorted(n.pending) for request in n.pending[index]]
    n.pending, n.appended = {}, {}
    return lost


def tell_unknown(n: Node, lost: list[str]) -> None:
    """Writes that were appended and not committed: a later leader may commit them, or not."""
    for request in lost:
        fail(n, request, n.guards.StatusAtStepDown())


def fail(n: Node, request: str, status: str, error: str = "", hint: str = "") -> None:
    """Tells `request` that it was not done, or that nobody knows, and writes it down."""
    n.answer(Answer(request, status, hint=hint, error=error))
    fields = {"hint": hint} if hint else {}
    n.record("client_fail", op=request, error=error or status, state=n.view(), **fields)


def UpdateTerm(n: Node, term: int) -> None:
    """A higher term deposes n: it has not voted in it and knows of no leader."""
    lost = BecomeFollower(n, term, "higher_term")
    n.currentTerm, n.votedFor, n.leaderHint = term, "", ""
    n.store_hard_state()
    tell_unknown(n, lost)


def FollowLeader(n: Node, m: AppendEntriesRequest | InstallSnapshotRequest) -> None:
    """n accepts m.source as the leader of its term, and promises it an election timeout without a vote."""
    if n.role != FOLLOWER:
        vote = n.guards.VoteAfterStepDown(n)
        lost = BecomeFollower(n, n.currentTerm, "current_leader")
        set_vote(n, vote)
        tell_unknown(n, lost)
    n.prevotesGranted = set()
    n.leaderHint = m.source
    n.heardAt = n.now
    n.reset_election_timer()


def set_vote(n: Node, vote: str) -> None:
    if vote != n.votedFor:
        n.votedFor = vote
        n.store_hard_state()


def CountAck(n: Node, peer: str, index: int, sentAt: float) -> None:
    """Leader n learns from an answer that `peer` holds its log up to `index`."""
    n.matchIndex[peer] = max(n.matchIndex[peer], index)
    n.nextIndex[peer] = n.matchIndex[peer] + 1
    since = min(n.guards.RenewedSince(n, sentAt), n.now)
    n.ackSentAt[peer] = max(n.ackSentAt[peer], since)
    watch_lease(n)


def watch_lease(n: Node) -> None:
    """Writes down when the lease begins and when it has run out."""
    held = n.guards.LeaseValid(n)
    if held != n.leaseHeld:
        n.leaseHeld = held
        n.record("lease_renew" if held else "lease_expire", state=n.view())
