"""For each hole that chance opens too seldom: the story in which it does harm, played on a stage.

A story works on any node. With the guard in place what the hole needs is refused, and the logs are accepted.
The stories are those of docs/HOLES.md, with the times of a running cluster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from trace_check.node.messages import (
    AppendEntriesRequest,
    AppendEntriesResponse,
    Message,
    RequestVoteResponse,
)
from trace_check.node.scenario import rough
from trace_check.node.stage import Stage

Story = Callable[[Stage], None]

PROMISE_MS = 165.0
"""After so much true time no promise holds any more, whatever the clocks."""

HEARTBEAT_MS = 45.0


def begin(s: Stage) -> None:
    """n1 leads term 1, and all have its first entry as committed."""
    s.wait(PROMISE_MS)
    s.elect("n1")
    s.until(lambda: all(s.committed(name) == 1 for name in s.servers))


def answer_to(name: str, source: str = "") -> Callable[[Message], bool]:
    """Whether a message answers an append of `name`."""
    return lambda m: isinstance(m, AppendEntriesResponse) and m.dest == name and source in ("", m.source)


def both_ways(one: str, other: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return (one, other), (other, one)


def lead_without(s: Stage, old: str, new: str) -> None:
    """`old` is cut off, and `new` leads once no promise holds any more."""
    s.cut_off(old)
    s.wait(PROMISE_MS)
    s.elect(new)


def late_write(s: Stage) -> None:
    """A client writes at n1, just after another server was elected."""
    s.wait(1.0)
    s.put("n1", "k", "late")
    s.wait(HEARTBEAT_MS)


def lead_with_a_write(s: Stage) -> None:
    """n2 holds a write of n1, which does not know that it does, and leads term 2 with n3."""
    begin(s)
    s.close(*both_ways("n1", "n3"))
    s.hold(answer_to("n1"))
    s.put("n1", "k", "a")
    s.until(lambda: s.has("n2", 2))
    s.drop()
    lead_without(s, "n1", "n2")


def old_vote(s: Stage) -> None:
    """Votes of term 1 arrive at a candidate of term 2, whom n2 has beaten."""
    s.wait(PROMISE_MS)
    s.hold(lambda m: m.dest == "n1")
    s.campaign("n1")
    s.until(lambda: len(s.held) == 2)
    s.close(("n1", "n2"), ("n1", "n3"))
    s.campaign("n1")
    s.elect("n2")
    s.release(lambda m: isinstance(m, RequestVoteResponse) and m.term == 1)
    s.wait(HEARTBEAT_MS)


def old_acknowledgement(s: Stage) -> None:
    """n2 acknowledged entries of term 1 that it lost to a leader of term 2; n1 hears of it in term 3."""
    begin(s)
    s.close(("n1", "n3"), ("n1", "n4"), ("n1", "n5"))
    s.hold(answer_to("n1", "n2"))
    for value in ("a", "b", "c"):
        s.put("n1", "k", value)
    s.until(lambda: s.has("n2", 4) and len(s.held) >= 2)
    s.cut_off("n1", "n2")
    s.wait(PROMISE_MS)
    s.elect("n3")
    s.close()
    s.until(lambda: all(s.committed(name) == 2 for name in s.servers))
    lead_without(s, "n3", "n1")
    s.close(("n1", "n2"), ("n1", "n5"), *both_ways("n1", "n3"), ("n3", "n4"))
    s.until(lambda: s.has("n4", 3), ms=HEARTBEAT_MS)
    s.wait(1.0)
    s.release()
    s.cut_off("n1", "n4")
    s.wait(PROMISE_MS)
    s.elect("n5")


def voter_of_two(s: Stage) -> None:
    """n3 hears nothing of n1 and asks n2, which does: both lead, and n1 takes a write."""
    begin(s)
    s.close(*both_ways("n1", "n3"))
    s.wait(PROMISE_MS)
    s.elect("n3")
    late_write(s)


def voter_restarts(s: Stage) -> None:
    """As before, but n2 would refuse: it starts anew between its promise and the question."""
    begin(s)
    s.close(*both_ways("n1", "n3"))
    s.wait(PROMISE_MS)
    s.restart("n2")
    s.elect("n3")
    late_write(s)


def slow_answer(s: Stage) -> None:
    """The answer to n1's last heartbeat is on its way for most of a lease."""
    begin(s)
    s.close(*both_ways("n1", "n3"))
    s.hold(answer_to("n1", "n2"))
    s.until(lambda: bool(s.held))
    s.close(*both_ways("n1", "n3"), ("n1", "n2"))
    s.wait(90.0)
    s.release()
    s.wait(75.0)
    s.elect("n3")
    late_write(s)


