"""A counterexample as a sequence diagram, as data: who did what, which message went where. No geometry.

A message is sent in the step that adds it to a set of messages and received in the step that removes it,
provided that step had an effect at its destination (a change there or in a variable of no lane, or a
message from there); otherwise it was lost or discarded. A message that stays in the set is received when
it is a step's parameter and the destination changed. A message that only aged is still the same message.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import pairwise

from pymodel.engine.result import Counterexample, Step
from pymodel.report.diff import Change, Kind, describe, diff_states, same_message
from pymodel.report.lanes import lane_summary, lanes_of, messages_of, mode_of, mode_variable, number_variable
from pymodel.report.pretty import compact, is_message, message_fields, printable
from pymodel.report.step_title import loop_title, step_params
from pymodel.values import Fn, State, Value

ARROW = "→"


class NoteKind(Enum):
    """What a line in a node tells: a message received, a change, a message sent."""

    IN = "in"
    CHANGE = "change"
    OUT = "out"


@dataclass(frozen=True)
class Note:
    """One line in a node; `pieces` are the words that stay together when the line is cut."""

    kind: NoteKind
    pieces: tuple[str, ...]


@dataclass(frozen=True)
class Node:
    """What one step did at one lane: received, changed, sent, in this order."""

    lane: int
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Row:
    """One step. `shared` are the changes that belong to no lane."""

    number: int
    action: str
    params: str
    nodes: tuple[Node, ...]
    shared: tuple[Note, ...]


class Fate(Enum):
    """What became of a message."""

    DELIVERED = "delivered"
    LOST = "lost"
    IN_FLIGHT = "flight"


@dataclass(frozen=True)
class Arrow:
    """A message from note `note` of `lane` in `row` to `to_lane`; the target note only if DELIVERED."""

    text: str
    row: int
    lane: int
    note: int
    to_lane: int
    fate: Fate = Fate.IN_FLIGHT
    to_row: int = -1
    to_note: int = -1


@dataclass(frozen=True)
class Band:
    """Rows `first` to `last` (inclusive) in which `lane` is in `mode`; `tone` counts modes by appearance."""

    lane: int
    first: int
    last: int
    mode: str
    tone: int


@dataclass(frozen=True)
class Sequence:
    """The whole diagram. `summaries` is the last state in brief, one text per lane."""

    lanes: tuple[str, ...]
    rows: tuple[Row, ...]
    arrows: tuple[Arrow, ...]
    bands: tuple[Band, ...]
    summaries: tuple[str, ...]


def sequence_of(cex: Counterexample) -> Sequence:
    """The diagram of `cex`; a spec without lanes gets a single one, called `state`."""
    lanes = lanes_of(cex.steps)
    builder = _Builder(lanes)
    builder.add(cex.steps[0], None)
    for before, step in pairwise(cex.steps):
        builder.add(step, before.state)
    if cex.loop is not None:
        builder.note_last(loop_title(cex))
    mode = mode_variable(cex.steps, lanes)
    last = cex.steps[-1].state
    return Sequence(
        tuple(map(compact, lanes)) or ("state",),
        tuple(builder.rows),
        tuple(builder.arrows),
        _bands(cex.steps, lanes, mode) if mode else (),
        lane_summary(last, lanes, (mode, number_variable(last, lanes))),
    )


@dataclass
class _Effect:
    """What one step did, sorted by lane."""

    received: dict[int, list[Fn]] = field(default_factory=dict)
    changed: dict[int, list[Change]] = field(default_factory=dict)
    sent: dict[int, list[Fn]] = field(default_factory=dict)
    lost: list[Fn] = field(default_factory=list)
    shared: list[Change] = field(default_factory=list)

    def lanes(self) -> list[int]:
        return sorted({*self.received, *self.changed, *self.sent})


class _Builder:
    """Adds one row per step and remembers which arrows are still in flight."""

    def __init__(self, lanes: tuple[Value, ...]) -> None:
        self.lanes = lanes
        self.rows: list[Row] = []
        self.arrows: list[Arrow] = []
        self._flying: dict[Fn, int] = {}

    def add(self, step: Step, before: State | None) -> None:
        changes = diff_states(before, step.state) if before is not None else ()
        effect = self._sort(step, changes)
        if before is None:
            for message in messages_of(step.state):
                effect.sent.setdefault(self._lane(message["source"]), []).append(message)
        actor = self._actor(step, effect)
        nodes = []
        for lane in sorted({*effect.lanes(), *([] if actor is None else [actor])}):
            shared = effect.shared if lane == actor else []
            nodes.append(self._node(lane, effect, shared))
        for message in effect.lost:
            self._land(message, Fate.LOST, -1)
        loose = effect.shared if actor is None else []
        notes = tuple(_change_note(change, skip_key=False) for change in loose)
        params = step_params(step, changes)
        self.rows.append(Row(len(self.rows) + 1, printable(step.action), params, tuple(nodes), notes))

    def note_last(self, text: str) -> None:
        """Say something beside the last row."""
        row = self.rows[-1]
        self.rows[-1] = replace(row, shared=(*row.shared, Note(NoteKind.CHANGE, (text,))))

    def _sort(self, step: Step, changes: tuple[Change, ...]) -> _Effect:
        effect = _Effect()
        gone: list[Fn] = []
        for change in changes:
            before, after = change.before, change.after
            if change.kind is Kind.ADDED and self._travels(after) and is_message(after):
                effect.sent.setdefault(self._lane(after["source"]), []).append(after)
            elif change.kind is Kind.REMOVED and self._travels(before) and is_message(before):
                gone.append(before)
            elif change.kind is Kind.UPDATED and is_message(before) and is_message(after):
                self._age(before, after)
            elif change.keys and change.keys[0] in self.lanes:
                effect.changed.setdefault(self._lane(change.keys[0]), []).append(change)
            else:
                effect.shared.append(change)
        self._deliver(step, gone, effect)
        return effect

    def _deliver(self, step: Step, gone: list[Fn], effect: _Effect) -> None:
        active = {*effect.changed, *effect.sent}
        kept = list(messages_of(step.state))
        handled = [value for value in step.params.values() if is_message(value) and value in kept]
        for message in gone:
            lane = self._lane(message["dest"])
            if lane in active or effect.shared:
                effect.received.setdefault(lane, []).append(message)
            elif not any(same_message(message, other) for other in kept):
                effect.lost.append(message)
        for message in handled:
            if self._travels(message) and (lane := self._lane(message["dest"])) in active:
                effect.received.setdefault(lane, []).append(message)

    def _node(self, lane: int, effect: _Effect, shared: list[Change]) -> Node:
        notes: list[Note] = []
        for message in effect.received.get(lane, []):
            self._land(message, Fate.DELIVERED, len(notes))
            notes.append(_message_note(NoteKind.IN, message, f"from {compact(message['source'])}"))
        by_key = bool(self.lanes)
        notes += [_change_note(change, skip_key=by_key) for change in effect.changed.get(lane, [])]
        notes += [_change_note(change, skip_key=False) for change in shared]
        for message in effect.sent.get(lane, []):
            self._flying[message] = len(self.arrows)
            target = self._lane(message["dest"])
            self.arrows.append(Arrow(compact(message), len(self.rows), lane, len(notes), target))
            notes.append(_message_note(NoteKind.OUT, message, f"to {compact(message['dest'])}"))
        return Node(lane, tuple(notes))

    def _land(self, message: Fn, fate: Fate, note: int) -> None:
        index = self._flying.get(message)
        if index is not None and self.arrows[index].fate is Fate.IN_FLIGHT:
            self.arrows[index] = replace(self.arrows[index], fate=fate, to_row=len(self.rows), to_note=note)

    def _age(self, before: Fn, after: Fn) -> None:
        if before in self._flying:
            self._flying[after] = self._flying.pop(before)

    def _actor(self, step: Step, effect: _Effect) -> int | None:
        """The lane that a change without a lane is shown at."""
        if not effect.shared:
            return None
        active = effect.lanes()
        named = [self._lane(value) for value in step.params.values() if value in self.lanes]
        candidates = active if len(active) == 1 else named[:1]
        return 0 if not self.lanes else next(iter(candidates), None)

    def _travels(self, value: Value | None) -> bool:
        return is_message(value) and value["source"] in self.lanes and value["dest"] in self.lanes

    def _lane(self, value: Value) -> int:
        return self.lanes.index(value)


def _message_note(kind: NoteKind, message: Fn, end: str) -> Note:
    return Note(kind, (f"{end} {compact(message['type'])}", *message_fields(message)))


def _change_note(change: Change, *, skip_key: bool) -> Note:
    return Note(NoteKind.CHANGE, (describe(change, skip_key=skip_key).line(ARROW),))


def _bands(steps: Iterable[Step], lanes: tuple[Value, ...], mode: str) -> tuple[Band, ...]:
    tones: dict[str, int] = {}
    open_bands: dict[int, Band] = {}
    done: list[Band] = []
    for row, step in enumerate(steps):
        for lane, word in enumerate(mode_of(step.state, mode, lanes)):
            tone = tones.setdefault(word, len(tones))
            band = open_bands.get(lane)
            if band is not None and band.mode == word:
                open_bands[lane] = replace(band, last=row)
                continue
            if band is not None:
                done.append(band)
            open_bands[lane] = Band(lane, row, row, word, tone)
    return tuple(sorted([*done, *open_bands.values()], key=lambda band: (band.lane, band.first)))
