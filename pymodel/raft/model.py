"""RAFT: the whole protocol as one model for the engine, and how a cfg's constants bind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType

from pymodel.engine.contract import Action, Bound, Constant, Function, Model, Parameter
from pymodel.errors import CfgError
from pymodel.raft import (
    actions,
    antiproperties,
    bounds,
    environment,
    guards,
    invariants,
    liveness,
    names,
    prevote,
    properties,
    reads,
    steps,
    transfer,
    witnesses,
)
from pymodel.raft.mutants import MUTANTS
from pymodel.raft.state import Sizes, make_schema
from pymodel.raft.view import present, present_message
from pymodel.values import Value

SERVER, PEER, WRITE = Parameter("i", "Server"), Parameter("j", "Server"), Parameter("w", "Write")
READ = Parameter("q", "Read")


def _message(*kinds: str) -> Parameter:
    return Parameter("m", kinds=kinds)


ACTIONS = (
    Action(prevote.StartPreVote, (SERVER,), "pre_vote"),
    Action(prevote.RequestPreVote, (SERVER, PEER), "pre_vote"),
    Action(prevote.HandlePreVoteRequest, (_message("PreVoteRequest"),), "pre_vote"),
    Action(prevote.HandlePreVoteResponse, (_message("PreVoteResponse"),), "pre_vote"),
    Action(actions.Timeout, (SERVER,)),
    Action(actions.RequestVote, (SERVER, PEER)),
    Action(actions.HandleRequestVoteRequest, (_message("RequestVoteRequest"),)),
    Action(actions.HandleRequestVoteResponse, (_message("RequestVoteResponse"),)),
    Action(actions.BecomeLeader, (SERVER,)),
    Action(actions.AppendEntries, (SERVER, PEER, Parameter("n", values=(0, 1)))),
    Action(actions.HandleAppendEntriesRequest, (_message("AppendEntriesRequest"),)),
    Action(actions.HandleAppendEntriesResponse, (_message("AppendEntriesResponse"),)),
    Action(actions.AdvanceCommitIndex, (SERVER,)),
    Action(actions.TakeSnapshot, (SERVER,)),
    Action(actions.InstallSnapshot, (SERVER, PEER)),
    Action(actions.HandleInstallSnapshotRequest, (_message("InstallSnapshotRequest"),)),
    Action(actions.HandleInstallSnapshotResponse, (_message("InstallSnapshotResponse"),)),
    Action(actions.UpdateTerm, (_message(),)),
    Action(actions.DropStaleResponse, (_message(),)),
    Action(transfer.TransferLeadership, (SERVER, PEER), "transfer"),
    Action(transfer.AbortTransfer, (SERVER,), "transfer"),
    Action(transfer.HandleTimeoutNow, (_message("TimeoutNow"),), "transfer"),
    Action(environment.AcceptWrite, (SERVER, WRITE)),
    Action(environment.RedirectWrite, (SERVER, WRITE)),
    Action(environment.RejectWrite, (SERVER, WRITE)),
    Action(reads.LeaseRead, (SERVER, READ), "lease_read"),
    Action(reads.BeginRead, (SERVER, READ), "read_index"),
    Action(reads.ServeRead, (READ,), "read_index"),
    Action(environment.Tick, (SERVER,)),
    Action(environment.SampleQuorum, (SERVER,)),
    Action(environment.LeaseExpire, (SERVER,)),
    Action(environment.Restart, (SERVER,)),
    Action(environment.DropMessage, (_message(),)),
)


# From the spec's section "Guards", in its order: what a cfg may swap and a mutant is made of.
GUARDS = (
    "HigherTerm",
    "StaleRequestVoteRequest",
    "StaleAppendEntriesRequest",
    "StaleInstallSnapshotRequest",
    "StalePreVoteRequest",
    "StaleTimeoutNow",
    "CurrentRequestVoteResponse",
    "CurrentAppendEntriesResponse",
    "CurrentInstallSnapshotResponse",
    "CurrentPreVoteResponse",
    "HandledAfterUpdate",
    "AnswerTerm",
    "HintAfterStepDown",
    "AcceptsWrites",
    "IsQuorum",
    "MayCampaign",
    "ElectionTimeoutElapsed",
    "AsksForVote",
    "VoteAvailable",
    "CandidateLogUpToDate",
    "WithholdsVote",
    "VoteAfterStepDown",
    "OverridesWithholding",
    "WithholdsPreVote",
    "TermAfterPreVote",
    "PreVoteWon",
    "HasVoteAtCampaign",
    "LeaseYielded",
    "TransferTargetReady",
    "StageAfterTimeout",
    "TermAfterRestart",
    "VoteAfterRestart",
    "ElapsedAfterRestart",
    "CommitAfterRestart",
    "TermOfNewEntry",
    "AppendsAfter",
    "LogMatches",
    "EntryConflicts",
    "FollowerCommit",
    "CommitQuorum",
    "CommittableTerm",
    "RetainsSuffix",
    "RenewedAge",
    "AgeAfterRejection",
    "AckAgeAtElection",
    "LeaseValid",
    "HasQuorumContact",
    "SampleHasQuorum",
    "ServesReads",
    "CommittedInTerm",
    "ReadLeaseValid",
    "ConfirmsRead",
    "ReadConfirmed",
    "OutcomeAtAppend",
    "OutcomeAtStepDown",
    "RecordsTransition",
    "TransitionReason",
)

# What a cfg may name as VIEW, with the variables that it keeps. No action reads the others.
VIEWS = {
    "WithoutHistory": (
        "currentTerm",
        "role",
        "votedFor",
        "votesGranted",
        "leaderHint",
        "preVotes",
        "transfer",
        "log",
        "commitIndex",
        "snapshotIndex",
        "snapshotTerm",
        "matchIndex",
        "nextIndex",
        "electionElapsed",
        "ackAge",
        "skew",
        "client",
        "reads",
        "messages",
    )
}

CONSTANTS = (
    "Server",
    "Write",
    "Read",
    "Nil",
    "ElectionTicks",
    "LeaseTicks",
    "ClockSkew",
    "LeasePolicy",
    "Snapshots",
    "Features",
    "Faults",
    "History",
    "MaxTerm",
    "MaxLogLen",
    "MaxMessages",
)
POLICIES = ("SendTime", "AckReceipt", "SampledQuorum", "None")
FEATURES = frozenset({"pre_vote", "transfer", "lease_read", "read_index"})
FAULTS = frozenset({"loss", "restart"})
HISTORIES = frozenset({"acks", "audit"})


OFF = ("Read", "Features")
"""The constants of which the empty set is the spec without what they are for."""


def bind(constants: Mapping[str, Value], ordered: Callable[[str], tuple[Value, ...]]) -> Bound:
    """The model's constants for one cfg; `ordered(name)` lists a set constant as the cfg wrote it.

    Raises CfgError for a constant that is missing, unknown, or out of its range.
    """
    for name in CONSTANTS:
        if name not in constants:
            example = "{}" if name in OFF else "..."
            raise CfgError(f"constant {name} has no value", mend=f"add `{name} = {example}` under CONSTANTS")
    for name in constants:
        if name not in CONSTANTS:
            raise CfgError(f"constant {name} is not one of the spec's", mend=f"known: {', '.join(CONSTANTS)}")
    servers, writes, attempts = (_members(name, constants, ordered) for name in ("Server", "Write", "Read"))
    if not servers:
        raise CfgError("Server is empty", mend="give at least one server, such as {s1, s2, s3}")
    if constants["Nil"] in servers:
        raise CfgError("Nil is one of the servers", mend="write `Nil = Nil`")
    policy = constants["LeasePolicy"]
    if policy not in POLICIES:
        raise CfgError(f"LeasePolicy {policy!r} is unknown", mend=f"one of {', '.join(POLICIES)}")
    snapshots = constants["Snapshots"]
    if not isinstance(snapshots, bool):
        raise CfgError(f"Snapshots must be TRUE or FALSE, not {snapshots!r}")
    features = _subset("Features", constants, FEATURES)
    faults = _subset("Faults", constants, FAULTS)
    history = _subset("History", constants, HISTORIES)
    sizes = Sizes(
        servers=len(servers),
        writes=len(writes),
        reads=len(attempts),
        election_ticks=_natural("ElectionTicks", constants),
        lease_ticks=_natural("LeaseTicks", constants),
        clock_skew=_natural("ClockSkew", constants),
        snapshots=snapshots,
        features=features,
        history=history,
        max_term=_natural("MaxTerm", constants),
        max_log_len=_natural("MaxLogLen", constants),
        max_messages=_natural("MaxMessages", constants),
    )
    values = {
        **enumerations(),
        "Server": range(sizes.servers),
        "Write": range(sizes.writes),
        "Read": range(sizes.reads),
        "Term": range(1, sizes.max_term + 1),
        "LogIndex": range(1, sizes.log_len + 1),
        "ElectionTicks": sizes.election_ticks,
        "LeaseTicks": sizes.lease_ticks,
        "ClockSkew": sizes.clock_skew,
        "LeasePolicy": policy,
        "Snapshots": snapshots,
        "Features": features,
        "Faults": faults,
        "History": sizes.history,
        "MaxTerm": sizes.max_term,
        "MaxLogLen": sizes.max_log_len,
        "MaxMessages": sizes.max_messages,
    }
    return Bound(values, {"Server": servers, "Write": writes, "Read": attempts}, make_schema(sizes))


def _members(
    name: str, constants: Mapping[str, Value], ordered: Callable[[str], tuple[Value, ...]]
) -> tuple[str, ...]:
    members = constants[name]
    if not isinstance(members, frozenset) or not all(isinstance(member, str) for member in members):
        raise CfgError(f"{name} must be a set of model values", mend=f"such as {name} = {{a1, a2}}")
    return tuple(str(member) for member in ordered(name))


def _subset(name: str, constants: Mapping[str, Value], known: frozenset[str]) -> frozenset[str]:
    value = constants[name]
    if not isinstance(value, frozenset) or not value <= known:
        quoted = ", ".join(f'"{item}"' for item in sorted(known))
        raise CfgError(f"{name} must be a subset of {{{quoted}}}", mend=f"such as {name} = {{}}")
    return frozenset(str(item) for item in value)


def _natural(name: str, constants: Mapping[str, Value]) -> int:
    value = constants[name]
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise CfgError(f"{name} must be a natural number, not {value!r}")
    return value


def enumerations() -> dict[str, int]:
    """The integers that names.py gives to roles, outcomes, reasons and Nil."""
    return {
        name: value
        for name, value in vars(names).items()
        if name == "Nil" or (isinstance(value, int) and name not in CONSTANTS)
    }


def _functions(module: ModuleType) -> dict[str, Function]:
    return {
        name: value
        for name, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", "") == module.__name__
    }


def _all_functions() -> dict[str, Function | Constant]:
    found: dict[str, Function | Constant] = {}
    modules = (
        *(guards, steps, actions, prevote, transfer, reads, environment, bounds),
        *(invariants, antiproperties, properties, liveness, witnesses),
    )
    for module in modules:
        found |= _functions(module)
    return found | MUTANTS


RAFT = Model(
    name="RaftFencing",
    module="MC",
    bind=bind,
    init=actions.Init,
    actions=ACTIONS,
    functions=_all_functions(),
    invariants={function.__name__: function for function in invariants.INVARIANTS},
    properties={function.__name__: function for function in properties.PROPERTIES},
    constraints={"StateConstraint": bounds.StateConstraint},
    symmetries={"ServerSymmetry": "Server"},
    present=present,
    present_message=present_message,
    guards=GUARDS,
    views=VIEWS,
    binders={"i": "Server", "j": "Server", "w": "Write", "q": "Read"},
    witnesses={function.__name__: function for function in witnesses.WITNESSES},
    anti_invariants={function.__name__: function for function in antiproperties.ANTI_INVARIANTS},
    anti_properties={function.__name__: function for function in antiproperties.ANTI_PROPERTIES},
    fair=liveness.FAIR_SPECIFICATIONS,
    liveness=liveness.LIVENESS,
)