def vote_without_promise(s: Stage) -> None:
    """n1 wins term 1 and reaches nobody; its voter elects n3 in term 2."""
    s.wait(PROMISE_MS)
    s.close(("n3", "n1"), ("n3", "n2"), ("n1", "n3"))
    s.campaign("n3")
    s.wait(95.0)
    s.elect("n1")
    s.close(*both_ways("n1", "n3"), ("n1", "n2"))
    s.campaign("n3")
    s.until(lambda: s.leads("n3"), ms=5.0)
    late_write(s)


def rejected_by_the_next_term(s: Stage) -> None:
    """By clocks as far apart as allowed n3 is elected before n1 steps down; n2 turns n1's requests down."""
    for name, share in (("n1", -1.0), ("n2", 1.0), ("n3", 1.0)):
        s.clock_goes(name, share)
    begin(s)
    s.close(*both_ways("n1", "n3"))
    heard = s.node("n1").ackSentAt["n2"]
    s.until(lambda: s.node("n1").ackSentAt["n2"] > heard)
    s.hold(lambda m: (m.source, m.dest) == ("n1", "n2"))
    s.wait(144.0)
    s.elect("n3")
    s.release()
    s.wait(2.0)
    late_write(s)


def old_entry(s: Stage) -> None:
    """n2 holds a write of term 1, leads term 2 and passes it on before an entry of its own."""
    lead_with_a_write(s)
    s.until(lambda: s.committed("n2") >= 3, ms=HEARTBEAT_MS)


def commit_past_the_match(s: Stage) -> None:
    """A log with other entries behind what was compared hears of a commit index behind them."""
    begin(s)
    s.put("n1", "k", "a")
    s.until(lambda: all(s.committed(name) == 2 for name in s.servers))
    s.cut_off("n1")
    for value in ("b", "c", "d"):
        s.put("n1", "k", value)
    s.wait(PROMISE_MS)
    s.elect("n2")
    s.until(lambda: s.committed("n2") >= 3)
    s.put("n2", "k", "e")
    s.until(lambda: s.committed("n3") >= 4)
    s.close(*both_ways("n2", "n3"), *both_ways("n1", "n2"), *both_ways("n1", "n3"))
    s.wait(PROMISE_MS)
    s.cut_off("n1")
    s.elect("n3")
    s.until(lambda: s.committed("n3") >= 5)
    s.hold(answer_to("n3", "n1"))
    s.close(*both_ways("n1", "n2"))
    s.until(lambda: len(s.held) >= 2)
    s.release()
    s.hold(lambda m: isinstance(m, AppendEntriesRequest) and m.dest == "n1" and m.prevLogIndex == 2)
    s.until(lambda: s.committed("n1") >= 5, ms=HEARTBEAT_MS)
    s.drop()
    s.wait(HEARTBEAT_MS)


