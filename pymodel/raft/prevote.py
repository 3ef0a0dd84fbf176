"""The spec's pre-votes: a server asks whether it would win before it campaigns. Feature "pre_vote"."""

from __future__ import annotations

from pymodel.raft.guards import (
    AnswerTerm,
    CandidateLogUpToDate,
    CurrentPreVoteResponse,
    ElectionTimeoutElapsed,
    HigherTerm,
    LastIndex,
    LastTerm,
    MayCampaign,
    StalePreVoteRequest,
    TermAfterPreVote,
    WithholdsPreVote,
)
from pymodel.raft.names import Features, Message, PreVoteRequest, PreVoteResponse, State


def StartPreVote(s: State, t: State, i: int) -> bool:
    if "pre_vote" not in Features:
        return False
    if not MayCampaign(s, i) or not ElectionTimeoutElapsed(s, i) or s.preVotes[i, i] == 1:
        return False
    t.preVotes[i, i] = 1
    return True


def RequestPreVote(s: State, t: State, i: int, j: int) -> bool:
    if "pre_vote" not in Features:
        return False
    if s.preVotes[i, i] == 0 or s.preVotes[i, j] == 1:
        return False
    t.messages.add(
        PreVoteRequest(
            source=i, dest=j, term=s.currentTerm[i], lastLogIndex=LastIndex(s, i), lastLogTerm=LastTerm(s, i)
        )
    )
    return True


def HandlePreVoteRequest(s: State, t: State, m: Message) -> bool:
    if "pre_vote" not in Features:
        return False
    i = m.dest
    if HigherTerm(s, i, m):
        return False
    granted = (
        not StalePreVoteRequest(s, i, m) and CandidateLogUpToDate(s, i, m) and not WithholdsPreVote(s, i)
    )
    t.currentTerm[i] = TermAfterPreVote(s, i, m)
    t.messages.discard(m)
    t.messages.add(
        PreVoteResponse(source=i, dest=m.source, term=AnswerTerm(s, i, m), granted=1 if granted else 0)
    )
    return True


def HandlePreVoteResponse(s: State, t: State, m: Message) -> bool:
    if "pre_vote" not in Features:
        return False
    i = m.dest
    if HigherTerm(s, i, m) or not CurrentPreVoteResponse(s, i, m):
        return False
    if s.preVotes[i, i] == 1 and m.granted == 1:
        t.preVotes[i, m.source] = 1
    t.messages.discard(m)
    return True
