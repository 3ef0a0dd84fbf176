"""Buggy twins: the running node with guards replaced, under the names that the model's holes have.

Each opens one hole, and says by which rule the validator rejects the logs of a cluster in which it is open,
and what makes the cluster show it soon (docs/NODE.md).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from pymodel.errors import UsageError
from trace_check.node.guards import Guards
from trace_check.node.messages import AppendEntriesRequest, InstallSnapshotRequest, RequestVoteRequest
from trace_check.node.scenario import Scenario, rough

_REQUESTS = (RequestVoteRequest, AppendEntriesRequest, InstallSnapshotRequest)


def _yes(*_: Any) -> Any:
    return True


def _no(*_: Any) -> Any:
    return False


def _nobody(*_: Any) -> Any:
    return ""


@dataclass(frozen=True)
class Bug:
    """A hole: the guards that are replaced, the rule that names it, and settings that bring it out.

    `rule`: of trace_check; a deviation where it is one of conformance. `config` changes settings of the
    nodes, `scenario` those of the simulated cluster.
    """

    guards: dict[str, Any]
    rule: str
    config: dict[str, Any] = field(default_factory=dict)
    scenario: dict[str, Any] = field(default_factory=dict)


_SMALL_GAP = {"faults": {"clock_offset_ms": 0.0}}
"""Wall clocks agree, so that what happens at two nodes within milliseconds can be compared."""

_SLOW_ANSWERS = {"faults": {"clock_offset_ms": 0.0, "delay_ms": 45.0}, "think_ms": 5.0}
"""Answers take about a third of a lease."""

BUGS: dict[str, Bug] = {
    "append_request_unfenced": Bug({"StaleAppendEntriesRequest": _no}, "NoAckToStale"),
    "vote_request_unfenced": Bug({"StaleRequestVoteRequest": _no}, "NoAckToStale"),
    "snapshot_request_unfenced": Bug({"StaleInstallSnapshotRequest": _no}, "NoAckToStale"),
    "vote_response_unfenced": Bug({"CurrentRequestVoteResponse": _yes}, "ElectionSafety"),
    "append_response_unfenced": Bug({"CurrentAppendEntriesResponse": _yes}, "LeaderCompleteness"),
    "higher_term_in_answers_ignored": Bug(
        {"HigherTerm": lambda _, n, m: isinstance(m, _REQUESTS) and m.term > n.currentTerm},
        "StepDownInTime",
    ),
    "write_unfenced": Bug({"AcceptsWrites": _yes, "HasQuorumContact": _yes}, "DeposedWrite"),
    "minority_quorum": Bug(
        {"IsQuorum": lambda _, n, count: 2 * count >= len(n.config.nodes) - 1}, "ElectionSafety"
    ),
    "vote_twice": Bug({"VoteAvailable": _yes}, "VoteStable"),
    "log_not_compared": Bug({"CandidateLogUpToDate": _yes}, "LeaderCompleteness"),
    "vote_not_withheld": Bug({"WithholdsVote": _no}, "WriteExclusion", scenario=_SMALL_GAP),
    "vote_cleared": Bug({"VoteAfterStepDown": _nobody}, "VoteStable"),
    "term_not_persisted": Bug(
        {"TermAfterRestart": lambda *_: 0, "VoteAfterRestart": _nobody}, "TermMonotonic"
    ),
    "vote_not_persisted": Bug({"VoteAfterRestart": _nobody}, "VoteStable"),
    "promise_forgotten": Bug(
        {"HeardAfterRestart": lambda *_: float("-inf")}, "WriteExclusion", scenario=_SMALL_GAP
    ),
    "truncate_without_conflict": Bug({"EntryConflicts": _yes}, "CommittedStays"),
    "commit_not_clamped": Bug({"FollowerCommit": lambda _, m: m.commitIndex}, "CommitWithinLog"),
    "commit_old_term": Bug({"CommittableTerm": _yes}, "CommitOnlyCurrentTerm"),
    "snapshot_replaces": Bug({"RetainsSuffix": _no}, "LeaderCompleteness"),
    "lease_at_receipt": Bug(
        {"RenewedSince": lambda _, n, sentAt: n.now}, "WriteExclusion", scenario=_SLOW_ANSWERS
    ),
    "lease_by_winning": Bug(
        {"ContactAtElection": lambda _, n: n.now}, "LeaseOverrun", scenario=_SLOW_ANSWERS
    ),
    "lease_by_rejection": Bug(
        {
            "RejectionRenews": _yes,
            "HigherTerm": lambda _, n, m: isinstance(m, _REQUESTS) and m.term > n.currentTerm,
        },
        "WriteExclusion",
        scenario=_SMALL_GAP,
    ),
    "lease_not_asked": Bug({"HasQuorumContact": _yes}, "LeaseOverrun", config={"lease_ms": 50.0}),
    "read_before_own_commit": Bug({"OwnTermCommitted": _yes}, "StaleRead", scenario=_SMALL_GAP),
    "ok_at_append": Bug({"AnsweredAtAppend": _yes}, "OkIsChosen"),
    "redirect_at_step_down": Bug({"StatusAtStepDown": lambda _: "REDIRECT"}, "DefiniteFailNeverCommits"),
    "redirect_to_self": Bug({"RedirectHint": lambda _, n: n.config.name}, "RedirectSound"),
    "transition_not_recorded": Bug(
        {"RecordsTransition": lambda _, n, reason: reason != "higher_term"}, "AuditFaithful"
    ),
    "transition_without_reason": Bug({"TransitionReason": _nobody}, "AuditFaithful"),
}


def bug_of(name: str) -> Bug:
    """The hole `name`; "" is none. Raises: UsageError for an unknown name."""
    if name and name not in BUGS:
        raise UsageError(f"bug {name!r} is unknown", mend=f"one of {', '.join(BUGS)}")
    return BUGS[name] if name else Bug({}, "")


def guards_with(name: str) -> Guards:
    """The guards with the hole `name` open, "" for none. Raises: UsageError for an unknown name."""
    bug = bug_of(name)
    twin: type[Guards] = type(f"Guards_{name}", (Guards,), dict(bug.guards))
    return twin()


def rough_with(name: str, **changes: Any) -> Scenario:
    """The rough scenario of a hole, with what brings it out."""
    bug = bug_of(name)
    base = rough()
    scenario = dict(bug.scenario)
    faults = replace(base.faults, **scenario.pop("faults", {}))
    return rough(bug=name, config={**base.config, **bug.config}, faults=faults, **{**scenario, **changes})
