"""Elections: the spec's actions Timeout to BecomeLeader, and the pre-vote before them."""

from __future__ import annotations

from trace_check.node.messages import Entry, RequestVoteRequest, RequestVoteResponse
from trace_check.node.replication import append_entries_to_all, append_to_log
from trace_check.node.state import CANDIDATE, LEADER, Node
from trace_check.node.steps import Record, watch_lease


def Timeout(n: Node) -> None:
    """The election timer ran out: n campaigns, or asks first whether it could win."""
    n.reset_election_timer()
    if n.config.prevote:
        n.prevotesGranted = {n.config.name}
        n.leaderHint = ""
        _request_votes(n, n.currentTerm + 1, prevote=True)
        _campaign_if_welcome(n)
    else:
        Campaign(n)


def Campaign(n: Node) -> None:
    """n is a candidate of the next term, and has voted for itself."""
    Record(n, CANDIDATE, n.currentTerm + 1, "election_timeout")
    n.currentTerm += 1
    n.role, n.votedFor, n.leaderHint = CANDIDATE, n.config.name, ""
    n.votesGranted, n.prevotesGranted = {n.config.name}, set()
    n.store_hard_state()
    _request_votes(n, n.currentTerm, prevote=False)
    BecomeLeader(n)


def _request_votes(n: Node, term: int, prevote: bool) -> None:
    for peer in n.config.peers:
        n.send(
            RequestVoteRequest(
                source=n.config.name,
                dest=peer,
                term=term,
                mid=n.mid(),
                lastLogIndex=n.log.LastIndex,
                lastLogTerm=n.log.LastTerm,
                prevote=prevote,
            )
        )


def HandleRequestVoteRequest(n: Node, m: RequestVoteRequest) -> None:
    if m.prevote:
        _handle_prevote_request(n, m)
        return
    granted = (
        not n.guards.StaleRequestVoteRequest(n, m)
        and n.guards.VoteAvailable(n, m)
        and n.guards.CandidateLogUpToDate(n, m)
        and not n.guards.WithholdsVote(n)
    )
    if granted and n.votedFor != m.source:
        n.votedFor = m.source
        n.store_hard_state()
    if granted:
        n.reset_election_timer()
    _respond(n, m, n.currentTerm, granted)


def _handle_prevote_request(n: Node, m: RequestVoteRequest) -> None:
    """Says whether a vote would be given; changes nothing. Source: Ongaro's thesis, section 9.6."""
    granted = (
        m.term > n.currentTerm
        and n.role != LEADER
        and n.guards.CandidateLogUpToDate(n, m)
        and not n.guards.WithholdsVote(n)
    )
    _respond(n, m, m.term if granted else n.currentTerm, granted)


def _respond(n: Node, m: RequestVoteRequest, term: int, granted: bool) -> None:
    n.send(
        RequestVoteResponse(
            source=n.config.name,
            dest=m.source,
            term=term,
            mid=n.mid(),
            granted=granted,
            prevote=m.prevote,
            re=m.mid,
        )
    )


def HandleRequestVoteResponse(n: Node, m: RequestVoteResponse) -> None:
    if m.prevote:
        if m.granted and m.term == n.currentTerm + 1 and n.prevotesGranted:
            n.prevotesGranted.add(m.source)
            _campaign_if_welcome(n)
        return
    if not n.guards.CurrentRequestVoteResponse(n, m):
        return
    if n.role == CANDIDATE and m.granted:
        n.votesGranted.add(m.source)
        BecomeLeader(n)


def _campaign_if_welcome(n: Node) -> None:
    if n.guards.IsQuorum(n, len(n.prevotesGranted)):
        Campaign(n)


def BecomeLeader(n: Node) -> None:
    """A candidate with the votes of a quorum leads; its first entry begins the term."""
    if n.role != CANDIDATE or not n.guards.IsQuorum(n, len(n.votesGranted)):
        return
    Record(n, LEADER, n.currentTerm, "won_election")
    n.role = LEADER
    n.leaderHint = n.config.name
    n.votesGranted = set()
    n.nextIndex = dict.fromkeys(n.config.peers, n.log.LastIndex + 1)
    n.matchIndex = dict.fromkeys(n.config.peers, 0)
    uncommitted = range(n.commitIndex + 1, n.log.LastIndex + 1)
    n.appended = {n.log[k].request: k for k in uncommitted if n.log[k].request}
    n.ackSentAt = dict.fromkeys(n.config.peers, n.guards.ContactAtElection(n))
    n.electedAt = n.now
    watch_lease(n)
    append_to_log(n, (Entry(n.currentTerm),))
    append_entries_to_all(n)
