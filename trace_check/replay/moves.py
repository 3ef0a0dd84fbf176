"""The steps of one node that can explain a line: the model's, also those that no line shows, and a few more.

A log shows less than the model does: several steps in one line (UpdateTerm with its handler, a batch of
entries), steps in no line (a timeout, a win, an append, a commit, a message that was lost). Where a real
Raft does what the model does in another order or in parts, and nothing can be lost by it, the step is taken
all the same and counted under its name in `relaxed`; docs/TRACES.md argues each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from trace_check.replay.free import TooFree, unknown
from trace_check.replay.local import Local, Log, marks
from trace_check.replay.machine import ENTRIES_MAX, Machine
from trace_check.replay.steps import CANDIDATE_ROLE, FOLLOWER_ROLE, LEADER_ROLE, NOTHING, View

SILENT_STEPS_MAX = 6
"""So many kinds of steps may lie between two lines of a node; entries of a batch count once."""
OWED_MAX = 32


def fits(local: Local, i: int, view: View) -> bool:
    """Whether node i is as the line shows it."""
    role, term, vote, commit, last_index, last_term = view
    return (
        (term is None or local.currentTerm[i] == term)
        and (role is None or local.role[i] == role)
        and (commit is None or local.commitIndex[i] == commit)
        and (last_index is None or local.log.length[i] == last_index)
        and (vote is None or local.votedFor[i] == vote)
        and (last_term is None or last_index == 0 or local.log.term[i, local.log.length[i]] == last_term)
    )


def looks_alike(one: Local, other: Local, i: int) -> bool:
    """Whether node i shows the same in both: what a line can tell of it, and its log."""
    return bool(
        one.log.length[i] == other.log.length[i]
        and one.log.term is other.log.term
        and one.currentTerm[i] == other.currentTerm[i]
        and one.role[i] == other.role[i]
        and one.votedFor[i] == other.votedFor[i]
        and one.commitIndex[i] == other.commitIndex[i]
    )


_MEMBERSHIP = "lines do not tell how the membership changes: majorities are not checked"


class Moves:
    """What node steps there are. `free_votes`, `free_acks`: the log shows no such answers at all, and with
    `free_quorum` nor who the voters are. `granted` says which of these a step has needed. `incoming` gives
    the messages on their way to the node at hand; by `hearsay` one may also lie later in the order."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.actions: Counter[str] = Counter()
        self.relaxed: Counter[str] = Counter()
        self.free_votes = self.free_acks = self.free_quorum = False
        self.granted: dict[str, None] = {}
        self.voters: tuple[tuple[int, ...], ...] = ()
        self.hearsay = False
        self.incoming: Callable[[], Iterator[Any]] = lambda: iter(())

    def run(self, action: str, local: Local, *params: Any) -> tuple[Local, tuple[Any, ...]] | None:
        """Machine.run, counted."""
        done = self.machine.run(action, local, *params)
        if done is not None:
            self.actions[action] += 1
        return done

    def step(self, action: str, local: Local, *params: Any) -> Iterator[Local]:
        """The node after a step that sends nothing; none if it is not enabled."""
        done = self.run(action, local, *params)
        if done is not None:
            yield done[0]

    def step_by_quorum(self, action: str, local: Local, i: int) -> Iterator[Local]:
        """The node after a step that needs a majority: of all servers, or of each set of `voters`."""
        done = None
        servers = self.machine.names["Server"]
        try:
            for voters in self._voter_sets(servers, i):
                self.machine.names["Server"] = voters
                done = self.run(action, local, i)
                if done is None:
                    return
        finally:
            self.machine.names["Server"] = servers
        if done is not None:
            if self.free_quorum and not self.voters:
                self.granted[_MEMBERSHIP] = None
            yield done[0]

    def _voter_sets(self, servers: Any, i: int) -> tuple[Any, ...]:
        if not self.voters and self.free_quorum:
            return ((i,),)
        return self.voters or (servers,)

    def reach(self, local: Local, i: int, view: View) -> list[Local]:
        """Node i as the line shows it, after as few steps as that takes; none if no steps lead there."""
        if view is NOTHING or fits(local, i, view):
            return [local]
        level, seen = [local], set[tuple[Any, ...]]()
        for _ in range(SILENT_STEPS_MAX):
            moved = [after for node in level for after in self._silent(node, i, view)]
            found = [node for node in moved if fits(node, i, view)]
            if found:
                return found if len(found) == 1 else list({node.key(): node for node in found}.values())
            new = {node.key(): node for node in moved}
            level = [node for key, node in new.items() if key not in seen]
            seen |= new.keys()
        return []

    def _silent(self, local: Local, i: int, view: View) -> Iterator[Local]:
        """The steps of node i that no line need show and that may lead to `view`."""
        role, term = local.role[i], local.currentTerm[i]
        yield from self._heard(local, i, view)
        if role == LEADER_ROLE:
            wanted = view.last_index if view.last_index is not None else view.commit
            if wanted is not None and local.log.length[i] < wanted:
                yield from self.accept(local, i, wanted - local.log.length[i])
            if view.commit is not None and local.commitIndex[i] < view.commit:
                yield from self.commit(local, i, view.commit)
            if view.role in (FOLLOWER_ROLE, CANDIDATE_ROLE) or (view.term is not None and term < view.term):
                yield from self.expire(local, i)
            return
        if role == CANDIDATE_ROLE and (view.term is None or term == view.term):
            yield from self.win(local, i)
        stands = view.role in (CANDIDATE_ROLE, LEADER_ROLE) if view.term is None else term < view.term
        if stands and view.vote in (None, i):
            yield from self.campaign(local, i)

    def _heard(self, local: Local, i: int, view: View) -> Iterator[Local]:
        """The node after it heard of a later term, or of a leader, by a message whose line comes later."""
        follows = local.role[i] == CANDIDATE_ROLE and view.role == FOLLOWER_ROLE
        newer = view.term is not None and local.currentTerm[i] < view.term
        if not follows and not newer:
            return
        told = list(self.incoming())
        if newer and self.hearsay and view.role == FOLLOWER_ROLE:
            told.append(self.machine.request_of_term(i, view.term))
        for message in told:
            if newer and message.term == view.term:
                yield from self.step("UpdateTerm", local, message)
            elif follows and message.term == local.currentTerm[i] and hasattr(message, "commitIndex"):
                yield from self.step("FollowLeader", local, i, message)

    def campaign(self, local: Local, i: int) -> Iterator[Local]:
        """Its timeout passes, and it stands for election."""
        (ticked,) = self.step("AdvanceClock", local, i)
        yield from self.step("Timeout", ticked, i)

    def win(self, local: Local, i: int) -> Iterator[Local]:
        """It wins its election."""
        if self.free_votes:
            self.granted["no line shows an answer to a vote request: elections are taken as won"] = None
            votes = dict.fromkeys(local.votesGranted, 1)
            local = local.having(votesGranted=votes)
        yield from self.step_by_quorum("BecomeLeader", local, i)

    def expire(self, local: Local, i: int) -> Iterator[Local]:
        """Its lease runs out."""
        (ticked,) = self.step("AdvanceClock", local, i)
        yield from self.step("LeaseExpire", ticked, i)

    def accept(self, local: Local, i: int, entries: int) -> Iterator[Local]:
        """Leader i appends so many entries of clients."""
        for after in self.step("AcceptWrite", local, i, 0):
            log = after.log
            longer = {i: log.length[i] + entries - 1}
            yield after if entries == 1 else after.having(log=Log(longer, log.term))

    def commit(self, local: Local, i: int, index: int | None) -> Iterator[Local]:
        """Leader i commits up to `index`: what it could have done before later answers came."""
        matches = local.matchIndex
        if self.free_acks:
            self.granted["no line shows an answer to an append: commits are taken as acknowledged"] = None
        last = local.log.length[i] if index is None else index
        limited = {key: last if self.free_acks or match > last else match for key, match in matches.items()}
        if last - local.commitIndex[i] > ENTRIES_MAX:
            raise TooFree
        short = local if limited == matches else local.having(matchIndex=limited)
        if local.log.length[i] > last:
            self.relaxed["commit in part"] += 1
            short = self._cut_to(short, i, last)
        for after in self.step_by_quorum("AdvanceCommitIndex", short, i):
            yield local.having(commitIndex=after.commitIndex)

    @staticmethod
    def _cut_to(local: Local, i: int, last: int) -> Local:
        return local.having(log=Log({i: last}, local.log.term))

    def handle(self, local: Local, i: int, messages: tuple[Any, ...]) -> Iterator[Local]:
        """Node i after a message, or a batch of one-entry appends; a higher term deposes it first.

        Its answer is owed from then on. Who may vote again after a tick of its clock also votes then.
        """
        first = messages[0]
        if type(first).__name__ == "RequestVoteRequest" and local.electionElapsed[i] == 0:
            (ticked,) = self.step("AdvanceClock", local, i)
            yield from self._handle(ticked, i, messages)
        yield from self._handle(local, i, messages)

    def _handle(self, local: Local, i: int, messages: tuple[Any, ...]) -> Iterator[Local]:
        answer: Any = None
        owed = local.owed
        for message in messages:
            kind = type(message).__name__
            if message.term != local.currentTerm[i]:
                for updated in self.step("UpdateTerm", local, message):
                    local = updated
            if "Snapshot" in kind:
                self._span(message, local, i)
            done = self.run("Handle" + kind, local, message) or self.run("DropStaleResponse", local, message)
            if done is None:
                return
            local, sent = done
            answer = sent[-1] if sent else answer
        if answer is not None:
            local = local.having(owed=_owing(owed, answer))
        yield local

    def _span(self, message: Any, local: Local, i: int) -> None:
        last = getattr(message, "lastIndex", 0)
        self.machine.snapshot_spans(max(int(last), int(local.log.length[i])))

    def restart(self, local: Local, i: int, view: View) -> Iterator[Local]:
        """Node i after a crash, and after what it did in its last moments without a line of it.

        Where it stores its commit index, it may know as much as before.
        """
        for last in self.reach(local, i, view._replace(role=None, commit=None)) or (local,):
            for after in self.step("Restart", last, i):
                low, high = after.commitIndex[i], last.commitIndex[i]
                known = isinstance(low, int) and isinstance(high, int)
                commit = unknown(low, high) if known else high
                yield after.having(owed={}, commitIndex={i: commit})


def _owing(owed: dict[Any, Any], answer: Any) -> dict[Any, Any]:
    """What is owed with one more answer, the newest last; the oldest are forgotten."""
    mark, longer = marks(answer), owed.copy()
    longer.pop(mark, None)
    if len(longer) >= OWED_MAX:
        del longer[next(iter(longer))]
    longer[mark] = answer
    return longer
