"""Buggy twins: the running node with one guard replaced, under the names that the model's holes have.

Each opens one hole. The validator has to reject the logs of a cluster in which it is open (docs/NODE.md).
"""

from __future__ import annotations

from typing import Any

from pymodel.errors import UsageError
from trace_check.node.guards import Guards

_YES: Any = lambda *_: True  # noqa: E731
_NO: Any = lambda *_: False  # noqa: E731
_NOBODY: Any = lambda *_: ""  # noqa: E731

BUGS: dict[str, dict[str, Any]] = {
    "append_request_unfenced": {"StaleAppendEntriesRequest": _NO},
    "vote_request_unfenced": {"StaleRequestVoteRequest": _NO},
    "snapshot_request_unfenced": {"StaleInstallSnapshotRequest": _NO},
    "vote_response_unfenced": {"CurrentRequestVoteResponse": _YES},
    "append_response_unfenced": {"CurrentAppendEntriesResponse": _YES},
    "higher_term_ignored": {"HigherTerm": _NO},
    "write_unfenced": {"AcceptsWrites": _YES},
    "minority_quorum": {"IsQuorum": lambda _, n, count: 2 * count >= len(n.config.nodes) - 1},
    "vote_twice": {"VoteAvailable": _YES},
    "log_not_compared": {"CandidateLogUpToDate": _YES},
    "vote_not_withheld": {"WithholdsVote": _NO},
    "vote_cleared": {"VoteAfterStepDown": _NOBODY},
    "term_not_persisted": {"TermAfterRestart": lambda *_: 0, "VoteAfterRestart": _NOBODY},
    "vote_not_persisted": {"VoteAfterRestart": _NOBODY},
    "promise_forgotten": {"HeardAfterRestart": lambda *_: float("-inf")},
    "truncate_without_conflict": {"EntryConflicts": _YES},
    "commit_not_clamped": {"FollowerCommit": lambda _, m: m.commitIndex},
    "commit_old_term": {"CommittableTerm": _YES},
    "snapshot_replaces": {"RetainsSuffix": _NO},
    "lease_at_receipt": {"RenewedSince": lambda _, n, sentAt: n.now},
    "lease_by_winning": {"ContactAtElection": lambda _, n: n.now},
    "lease_by_rejection": {"RejectionRenews": _YES},
    "lease_not_asked": {"HasQuorumContact": _YES},
    "read_before_own_commit": {"OwnTermCommitted": _YES},
    "ok_at_append": {"AnsweredAtAppend": _YES},
    "redirect_at_step_down": {"StatusAtStepDown": lambda _: "REDIRECT"},
    "redirect_to_self": {"RedirectHint": lambda _, n: n.config.name},
    "transition_not_recorded": {"RecordsTransition": _NO},
}
"""The guards that each bug replaces."""


def guards_with(bug: str) -> Guards:
    """The guards with the hole `bug` open, "" for none. Raises: UsageError for an unknown name."""
    if not bug:
        return Guards()
    if bug not in BUGS:
        raise UsageError(f"bug {bug!r} is unknown", mend=f"one of {', '.join(BUGS)}")
    twin: type[Guards] = type(f"Guards_{bug}", (Guards,), dict(BUGS[bug]))
    return twin()
