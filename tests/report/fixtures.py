"""Results built by hand: a split brain of three servers, a long run of five, and a check without a violation.

They only have to look like Raft; no rule of Raft is computed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pymodel.engine.result import CheckResult, Counterexample, Coverage, Graph, OutDegree, Step, Verdict
from pymodel.values import Fn, State, Value


def message(kind: str, source: str, dest: str, **fields: Value) -> Fn:
    return Fn({"type": kind, "source": source, "dest": dest, **fields})


def initial_state(servers: tuple[str, ...]) -> dict[str, Value]:
    def each(value: Value) -> Fn:
        return Fn(dict.fromkeys(servers, value))

    return {
        "currentTerm": each(0),
        "role": each("Follower"),
        "votedFor": each("Nil"),
        "votesGranted": each(frozenset()),
        "leaderHint": each("Nil"),
        "log": each(()),
        "commitIndex": each(0),
        "ackAge": each(each(3)),
        "client": Fn({"w1": "Idle"}),
        "messages": frozenset(),
        "elections": frozenset(),
        "commits": (),
    }


class Story:
    """A behaviour under construction: each `step` changes some variables of the last state."""

    def __init__(self, servers: tuple[str, ...]) -> None:
        self.state: State = initial_state(servers)
        self.steps: list[Step] = [Step("Init", {}, self.state)]

    def step(
        self,
        action: str,
        params: Mapping[str, Value],
        *,
        at: str = "",
        local: Mapping[str, Value] | None = None,
        send: tuple[Fn, ...] = (),
        take: tuple[Fn, ...] = (),
        **whole: Value,
    ) -> None:
        """`local` sets variables of server `at`; `send` and `take` change the messages; `whole` the rest."""
        changed: dict[str, Value] = dict(self.state)
        for name, value in (local or {}).items():
            changed[name] = self.put(name, at, value)
        messages = changed["messages"]
        if not isinstance(messages, frozenset) or not messages.issuperset(take):
            raise ValueError(f"{action} takes a message that is not in flight")
        changed["messages"] = (messages - set(take)) | set(send)
        changed.update(whole)
        self.state = changed
        self.steps.append(Step(action, params, self.state))

    def put(self, name: str, key: str, value: Value) -> Fn:
        function = self.state[name]
        if not isinstance(function, Fn):
            raise TypeError(name)
        return Fn({**function, key: value})

    def campaign(self, server: str, term: int) -> None:
        votes = frozenset({server})
        local = {"currentTerm": term, "role": "Candidate", "votedFor": server, "votesGranted": votes}
        self.step("Timeout", {"i": server}, at=server, local=local)

    def ask(self, server: str, voter: str, term: int) -> Fn:
        request = message(
            "RequestVoteRequest", server, voter, term=term, lastLogIndex=0, lastLogTerm=0, age=0
        )
        self.step("RequestVote", {"i": server, "j": voter}, send=(request,))
        return request

    def grant(self, request: Fn, term: int) -> Fn:
        voter, server = str(request["dest"]), str(request["source"])
        response = message("RequestVoteResponse", voter, server, term=term, voteGranted=True, age=0)
        self.step(
            "HandleRequestVoteRequest",
            {"m": request},
            at=voter,
            local={"currentTerm": term, "votedFor": server},
            take=(request,),
            send=(response,),
        )
        return response

    def count(self, response: Fn, votes: frozenset[Value]) -> None:
        server = str(response["dest"])
        local: dict[str, Value] = {"votesGranted": votes}
        self.step("HandleRequestVoteResponse", {"m": response}, at=server, local=local, take=(response,))

    def lead(self, server: str, term: int) -> None:
        elections = self.state["elections"]
        if not isinstance(elections, frozenset):
            raise TypeError("elections")
        won = Fn({"term": term, "leader": server})
        local: dict[str, Value] = {"role": "Leader", "leaderHint": server}
        self.step("BecomeLeader", {"i": server}, at=server, local=local, elections=elections | {won})


def split_brain() -> Counterexample:
    """Twelve states: s2 votes for s1, forgets it in a restart, and votes for s3 in the same term."""
    story = Story(("s1", "s2", "s3"))
    story.campaign("s1", 1)
    vote = story.grant(story.ask("s1", "s2", 1), 1)
    story.count(vote, frozenset({"s1", "s2"}))
    story.lead("s1", 1)
    story.step("Restart", {"i": "s2"}, at="s2", local={"votedFor": "Nil"})
    story.campaign("s3", 1)
    vote = story.grant(story.ask("s3", "s2", 1), 1)
    story.count(vote, frozenset({"s2", "s3"}))
    story.lead("s3", 1)
    witness = (
        "e1 = [term |-> 1, leader |-> s1]",
        "e2 = [term |-> 1, leader |-> s3]",
    )
    return Counterexample("ElectionSafety", tuple(story.steps), witness)


def long_run() -> Counterexample:
    """Five servers, more than twenty states: votes, replication, ageing, loss, a late acknowledgement."""
    story = Story(("s1", "s2", "s3", "s4", "s5"))
    story.campaign("s1", 1)
    requests = [story.ask("s1", voter, 1) for voter in ("s2", "s3", "s5")]
    votes = [story.grant(request, 1) for request in requests[:2]]
    story.step("DropMessage", {"m": requests[2]}, take=(requests[2],))
    story.count(votes[0], frozenset({"s1", "s2"}))
    story.count(votes[1], frozenset({"s1", "s2", "s3"}))
    story.lead("s1", 1)
    entry = Fn({"term": 1, "write": "w1"})
    story.step(
        "AcceptWrite", {"i": "s1", "w": "w1"}, at="s1", local={"log": (entry,)}, client=Fn({"w1": "Pending"})
    )
    appends = [_append(story, "s1", peer, entry) for peer in ("s2", "s5")]
    aged = tuple(_aged(append) for append in appends)
    story.step("Tick", {"i": "s1"}, take=tuple(appends), send=aged)
    ack = message("AppendEntriesResponse", "s2", "s1", term=1, success=True, matchIndex=1, age=1)
    story.step(
        "HandleAppendEntriesRequest",
        {"m": aged[0]},
        at="s2",
        local={"log": (entry,), "leaderHint": "s1"},
        take=(aged[0],),
        send=(ack,),
    )
    story.campaign("s4", 2)
    requests = [story.ask("s4", voter, 2) for voter in ("s5", "s3")]
    votes = [story.grant(request, 2) for request in requests]
    story.count(votes[0], frozenset({"s4", "s5"}))
    story.count(votes[1], frozenset({"s3", "s4", "s5"}))
    story.lead("s4", 2)
    commit = Fn({"index": 1, "entry": entry, "commitTerm": 1})
    local: dict[str, Value] = {"commitIndex": 1}
    story.step(
        "HandleAppendEntriesResponse", {"m": ack}, at="s1", local=local, take=(ack,), commits=(commit,)
    )
    return Counterexample("LeaderCompleteness", tuple(story.steps), ("c = commits[1]", "l = s4"))


def _append(story: Story, source: str, dest: str, entry: Fn) -> Fn:
    request = message(
        "AppendEntriesRequest",
        source,
        dest,
        term=1,
        prevLogIndex=0,
        prevLogTerm=0,
        entries=(entry,),
        commitIndex=0,
        age=0,
    )
    story.step("AppendEntries", {"i": source, "j": dest}, send=(request,))
    return request


def _aged(request: Fn) -> Fn:
    return Fn({**request, "age": 1})


COVERAGE = (
    Coverage("Timeout", 18_211, 2_904),
    Coverage("RequestVote", 40_977, 11_350),
    Coverage("HandleRequestVoteRequest", 22_034, 9_871),
    Coverage("HandleRequestVoteResponse", 9_118, 3_020),
    Coverage("BecomeLeader", 1_204, 611),
    Coverage("LeaseExpire", 0, 0),
    Coverage("Restart", 30_118, 6_402),
)


def violated() -> CheckResult:
    """A violated invariant with a counterexample."""
    cex = split_brain()
    return CheckResult(
        tool="pymodel",
        cfg="mutant_vote_not_persisted",
        verdict=Verdict.INVARIANT,
        distinct=34_158,
        generated=121_662,
        depth=cex.length,
        violated=cex.violated,
        also_violated=("AuditFaithful",),
        counterexample=cex,
        coverage=COVERAGE,
        seconds={"total": 4.25, "compile": 3.0, "search": 1.25},
        workers=2,
        collision="exact",
    )


def passed() -> CheckResult:
    """A complete check without a violation."""
    return replace(
        violated(),
        cfg="small",
        verdict=Verdict.OK,
        depth=27,
        violated=None,
        also_violated=(),
        counterexample=None,
        tool="TLC 2.15",
        seconds={"total": 12.5},
        workers=1,
        collision="1.6E-10",
        warnings=("symmetry is off: the cfg has PROPERTIES",),
    )


def collected() -> CheckResult:
    """A search that went on after the first violation and came to an end: a second invariant broken at the
    same depth, and later a property of steps."""
    first = split_brain()
    second = replace(first, violated="AuditFaithful", witness=("i = s2",))
    last = replace(long_run(), violated="VoteStable", witness=("i = s4",))
    return replace(
        violated(),
        checked=("TypeOK", "ElectionSafety", "AuditFaithful", "VoteStable", "deadlock"),
        properties=("VoteStable",),
        complete=True,
        depth=31,
        distinct=2_345_678,
        continued=(second, last),
        out_degree=OutDegree(1, 8.42, 11, 14),
        memory_bytes=1_288_490_189,
    )


def small_graph() -> Graph:
    """Three states of two servers, two of them initial."""
    states: tuple[State, ...] = tuple(
        {"role": Fn({"s1": one, "s2": two}), "messages": frozenset()}
        for one, two in (("Follower", "Follower"), ("Candidate", "Follower"), ("Leader", "Follower"))
    )
    edges = frozenset({(0, "Timeout", 1), (1, "BecomeLeader", 2), (2, "LeaseExpire", 0), (1, "Timeout", 1)})
    return Graph(states, (0,), edges)


HOSTILE = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "</title></svg><script>alert(1)</script>",
    "<b>html-like</b>",
    "back\\nslash \\l {{ 7 * 7 }} &amp; ]]>",
)


def hostile_run(text: str) -> Counterexample:
    """`text` as a value, key, field, lane, message, action, parameter, property and witness."""
    request = message(text, text, "s2", term=1, **{text: text})
    init: State = {
        "role": Fn({text: "Follower", "s2": "Follower"}),
        "votedFor": Fn({text: "Nil", "s2": "Nil"}),
        "note": text,
        "messages": frozenset(),
    }
    sent: State = {**init, "messages": frozenset({request}), "role": Fn({text: text + "!", "s2": "Follower"})}
    end: State = {**sent, "note": "done"}
    steps = (Step("Init", {}, init), Step(text, {text: text}, sent), Step("End", {}, end))
    return Counterexample(text, steps, (text,))
