"""The Tier-1 rules: one class a rule, in the order in which a rejected trace names its root."""

from __future__ import annotations

from trace_check.rules.base import Fact, Finding, Ground, Kind, Outcome, Rule, RuleResult, Tally
from trace_check.rules.clients import DeposedWrite, RedirectSound
from trace_check.rules.commits import CommitMonotonic, CommitWithinLog, OkIsChosen, StateMachineSafety
from trace_check.rules.completeness import CommittedStays, LeaderCompleteness
from trace_check.rules.elections import ElectionSafety, TermMonotonic, VoteStable
from trace_check.rules.exclusion import StaleRead, WriteExclusion
from trace_check.rules.fencing import NoAckToStale, StaleFrame, StaleRejected
from trace_check.rules.leaders import CommitOnlyCurrentTerm, LeaderAppendOnly
from trace_check.rules.leases import LeaseOverrun, StepDownInTime
from trace_check.rules.outcomes import DefiniteFail, FreshRead
from trace_check.rules.roles import AuditFaithful, LegalTransition

RULES: tuple[type[Rule], ...] = (
    ElectionSafety,
    StateMachineSafety,
    LeaderCompleteness,
    OkIsChosen,
    WriteExclusion,
    StaleRead,
    FreshRead,
    DefiniteFail,
    LeaseOverrun,
    VoteStable,
    TermMonotonic,
    NoAckToStale,
    StaleFrame,
    CommitOnlyCurrentTerm,
    LeaderAppendOnly,
    CommitMonotonic,
    CommittedStays,
    CommitWithinLog,
    RedirectSound,
    LegalTransition,
    StaleRejected,
    DeposedWrite,
    StepDownInTime,
    AuditFaithful,
)

FENCING: tuple[str, ...] = (NoAckToStale.name, StaleFrame.name, StaleRejected.name)

__all__ = [
    "FENCING",
    "RULES",
    "Fact",
    "Finding",
    "Ground",
    "Kind",
    "Outcome",
    "Rule",
    "RuleResult",
    "Tally",
]