def late_snapshot(s: Stage) -> None:
    """A snapshot arrives at a log that reaches further, and the leader counts what the log had."""
    begin(s)
    s.hold(answer_to("n1"))
    s.put("n1", "k", "a")
    s.until(lambda: s.has("n2", 2) and s.has("n3", 2) and len(s.held) >= 2)
    s.release(answer_to("n1", "n3"))
    s.put("n1", "k", "b")
    s.until(lambda: s.has("n3", 3))
    s.put("n1", "k", "c")
    s.close(("n1", "n3"))
    s.until(lambda: s.has("n2", 4), ms=HEARTBEAT_MS)
    s.wait(2.0)
    s.release(answer_to("n1", "n3"))
    s.until(lambda: s.node("n2").log.snapshotIndex == 3, ms=2 * HEARTBEAT_MS)
    s.release(answer_to("n1", "n2"))
    s.drop()
    lead_without(s, "n1", "n3")


def read_of_a_new_leader(s: Stage) -> None:
    """n2 holds a committed write and does not know that it is committed; it has a lease and is asked."""
    begin(s)
    s.close(*both_ways("n1", "n3"))
    s.put("n1", "k", "a")
    s.until(lambda: s.committed("n1") == 2)
    s.cut_off("n1")
    s.wait(PROMISE_MS)
    s.hold(lambda m: answer_to("n2")(m) and getattr(m, "index", 0) >= 3)
    s.elect("n2")
    s.until(lambda: s.node("n2").leaseHeld, ms=2 * HEARTBEAT_MS)
    s.get("n2", "k")
    s.drop()
    s.wait(HEARTBEAT_MS)


def committed_by_the_next(s: Stage) -> None:
    """n1 steps down with a write that n2 has; n2 leads and commits it."""
    lead_with_a_write(s)
    s.until(lambda: s.committed("n2") >= 3)
    s.close()
    s.wait(2 * HEARTBEAT_MS)


def written_at_a_follower(s: Stage) -> None:
    """n2 takes a write into its own log, the leader another one at the same place; n2 leads later."""
    begin(s)
    s.put("n2", "k", "a")
    s.put("n1", "k", "b")
    s.until(lambda: all(s.committed(name) == 2 for name in s.servers))
    lead_without(s, "n1", "n2")
    s.until(lambda: s.committed("n2") >= 3)
    s.get("n2", "k")
    s.wait(HEARTBEAT_MS)


@dataclass(frozen=True)
class Played:
    """A story, and the cluster in which it is played."""

    play: Story
    nodes: int = 3
    config: dict[str, Any] = field(default_factory=dict)


_ONE_BY_ONE = {"entries_max": 1}

STORIES: dict[str, Played] = {
    "vote_response_unfenced": Played(old_vote),
    "append_response_unfenced": Played(old_acknowledgement, nodes=5),
    "write_unfenced": Played(written_at_a_follower),
    "vote_not_withheld": Played(voter_of_two),
    "promise_forgotten": Played(voter_restarts),
    "lease_at_receipt": Played(slow_answer),
    "lease_by_winning": Played(vote_without_promise),
    "lease_by_rejection": Played(rejected_by_the_next_term),
    "commit_old_term": Played(old_entry, config=_ONE_BY_ONE),
    "commit_not_clamped": Played(commit_past_the_match, config=_ONE_BY_ONE),
    "snapshot_replaces": Played(late_snapshot, config={"snapshot_after": 3}),
    "read_before_own_commit": Played(read_of_a_new_leader, config=_ONE_BY_ONE),
    "redirect_at_step_down": Played(committed_by_the_next),
}
"""By the hole."""


def told(hole: str) -> str:
    """The story of `hole` in words."""
    return " ".join((STORIES[hole].play.__doc__ or "").split())


def play(hole: str, bug: str, seed: int, write: Callable[[str, dict[str, Any]], None]) -> Stage:
    """The story of `hole` on nodes with `bug` open, "" for none; `write(node, line)` takes each log line."""
    played = STORIES[hole]
    base = rough()
    scenario = rough(bug=bug, nodes=played.nodes, config={**base.config, **played.config})
    stage = Stage(scenario, seed, write)
    played.play(stage)
    stage.wait(HEARTBEAT_MS)
    return stage
