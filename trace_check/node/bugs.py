"""Buggy twins: the running node with guards replaced, under the names that the model's holes have.

Each opens one hole, and says by which rule the validator rejects the logs of a cluster in which it is open.
Some show soon in any cluster whose days are bad, or with the settings here; the others have a story of their
own (stories.py, docs/TWINS.md).
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


_SLOW_ELECTIONS = {"nodes": 5, "faults": {"delay_ms": 70.0, "slow": 0.3}}
"""Votes take about half of an election timeout, some much longer: many terms, and messages of old ones."""

_ANSWERS_IGNORED = {"HigherTerm": lambda _, n, m: isinstance(m, _REQUESTS) and m.term > n.currentTerm}

BUGS: dict[str, Bug] = {
    "append_request_unfenced": Bug({"StaleAppendEntriesRequest": _no}, "NoAckToStale"),
    "vote_request_unfenced": Bug({"StaleRequestVoteRequest": _no}, "NoAckToStale", scenario=_SLOW_ELECTIONS),
    "snapshot_request_unfenced": Bug(
        {"StaleInstallSnapshotRequest": _no}, "NoAckToStale", config={"snapshot_after": 3}
    ),
    "vote_response_unfenced": Bug({"CurrentRequestVoteResponse": _yes}, "ElectionSafety"),
    "append_response_unfenced": Bug({"CurrentAppendEntriesResponse": _yes}, "LeaderCompleteness"),
    "write_unfenced": Bug({"AcceptsWrites": _yes, "HasQuorumContact": _yes}, "OkIsChosen"),
    "minority_quorum": Bug(
        {"IsQuorum": lambda _, n, count: 2 * count >= len(n.config.nodes) - 1}, "ElectionSafety"
    ),
    "vote_twice": Bug({"VoteAvailable": _yes}, "VoteStable", scenario=_SLOW_ELECTIONS),
    "log_not_compared": Bug({"CandidateLogUpToDate": _yes}, "LeaderCompleteness"),
    "vote_not_withheld": Bug({"WithholdsVote": _no}, "WriteExclusion"),
    "vote_cleared": Bug({"VoteAfterStepDown": _nobody}, "VoteStable"),
    "term_not_persisted": Bug(
        {"TermAfterRestart": lambda *_: 0, "VoteAfterRestart": _nobody}, "TermMonotonic"
    ),
    "vote_not_persisted": Bug({"VoteAfterRestart": _nobody}, "VoteStable"),
    "promise_forgotten": Bug({"HeardAfterRestart": lambda *_: float("-inf")}, "WriteExclusion"),
    "truncate_without_conflict": Bug({"EntryConflicts": _yes}, "CommittedStays"),
    "commit_not_clamped": Bug({"FollowerCommit": lambda _, m: m.commitIndex}, "StateMachineSafety"),
    "commit_old_term": Bug({"CommittableTerm": _yes}, "CommitOnlyCurrentTerm"),
    "snapshot_replaces": Bug({"RetainsSuffix": _no}, "LeaderCompleteness"),
    "lease_at_receipt": Bug({"RenewedSince": lambda _, n, sentAt: n.now}, "WriteExclusion"),
    "lease_by_winning": Bug({"ContactAtElection": lambda _, n: n.now}, "WriteExclusion"),
    "lease_by_rejection": Bug({"RejectionRenews": _yes, **_ANSWERS_IGNORED}, "WriteExclusion"),
    "lease_not_asked": Bug({"HasQuorumContact": _yes}, "LeaseOverrun", config={"lease_ms": 50.0}),
    "read_before_own_commit": Bug({"OwnTermCommitted": _yes}, "FreshRead"),
    "ok_at_append": Bug({"AnsweredAtAppend": _yes}, "OkIsChosen"),
    "redirect_at_step_down": Bug({"StatusAtStepDown": lambda _: "REDIRECT"}, "DefiniteFail"),
    "redirect_to_self": Bug({"RedirectHint": lambda _, n: n.config.name}, "RedirectSound"),
    "transition_not_recorded": Bug(
        {"RecordsTransition": lambda _, n, reason: reason != "higher_term"}, "AuditFaithful"
    ),
    "transition_without_reason": Bug({"TransitionReason": lambda *_: None}, "AuditFaithful"),
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
    """The rough scenario of a hole, open unless `changes` say otherwise, with what brings it out."""
    bug = bug_of(name)
    base = rough()
    scenario = dict(bug.scenario)
    faults = replace(base.faults, **scenario.pop("faults", {}))
    settings = {"bug": name, "config": {**base.config, **bug.config}, "faults": faults, **scenario}
    return rough(**{**settings, **changes})
