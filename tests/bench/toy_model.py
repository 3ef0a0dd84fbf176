"""A small model for the yardstick: elections and leases of one Raft cluster with a clock, without a log.

The same transition system, number for number, is searched by hand-written C (twin/lease.c). A message
is sent only while fewer than Capacity are in flight, and a reply takes the place of its request, so that
no constraint is needed and every successor counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pymodel.engine.contract import (
    Action,
    Axis,
    Bound,
    Constant,
    Function,
    MessageField,
    MessageKind,
    Model,
    Parameter,
    Part,
    Range,
    Schema,
    Variable,
)
from pymodel.engine.instance import Instance
from pymodel.values import Value

SERVERS, MAX_TERM, ELECTION_TICKS, LEASE_TICKS, CAPACITY = 3, 2, 2, 1, 3
"""The sizes of the yardstick. The C twin has the same ones; the tests shrink them here and there."""

Server = Term = range(0)
MaxTerm = ElectionTicks = LeaseTicks = Capacity = 0
VoteRequest: Any = None
VoteReply: Any = None
Beat: Any = None
BeatReply: Any = None

Follower, Candidate, Leader = range(3)
Nil = -1


def Init(t: Any) -> None:
    for i in Server:
        for j in Server:
            t.ackAge[i, j] = LeaseTicks


def Timeout(s: Any, t: Any, i: int) -> bool:
    if s.role[i] == Leader or s.elapsed[i] < ElectionTicks or s.term[i] == MaxTerm:
        return False
    t.term[i] = s.term[i] + 1
    t.role[i] = Candidate
    t.vote[i] = i
    for j in Server:
        t.granted[i, j] = 1 if j == i else 0
    return True


def AskVote(s: Any, t: Any, i: int, j: int) -> bool:
    if s.role[i] != Candidate or s.granted[i, j] == 1 or len(s.messages) >= Capacity:
        return False
    t.messages.add(VoteRequest(source=i, dest=j, term=s.term[i]))
    return True


def AnswerVote(s: Any, t: Any, m: Any) -> bool:
    i = m.dest
    if m.term > s.term[i]:
        return False
    grants = m.term == s.term[i] and s.vote[i] in (Nil, m.source) and s.elapsed[i] >= ElectionTicks
    if grants:
        t.vote[i] = m.source
    t.messages.discard(m)
    t.messages.add(VoteReply(source=i, dest=m.source, term=s.term[i], good=1 if grants else 0))
    return True


def CountVote(s: Any, t: Any, m: Any) -> bool:
    i = m.dest
    if m.term > s.term[i]:
        return False
    if m.term == s.term[i] and s.role[i] == Candidate and m.good == 1:
        t.granted[i, m.source] = 1
    t.messages.discard(m)
    return True


def BecomeLeader(s: Any, t: Any, i: int) -> bool:
    if s.role[i] != Candidate:
        return False
    votes = 0
    for j in Server:
        votes += s.granted[i, j]
    if 2 * votes <= len(Server):
        return False
    t.role[i] = Leader
    for j in Server:
        t.granted[i, j] = 0
        t.ackAge[i, j] = LeaseTicks
    return True


def SendBeat(s: Any, t: Any, i: int, j: int) -> bool:
    if s.role[i] != Leader or i == j or len(s.messages) >= Capacity:
        return False
    t.messages.add(Beat(source=i, dest=j, term=s.term[i], age=0))
    return True


def StepDown(t: Any, i: int) -> None:
    t.role[i] = Follower
    for j in Server:
        t.granted[i, j] = 0
        t.ackAge[i, j] = LeaseTicks


def AnswerBeat(s: Any, t: Any, m: Any) -> bool:
    i = m.dest
    if m.term > s.term[i]:
        return False
    age = LeaseTicks
    if m.term == s.term[i]:
        StepDown(t, i)
        t.elapsed[i] = 0
        age = m.age
    t.messages.discard(m)
    t.messages.add(BeatReply(source=i, dest=m.source, term=s.term[i], age=age))
    return True


def CountBeat(s: Any, t: Any, m: Any) -> bool:
    i = m.dest
    if m.term > s.term[i]:
        return False
    if m.term == s.term[i] and s.role[i] == Leader:
        t.ackAge[i, m.source] = min(s.ackAge[i, m.source], m.age)
    t.messages.discard(m)
    return True


def UpdateTerm(s: Any, t: Any, m: Any) -> bool:
    i = m.dest
    if m.term <= s.term[i]:
        return False
    StepDown(t, i)
    t.term[i] = m.term
    t.vote[i] = Nil
    return True


def Tick(s: Any, t: Any) -> bool:
    for i in Server:
        t.elapsed[i] = min(s.elapsed[i] + 1, ElectionTicks)
        for j in Server:
            t.ackAge[i, j] = min(s.ackAge[i, j] + 1, LeaseTicks)
    t.messages.clear()
    for m in s.messages:
        if m.type in (Beat, BeatReply):
            t.messages.add(m._replace(age=min(m.age + 1, LeaseTicks)))
        else:
            t.messages.add(m)
    return True


def Lose(s: Any, t: Any, m: Any) -> bool:
    t.messages.discard(m)
    return True


def HoldsLease(s: Any, i: int) -> bool:
    contacts = 1
    for j in Server:
        if j != i and s.ackAge[i, j] < LeaseTicks:
            contacts += 1
    return s.role[i] == Leader and 2 * contacts > len(Server)


def OneLeaderPerTerm(s: Any) -> bool:
    for i in Server:
        for j in Server:
            if i < j and s.role[i] == Leader and s.role[j] == Leader and s.term[i] == s.term[j]:
                return False
    return True


def LeaseExcludes(s: Any) -> bool:
    for i in Server:
        if HoldsLease(s, i):
            for j in Server:
                if s.role[j] == Leader and s.term[j] > s.term[i]:
                    return False
    return True


def _schema(servers: int, max_term: int, election: int, lease: int, capacity: int) -> Schema:
    member, flag, age = Range(0, servers - 1, "Server"), Range(0, 1), Range(0, lease)
    term = Range(0, max_term)
    one = (Axis(0, servers - 1, "Server"),)
    head = (MessageField("source", member), MessageField("dest", member), MessageField("term", term))
    good, aged = MessageField("good", flag), MessageField("age", age)
    kinds = (
        MessageKind("VoteRequest", head),
        MessageKind("VoteReply", (*head, good)),
        MessageKind("Beat", (*head, aged)),
        MessageKind("BeatReply", (*head, aged)),
    )
    variables = (
        Variable("term", (Part("", one, term),)),
        Variable("role", (Part("", one, Range(0, 2)),)),
        Variable("vote", (Part("", one, Range(-1, servers - 1, "Server"), -1),)),
        Variable("granted", (Part("", one * 2, flag),)),
        Variable("elapsed", (Part("", one, Range(0, election)),)),
        Variable("ackAge", (Part("", one * 2, age),)),
        Variable("messages", ()),
    )
    return Schema(variables, kinds, capacity)


def _action(function: Callable[..., bool], *params: Parameter) -> Action:
    return Action(function, params)


SERVER, PEER = Parameter("i", "Server"), Parameter("j", "Server")
ACTIONS = (
    _action(Timeout, SERVER),
    _action(AskVote, SERVER, PEER),
    _action(AnswerVote, Parameter("m", kinds=("VoteRequest",))),
    _action(CountVote, Parameter("m", kinds=("VoteReply",))),
    _action(BecomeLeader, SERVER),
    _action(SendBeat, SERVER, PEER),
    _action(AnswerBeat, Parameter("m", kinds=("Beat",))),
    _action(CountBeat, Parameter("m", kinds=("BeatReply",))),
    _action(UpdateTerm, Parameter("m", kinds=())),
    _action(Tick),
    _action(Lose, Parameter("m", kinds=())),
)
INVARIANTS = (OneLeaderPerTerm, LeaseExcludes)


def lease_model(
    *,
    servers: int = SERVERS,
    max_term: int = MAX_TERM,
    election: int = ELECTION_TICKS,
    lease: int = LEASE_TICKS,
    capacity: int = CAPACITY,
) -> Instance:
    """The model of these sizes, bound: what Search and the interpreter take."""
    names = {
        "Server": range(servers),
        "MaxTerm": max_term,
        "ElectionTicks": election,
        "LeaseTicks": lease,
        "Capacity": capacity,
        "Nil": Nil,
        "Follower": Follower,
        "Candidate": Candidate,
        "Leader": Leader,
    }
    labels = {"Server": tuple(f"s{k + 1}" for k in range(servers))}
    bound = Bound(names, labels, _schema(servers, max_term, election, lease, capacity))
    functions: dict[str, Function | Constant] = {"StepDown": StepDown, "HoldsLease": HoldsLease}
    functions |= {action.name: action.function for action in ACTIONS}
    functions |= {function.__name__: function for function in INVARIANTS}

    def bind(constants: Mapping[str, Value], ordered: Callable[[str], tuple[Value, ...]]) -> Bound:
        return bound

    model = Model(
        name="Lease",
        module="Lease",
        bind=bind,
        init=Init,
        actions=ACTIONS,
        functions=functions,
        invariants={function.__name__: function for function in INVARIANTS},
        properties={},
        constraints={},
        symmetries={"ServerSymmetry": "Server"},
        present=lambda s, bound: {},
        present_message=lambda m, bound: 0,
        binders={"i": "Server", "j": "Server"},
    )
    return Instance(model, bound, {})
