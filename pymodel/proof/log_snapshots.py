"""The actions of the log proof on snapshots.

A snapshot names the index up to which the leader's log is meant and does not carry that log; the link checks
that the model's content is just that. TakeSnapshot changes nothing of what the proof speaks of.
"""

from __future__ import annotations

from typing import Any

from z3 import And, If, Not, Or

from pymodel.proof.log_actions import HandleAppendEntriesResponse
from pymodel.proof.log_steps import (
    acknowledge,
    agreement,
    answers,
    commits_agree,
    follow,
    has_entry,
    keep_vote,
    take_commit,
    within,
)
from pymodel.proof.log_symbols import at_most, below
from pymodel.proof.logic import Formula
from pymodel.proof.system import Step, View


def InstallSnapshot(s: View, o: Any, t: Any, i: Any, e: Any, v: Any, k: Any, x: Any) -> Step:
    """The leader's log up to i, where i is committed."""
    return Step(
        reads=(s.currentTerm(o, t), s.commitIndex(o, x, k), s.log(o, i, e, v)),
        guards={"role": s.leader(o), "committed": at_most(i, k)},
        updates={
            "snapshot": lambda y, j, f, z: Or(s.snapshot(y, j, f, z), And(y == t, j == i, f == e, z == x))
        },
    )


def HandleInstallSnapshotRequest(
    s: View, n: Any, u: Any, t: Any, i: Any, e: Any, x: Any, k: Any, t1: Any, retain: Any, keep: Any
) -> Step:
    """A snapshot beyond what n knows as committed replaces its log."""

    def log(m: Formula, j: Formula, f: Formula, w: Formula) -> Formula:
        content = And(at_most(j, i), s.leaderLog(t, j, f, w))
        suffix = And(retain, below(i, j), s.log(n, j, f, w))
        return If(m == n, Or(content, suffix), s.log(m, j, f, w))

    return Step(
        reads=(s.currentTerm(n, u), s.commitIndex(n, t1, k)),
        guards={
            "sent": s.snapshot(t, i, e, x),
            **within(t, u, "StaleInstallSnapshotRequest"),
            "commit grows": below(k, i),
            "RetainsSuffix": retain == has_entry(s, n, i, e),
            "VoteAfterStepDown": keep,
        },
        updates=follow(s, n)
        | keep_vote(s, n, keep)
        | take_commit(s, n, x, i)
        | acknowledge(s, n, t, i)
        | {
            "log": log,
            "lastIndex": lambda m, j: If(And(m == n, Not(retain)), j == i, s.lastIndex(m, j)),
        },
        lemmas={"committed logs agree": agreement(s, n, t, k)},
    )


def HandleKnownSnapshot(
    s: View, n: Any, u: Any, t: Any, i: Any, e: Any, x: Any, k: Any, t1: Any, keep: Any
) -> Step:
    """A snapshot of what n knows as committed changes nothing in its log and is acknowledged."""
    return Step(
        reads=(s.currentTerm(n, u), s.commitIndex(n, t1, k)),
        guards={
            "sent": s.snapshot(t, i, e, x),
            **within(t, u, "StaleInstallSnapshotRequest"),
            "committed": at_most(i, k),
            "VoteAfterStepDown": keep,
        },
        updates=follow(s, n) | keep_vote(s, n, keep) | acknowledge(s, n, t, i),
        lemmas=commits_agree(s, n, t, t1, k),
    )


def HandleInstallSnapshotResponse(s: View, o: Any, u: Any, t: Any, n: Any, i: Any) -> Step:
    step = HandleAppendEntriesResponse(s, o, u, t, n, i)
    guards = {"sent": s.ack(t, n, i), **answers(t, u, "CurrentInstallSnapshotResponse"), "role": s.leader(o)}
    return Step(step.reads, guards, step.updates)
