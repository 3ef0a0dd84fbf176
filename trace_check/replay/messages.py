"""Messages of a log as the model's: what a node may send, and whether it is what the line shows.

A sent batch is a tuple of one-entry appends. What the line does not tell is as the model has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trace_check.event import APPEND, APPEND_RESPONSE, Message
from trace_check.replay.free import TooFree, unknown
from trace_check.replay.local import Local
from trace_check.replay.machine import ENTRIES_MAX
from trace_check.replay.moves import Moves
from trace_check.replay.steps import KINDS, Step

_BATCH_GUESSED_MAX = 8
_BATCH_MAX = 10_000


Difference = tuple[str, Any, Any]
"""A field, as the model has it, as the line has it."""


def differences(sent: tuple[Any, ...], step: Step) -> Iterator[Difference]:
    """Each field in which the messages differ from what the line shows.

    One after the other: a free value behind the first difference is not asked for unless somebody asks on.
    """
    msg, first = step.msg, sent[0]
    if msg is None:
        return
    if msg.term is not None and first.term != msg.term:
        yield "term", first.term, msg.term
    yield from _COMPARED[type(first).__name__](sent, msg, step)


def _vote_request(sent: tuple[Any, ...], msg: Message, step: Step) -> Iterator[Difference]:
    yield from _entry("last", sent[0].lastLogIndex, sent[0].lastLogTerm, msg.prev)


def _vote_response(sent: tuple[Any, ...], msg: Message, step: Step) -> Iterator[Difference]:
    if msg.ok is not None and sent[0].granted != msg.ok:
        yield "granted", bool(sent[0].granted), msg.ok


def _append(sent: tuple[Any, ...], msg: Message, step: Step) -> Iterator[Difference]:
    first = sent[0]
    yield from _entry("prev", first.prevLogIndex, first.prevLogTerm, msg.prev)
    if msg.commit is not None and first.commitIndex != msg.commit:
        yield "commit", first.commitIndex, msg.commit
    held = [(m.prevLogIndex + 1, m.entryTerm) for m in sent if m.entryWrite != -1]
    if step.size is not None and len(held) != step.size:
        yield "number of entries", len(held), step.size
    elif msg.entries:
        for (index, term), logged in zip(held, msg.entries, strict=True):
            yield from _entry("entry", index, term, logged)


def _append_response(sent: tuple[Any, ...], msg: Message, step: Step) -> Iterator[Difference]:
    if msg.ok is not None and sent[0].success != msg.ok:
        yield "success", bool(sent[0].success), msg.ok
    elif msg.index is not None and sent[0].success == 1 and sent[0].index != msg.index:
        yield "index", sent[0].index, msg.index


def _snapshot(sent: tuple[Any, ...], msg: Message, step: Step) -> Iterator[Difference]:
    yield from _entry("last", sent[0].lastIndex, sent[0].lastTerm, msg.prev)


def _snapshot_response(sent: tuple[Any, ...], msg: Message, step: Step) -> Iterator[Difference]:
    if msg.ok is not None and (sent[0].index > 0) != msg.ok:
        yield "success", sent[0].index > 0, msg.ok
    elif msg.index is not None and sent[0].index > 0 and sent[0].index != msg.index:
        yield "index", sent[0].index, msg.index


def _entry(name: str, index: Any, term: Any, logged: tuple[int, int] | None) -> Iterator[Difference]:
    if logged is None:
        return
    if index != logged[0]:
        yield f"{name} index", index, logged[0]
    elif term != logged[1]:
        yield f"{name} term", term, logged[1]


_COMPARED = {
    "RequestVoteRequest": _vote_request,
    "RequestVoteResponse": _vote_response,
    "AppendEntriesRequest": _append,
    "AppendEntriesResponse": _append_response,
    "InstallSnapshotRequest": _snapshot,
    "InstallSnapshotResponse": _snapshot_response,
}


def agree(sent: tuple[Any, ...], step: Step) -> bool:
    """Whether the messages are what the line shows."""
    return next(differences(sent, step), None) is None


def appends(moves: Moves, local: Local, step: Step) -> Iterator[tuple[Any, ...]]:
    """The batches that leader `step.src` may send for this line. Where it starts is its own guess."""
    i, j = step.src, step.dst
    msg = step.msg
    usual = local.nextIndex[i, j]
    if msg is not None and msg.prev is not None:
        starts = [msg.prev[0] + 1]
    elif msg is not None and msg.entries:
        starts = [msg.entries[0][0]]
    elif msg is not None and msg.at_match:
        starts = [local.matchIndex[i, j] + 1]
    else:
        starts = list(dict.fromkeys([usual, local.matchIndex[i, j] + 1]))
    for start in starts:
        yield from _batches(moves, local, step, start, usual)


def _batches(moves: Moves, local: Local, step: Step, start: Any, usual: Any) -> Iterator[tuple[Any, ...]]:
    if step.size is not None:
        sizes = [step.size]
    else:
        left = local.log.length[step.src] - start + 1
        sizes = list(range(min(max(left, 0), _BATCH_GUESSED_MAX) + 1))
        if _BATCH_GUESSED_MAX < left <= _BATCH_MAX:
            sizes.append(left)
    for size in sizes:
        batch = _batch(moves, local, step, start, size)
        if batch is not None:
            if step.msg is not None and step.msg.commit is None and step.post.commit is None:
                batch = _uncommitted(moves, local, step.src, batch)
            if start != usual:
                moves.relaxed["append from another index"] += 1
            yield batch


def _batch(moves: Moves, local: Local, step: Step, start: Any, size: int) -> tuple[Any, ...] | None:
    i, j = step.src, step.dst
    sent: list[Any] = []
    for following in range(start, start + max(size, 1)):
        known = local.nextIndex[i, j]
        same = type(known) is int and known == following
        probing = local if same else local.with_cell("nextIndex", (i, j), following)
        done = moves.run("AppendEntries", probing, i, j, 1 if size else 0)
        if done is None:
            return None
        sent += done[1]
    return tuple(sent)


def _uncommitted(moves: Moves, local: Local, i: int, batch: tuple[Any, ...]) -> tuple[Any, ...]:
    """The batch, its commit index free between what the leader is known to have committed and could have."""
    known = local.commitIndex[i]
    for after in moves.step_by_quorum("AdvanceCommitIndex", local, i):
        if isinstance(known, int):
            commit = unknown(known, after.commitIndex[i])
            batch = tuple(message._replace(commitIndex=commit) for message in batch)
    return batch


def snapshots(moves: Moves, local: Local, step: Step) -> Iterator[tuple[Any, ...]]:
    """The snapshots that leader `step.src` may send for this line: of any state that it has committed."""
    msg, committed = step.msg, local.commitIndex[step.src]
    if msg is None:
        return
    told = msg.index if msg.prev is None else msg.prev[0]
    lasts = range(max(1, committed - _BATCH_GUESSED_MAX), committed + 1) if told is None else [told]
    for last in lasts:
        if last <= committed:
            yield from _snapshot_of(moves, local, step, int(last))


def _snapshot_of(moves: Moves, local: Local, step: Step, last: int) -> Iterator[tuple[Any, ...]]:
    i, j = step.src, step.dst
    if last > local.snapshotIndex[i]:
        earlier = local.with_cell("commitIndex", i, last)
        for taken in moves.step("TakeSnapshot", earlier, i):
            local = taken
    moves.machine.snapshot_spans(last)
    done = moves.run("InstallSnapshot", local.with_cell("nextIndex", (i, j), 1), i, j)
    if done is not None:
        yield done[1]


def answers(moves: Moves, local: Local, step: Step) -> Iterator[tuple[Any, ...]]:
    """The answers that node `step.src` owes and that this line may be, the newest first.

    A snapshot may be answered as an append is, and an append of this term with all that is committed.
    """
    late = []
    for answer in _owed(moves, local, step):
        yield (answer,)
        late.append(answer)
    msg = step.msg
    if msg is None or msg.type != APPEND_RESPONSE or msg.index is None:
        return
    for answer in late:
        if answer.success == 0 or answer.term != local.currentTerm[step.src]:
            continue
        if answer.index < msg.index <= local.commitIndex[step.src]:
            moves.relaxed["answer with what is committed"] += 1
            yield (answer._replace(index=msg.index),)
            return


def _owed(moves: Moves, local: Local, step: Step) -> Iterator[Any]:
    asked = KINDS[step.msg.type] if step.msg is not None else ""
    for answer in reversed(local.owed.values()):
        kind = type(answer).__name__
        if answer.dest != step.dst:
            continue
        if kind == asked:
            yield answer
        elif kind == "InstallSnapshotResponse" and asked == "AppendEntriesResponse":
            fields = answer._asdict() | {"success": int(answer.index > 0), "reads": ()}
            yield moves.machine.kinds[asked](**fields)


def foreign(moves: Moves, step: Step, term_max: int, index_max: int) -> tuple[Any, ...]:
    """The message of a receipt whose sending no line shows: what the line does not tell is free."""
    msg = step.msg
    kind = KINDS[msg.type] if msg is not None else ""
    if msg is None or not kind:
        return ()
    term = msg.term if msg.term is not None else unknown(0, term_max)
    prev = msg.prev if msg.prev is not None else (unknown(0, index_max), unknown(0, term_max))
    known: dict[str, Any] = {"source": step.src, "dest": step.dst, "term": term, "age": 0}
    known |= {"override": 0, "reads": ()}
    known |= {"lastLogIndex": prev[0], "lastLogTerm": prev[1], "lastIndex": prev[0], "lastTerm": prev[1]}
    ok = unknown(0, 1) if msg.ok is None else int(msg.ok)
    index = unknown(0, index_max) if msg.index is None else msg.index
    known |= {"granted": ok, "success": ok, "index": index}
    known |= {"commitIndex": unknown(0, index_max) if msg.commit is None else msg.commit}
    made = moves.machine.kinds[kind]
    if msg.type == APPEND:
        return tuple(_foreign_appends(made, known, prev, msg))
    if kind == "InstallSnapshotRequest":
        if not isinstance(prev[0], int) or prev[0] > ENTRIES_MAX:
            raise TooFree
        spans = range(prev[0])
        known |= {"contentTerm": [unknown(0, term_max) for _ in spans], "contentWrite": [0 for _ in spans]}
    return (made(**{name: known.get(name, 0) for name in made._fields}),)


def _foreign_appends(made: Any, known: dict[str, Any], prev: tuple[Any, Any], msg: Message) -> Iterator[Any]:
    for index, term in msg.entries or ():
        fields = known | {
            "prevLogIndex": index - 1,
            "prevLogTerm": prev[1],
            "entryTerm": term,
            "entryWrite": 0,
        }
        yield made(**{name: fields.get(name, 0) for name in made._fields})
        prev = (index, term)
    if not msg.entries:
        fields = known | {"prevLogIndex": prev[0], "prevLogTerm": prev[1], "entryTerm": 0, "entryWrite": -1}
        yield made(**{name: fields.get(name, 0) for name in made._fields})
