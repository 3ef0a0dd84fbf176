"""Who sent what to whom, and what became of it: the data of the sequence diagram."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from pymodel.engine.result import Counterexample, Step
from pymodel.report.layout import draw
from pymodel.report.sequence import Fate, NoteKind, Sequence, sequence_of
from pymodel.values import Fn, State, Value

from .fixtures import long_run, message, split_brain

PING = message("Ping", "s1", "s2", term=1, age=0)
OLD_PING = Fn({**PING, "age": 1})
PONG = message("Pong", "s2", "s1", term=1, age=0)
START: State = {
    "currentTerm": Fn({"s1": 0, "s2": 0}),
    "votedFor": Fn({"s1": "Nil", "s2": "Nil"}),
    "messages": frozenset(),
    "commits": (),
}


def behaviour(*steps: tuple[str, dict[str, Value], dict[str, Value]]) -> Sequence:
    """The diagram of steps (action, parameters, changed variables) that start in START."""
    done = [Step("Init", {}, START)]
    for action, params, changed in steps:
        done.append(Step(action, params, {**done[-1].state, **changed}))
    return sequence_of(Counterexample("P", tuple(done)))


def fates(sequence: Sequence) -> list[tuple[Fate, int, int]]:
    """Per arrow its fate and the numbers of the steps that sent and ended it (0 if none did)."""
    return [(arrow.fate, arrow.row + 1, arrow.to_row + 1) for arrow in sequence.arrows]


SEND = ("Send", {"i": "s1"}, {"messages": frozenset({PING})})
TERM_2: dict[str, Value] = {"currentTerm": Fn({"s1": 0, "s2": 1})}


def test_the_split_brain_has_a_lane_a_server_and_a_row_a_step() -> None:
    sequence = sequence_of(split_brain())
    assert sequence.lanes == ("s1", "s2", "s3")
    assert [row.number for row in sequence.rows] == list(range(1, 13))
    assert sequence.summaries == ("Leader, currentTerm 1", "Follower, currentTerm 1", "Leader, currentTerm 1")
    leading = [(band.lane, band.first + 1, band.last + 1) for band in sequence.bands if band.mode == "Leader"]
    assert leading == [(0, 6, 12), (2, 12, 12)]


def test_a_row_tells_what_was_received_then_changed_then_sent() -> None:
    (node,) = sequence_of(split_brain()).rows[3].nodes
    assert node.lane == 1
    assert [note.kind for note in node.notes] == [
        NoteKind.IN,
        NoteKind.CHANGE,
        NoteKind.CHANGE,
        NoteKind.OUT,
    ]
    assert node.notes[0].pieces[:2] == ("from s1 RequestVoteRequest", "term 1")
    assert node.notes[1].pieces == ("currentTerm: 0 → 1",)


def test_messages_go_from_the_step_that_sent_them_to_the_step_that_used_them() -> None:
    assert fates(sequence_of(split_brain())) == [
        (Fate.DELIVERED, 3, 4),
        (Fate.DELIVERED, 4, 5),
        (Fate.DELIVERED, 9, 10),
        (Fate.DELIVERED, 10, 11),
    ]


def test_an_arrow_starts_and_ends_at_the_lines_that_name_its_message() -> None:
    sequence = sequence_of(long_run())
    for arrow in sequence.arrows:
        nodes = {node.lane: node for node in sequence.rows[arrow.row].nodes}
        assert nodes[arrow.lane].notes[arrow.note].kind is NoteKind.OUT
        if arrow.fate is Fate.DELIVERED:
            nodes = {node.lane: node for node in sequence.rows[arrow.to_row].nodes}
            assert nodes[arrow.to_lane].notes[arrow.to_note].kind is NoteKind.IN


def test_a_message_that_vanishes_without_effect_was_lost() -> None:
    sequence = behaviour(SEND, ("Drop", {"m": PING}, {"messages": frozenset()}))
    assert fates(sequence) == [(Fate.LOST, 2, 3)]
    assert sequence.rows[2].nodes == ()


def test_a_reply_alone_shows_that_a_message_was_received() -> None:
    assert fates(behaviour(SEND, ("Handle", {}, {"messages": frozenset({PONG})}))) == [
        (Fate.DELIVERED, 2, 3),
        (Fate.IN_FLIGHT, 3, 0),
    ]


def test_an_effect_outside_the_lanes_shows_that_a_message_was_received() -> None:
    sequence = behaviour(SEND, ("Handle", {}, {"messages": frozenset(), "commits": ("w1",)}))
    assert fates(sequence) == [(Fate.DELIVERED, 2, 3)]
    assert [note.pieces[0] for note in sequence.rows[2].nodes[0].notes] == ["from s1 Ping", "commits[1] + w1"]


def test_an_aged_message_is_the_same_message() -> None:
    tick = ("Tick", {"i": "s1"}, {"messages": frozenset({OLD_PING})})
    sequence = behaviour(SEND, tick, ("Handle", {}, {"messages": frozenset(), **TERM_2}))
    assert fates(sequence) == [(Fate.DELIVERED, 2, 4)]


def test_a_message_that_ages_into_its_duplicate_is_not_lost() -> None:
    sequence = behaviour(
        SEND,
        ("Tick", {}, {"messages": frozenset({OLD_PING})}),
        ("Send", {}, {"messages": frozenset({OLD_PING, PING})}),
        ("Tick", {}, {"messages": frozenset({OLD_PING})}),
    )
    assert Fate.LOST not in [arrow.fate for arrow in sequence.arrows]


def test_a_message_that_stays_in_the_set_is_received_by_the_step_that_names_it() -> None:
    assert fates(behaviour(SEND, ("Handle", {"m": PING}, TERM_2))) == [(Fate.DELIVERED, 2, 3)]
    assert fates(behaviour(SEND, ("Handle", {}, TERM_2))) == [(Fate.IN_FLIGHT, 2, 0)]


def test_a_message_of_the_initial_state_has_an_arrow_too() -> None:
    init = Step("Init", {}, {**START, "messages": frozenset({PING})})
    end = Step("Handle", {}, {**START, **TERM_2})
    assert fates(sequence_of(Counterexample("P", (init, end)))) == [(Fate.DELIVERED, 1, 2)]


def test_a_change_of_no_server_is_shown_at_the_acting_server_or_beside_the_row() -> None:
    named = behaviour(("Commit", {"i": "s2"}, {"commits": ("w1",)}))
    assert [node.lane for node in named.rows[1].nodes] == [1]
    unnamed = behaviour(("Commit", {}, {"commits": ("w1",)}))
    assert unnamed.rows[1].nodes == ()
    assert [note.pieces for note in unnamed.rows[1].shared] == [("commits[1] + w1",)]


def test_without_messages_the_lanes_are_the_domain_that_most_variables_share() -> None:
    two = behaviour(("Timeout", {}, TERM_2))
    assert two.lanes == ("s1", "s2")
    assert two.bands == ()


def test_a_variable_that_names_lanes_is_not_what_a_server_is_doing() -> None:
    voted: Value = Fn({"s1": "s2", "s2": "Nil"})
    assert behaviour(("Vote", {}, {"votedFor": voted})).bands == ()


def test_a_spec_without_lanes_gets_one() -> None:
    steps = (Step("Init", {}, {"x": 1}), Step("Next", {}, {"x": 2}))
    sequence = sequence_of(Counterexample("P", steps))
    assert sequence.lanes == ("state",)
    assert [note.pieces for note in sequence.rows[1].nodes[0].notes] == [("x: 1 → 2",)]


def test_lanes_that_no_variable_is_over_are_the_ends_of_the_messages() -> None:
    steps = (Step("Init", {}, {"net": frozenset()}), Step("Send", {}, {"net": frozenset({PING})}))
    sequence = sequence_of(Counterexample("P", steps))
    assert sequence.lanes == ("s1", "s2")
    assert sequence.summaries == ("", "")


def test_a_message_to_oneself_leaves_and_enters_on_the_same_side() -> None:
    own = message("Ping", "s1", "s1", term=1)
    voted: Value = Fn({"s1": "s1", "s2": "Nil"})
    sequence = behaviour(
        ("Send", {}, {"messages": frozenset({own})}),
        ("Handle", {}, {"messages": frozenset(), "votedFor": voted}),
    )
    assert fates(sequence) == [(Fate.DELIVERED, 2, 3)]
    drawing = draw(sequence)
    (line,) = drawing.arrows
    edge = f"{drawing.lanes[0].right:.1f}"
    assert line.d.startswith(f"M{edge} ") and line.end.d.startswith(f"M{edge} ")


def test_unnamed_parameters_do_not_change_the_arrows() -> None:
    named = split_brain()
    bare = replace(named, steps=tuple(replace(step, params={}) for step in named.steps))
    assert sequence_of(bare).arrows == sequence_of(named).arrows


def test_rows_do_not_overlap_and_boxes_stay_inside_their_rows_and_the_page() -> None:
    drawing = draw(sequence_of(long_run()))
    bottoms = [row.back.y + row.back.height for row in drawing.rows]
    assert all(row.back.y >= bottom for row, bottom in zip(drawing.rows[1:], bottoms, strict=False))
    for row, bottom in zip(drawing.rows, bottoms, strict=True):
        assert all(row.back.y < box.y and box.y + box.height < bottom for box in row.boxes)
        assert all(box.x + box.width < drawing.width for box in row.boxes)
    lanes = drawing.lanes
    assert all(lane.right < following.left for lane, following in pairwise(lanes))
    assert drawing.lanes[-1].right < drawing.width


def test_the_legend_names_only_what_occurs() -> None:
    def meanings(cex: Counterexample) -> list[str]:
        return [item.text.text for item in draw(sequence_of(cex)).legend]

    assert meanings(split_brain()) == ["Candidate", "Leader"]
    assert meanings(long_run()) == ["Candidate", "Leader", "lost or discarded", "still in flight"]
