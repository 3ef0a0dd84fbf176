"""The merge: vector clocks against the graph of causes, reading ahead against reading all, ties at random."""

from __future__ import annotations

import json
import random
import tracemalloc
from itertools import pairwise
from pathlib import Path

import pytest
from tracelogs import Line, at, config, line, write

from tests.bench.cluster_log import write_log
from tests.bench.trace_speed import measure
from trace_check import Report, order, passes, sample, validate
from trace_check.causal import Order, causal_order
from trace_check.errors import InputError
from trace_check.event import Event
from trace_check.lanes import Feed
from trace_check.order import SEARCH_LINES, Merge
from trace_check.passes import Watcher
from trace_check.reader import read
from trace_check.tiers import Tier
from trace_check.track import NodeView, Seen


class Places:
    """A watcher that keeps where each event is."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []

    def begin(self) -> None:
        self.seen.clear()

    def see(self, event: Event, view: NodeView) -> None:
        self.seen.append(view.seen)


def whole(paths: list[Path]) -> Order:
    return causal_order(read(paths).events)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_log(tmp_path_factory.mktemp("cluster"), events=3000, nodes=5)


def test_vector_clocks_know_what_the_graph_of_causes_knows(cluster: list[Path]) -> None:
    for paths in (list(sample("double_vote")), cluster):
        watcher: Watcher = Places()
        validate(paths, watchers=[watcher])
        order, chance = whole(paths), random.Random(3)
        places = {event.place: index for index, event in enumerate(order.events)}
        assert isinstance(watcher, Places)
        for _ in range(300):
            one, two = chance.choice(watcher.seen), chance.choice(watcher.seen)
            assert one.before(two) == order.before(places[one.place], places[two.place])


def test_reading_ahead_orders_as_reading_all_does(cluster: list[Path]) -> None:
    watcher = Places()
    report = validate(cluster, watchers=[watcher])
    order = whole(cluster)
    assert [seen.place for seen in watcher.seen] == [event.place for event in order.events]
    assert (report.matched, report.unmatched, report.inversions) == (order.matched, order.unmatched, 0)


def test_an_id_may_be_used_by_every_pair_of_nodes(tmp_path: Path) -> None:
    def message(event: str, src: str, dst: str, mid: str) -> Line:
        ends = {"to": dst} if event == "send" else {"frm": src}
        msg = {"type": "append", "term": 1}
        return line(src if event == "send" else dst, event, mid=mid, msg=msg, **ends)

    sent = [message("send", "n1", "n2", mid) for mid in ("0", "1")]
    others = [message("recv", "n1", "n3", "1"), message("recv", "n3", "n2", "0")]
    taken = [message("recv", "n1", "n2", mid) for mid in ("1", "0")]
    for lines in ([*sent, *others, *taken], [*taken, *others, *sent], [*others, *sent, *taken]):
        report = validate([write(tmp_path / "all", lines)], tier=Tier.rules)
        assert (report.matched, report.unmatched) == (2, 2)


def test_a_message_waits_for_its_receipt_and_is_known_for_its_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order, "_SENDINGS_KEPT", 128)
    monkeypatch.setattr(order, "_DONE_KEPT", 8)
    msg = {"type": "append", "term": 1}

    def sent(mid: str) -> Line:
        return line("n1", "send", to="n2", mid=mid, msg=msg)

    def taken(mid: str) -> Line:
        return line("n2", "recv", frm="n1", mid=mid, msg=msg)

    def counts(*lines: Line) -> tuple[int, int]:
        timed = [{**one, "ts": float(number)} for number, one in enumerate(lines)]
        report = validate([write(tmp_path / "all", timed)], tier=Tier.rules)
        return report.matched, report.unmatched

    others = [one for mid in range(500) for one in (sent(f"{mid}"), taken(f"{mid}"))]
    assert counts(sent("slow"), *others, taken("slow")) == (501, 0)
    assert counts(sent("a"), taken("a"), taken("a"), sent("a"), taken("a")) == (3, 0)
    assert counts(*others, taken("495"), taken("0")) == (501, 1)


def test_a_sending_far_ahead_is_found_and_one_too_far_is_not(tmp_path: Path) -> None:
    def matched(lines_before: int) -> int:
        msg = {"type": "append", "term": 1}
        sender = [at("n1", term=1, ts=100.0 + n) for n in range(lines_before)]
        sender.append(line("n1", "send", to="n2", mid="m", msg=msg, ts=1e5))
        receiver = [line("n2", "recv", frm="n1", mid="m", msg=msg, ts=1.0)]
        return validate([write(tmp_path / "1", sender), write(tmp_path / "2", receiver)]).matched

    assert matched(10) == matched(SEARCH_LINES - 100) == 1
    assert matched(SEARCH_LINES + 100) == 0


@pytest.mark.parametrize("cuts", [(2,), (20, 40, 60, 300), (500, 501)])
@pytest.mark.parametrize("merged", [False, True])
def test_a_log_in_parts_is_read_as_one(
    cuts: tuple[int, ...], merged: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = write_log(tmp_path / "whole", events=3000, nodes=5, merged=merged)
    for path in cluster:
        lines = path.read_text().splitlines(keepends=True)
        for number, (start, end) in enumerate(pairwise((0, *cuts, len(lines)))):
            # The newest part has the lowest number, as log rotation has it.
            (tmp_path / f"{path.name}.{9 - number}").write_text("".join(lines[start:end]))
    monkeypatch.delattr(passes, "_sorted_pass")
    whole, parts = validate(cluster), validate(sorted(tmp_path.glob("*.ndjson.*")))
    assert (parts.events, parts.verdict, parts.matched) == (whole.events, whole.verdict, whole.matched)
    assert essence(parts) == essence(whole)


@pytest.mark.parametrize("cuts", [(0, 10_000), (0, 500, 1000, 10_000), (0, 4, 504, 1004, 10_000)])
def test_a_file_that_holds_one_node_after_another_is_read_for_each(
    cluster: list[Path], cuts: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the last cuts all nodes are known from the start."""
    monkeypatch.setattr(order, "SEARCH_LINES", 128)
    monkeypatch.delattr(passes, "_sorted_pass")
    logs = [path.read_text().splitlines(keepends=True) for path in cluster]
    blocks = [log[start:end] for start, end in pairwise(cuts) for log in logs]
    path = tmp_path / "all.ndjson"
    path.write_text("".join(text for lines in blocks for text in lines))
    whole, merged = validate(cluster), validate([path])
    assert (merged.events, merged.matched, merged.unmatched) == (whole.events, whole.matched, 0)
    assert essence(merged) == essence(whole)


def test_parts_without_numbers_follow_each_other_by_time_or_not_at_all(tmp_path: Path) -> None:
    def events(second: list[Line]) -> int:
        first = [at("n1", term=1, ts=ts) for ts in (1.0, 3.0, 2.0)]
        paths = [write(tmp_path / "1", first), write(tmp_path / "2", second)]
        return validate(paths, tier=Tier.rules).events

    def part(*times: float | None) -> list[Line]:
        return [{**at("n1", term=2), **({} if ts is None else {"ts": ts})} for ts in times]

    assert events(part(3.0, 5.0, 4.0)) == 6
    assert events(part(0.5, 1.0)) == 5
    for second in (part(3.0, 2.5), part(2.0), part(None)):
        with pytest.raises(InputError, match="cannot be put in order"):
            events(second)


def essence(report: Report) -> list[tuple[str, str, int]]:
    return [(rule.rule, rule.outcome.value, rule.count) for rule in report.rules]


@pytest.mark.parametrize("name", ["failover", "double_vote", "double_vote_refused"])
@pytest.mark.parametrize("seed", range(4))
def test_no_rule_depends_on_the_order_between_nodes(
    name: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = validate(sample(name), tier=Tier.rules)
    read, chance = Merge._read, random.Random(seed)

    def at_random(self: Merge, feed: Feed, count: int | None) -> int:
        before = {lane.number: len(lane.queue) for lane in self.lanes.values()}
        events = read(self, feed, count)
        for lane in self.lanes.values():
            for place in range(before.get(lane.number, 0), len(lane.queue)):
                lane.queue[place] = (chance.random(), *lane.queue[place][1:])
        heads = [lane.queue[0][0] if lane.queue else 0.0 for lane in self._order]
        self._heap[:] = sorted((heads[number], number) for _, number in self._heap)
        return events

    monkeypatch.setattr(Merge, "_read", at_random)
    shuffled = validate(sample(name), tier=Tier.rules)
    assert shuffled.verdict is expected.verdict
    assert essence(shuffled) == essence(expected)


def test_each_nodes_own_order_stands_in_the_merge(cluster: list[Path]) -> None:
    order = whole(cluster)
    for node in {event.node for event in order.events}:
        numbers = [event.seq or 0 for event in order.events if event.node == node]
        assert all(before < after for before, after in pairwise(numbers))


def test_a_late_declaration_is_known_from_the_start(tmp_path: Path) -> None:
    lost: list[Line] = [at("n1", term=2), {**at("n1", term=1), "inc": "b"}]
    more = [{**at("n1", term=1, ts=float(n)), "inc": "b"} for n in range(200)]
    path = write(tmp_path / "a", [*lost, *more])
    assert validate([path]).explanation is not None
    with path.open("a") as out:
        out.write(json.dumps(config("n1", durable=False)) + "\n")
    assert validate([path]).explanation is None


def test_the_long_log_of_the_benchmark_is_a_good_one(cluster: list[Path]) -> None:
    report = validate(cluster, tier=Tier.rules)
    assert (report.exit_code, report.deviations, report.reasons) == (0, (), ())
    checked = {rule.rule for rule in report.rules if rule.outcome.value == "pass"}
    assert len(checked) >= 15, sorted(checked)


def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    peaks = []
    for events in (4_000, 16_000):
        paths = write_log(tmp_path / str(events), events=events)
        tracemalloc.start()
        try:
            validate(paths, tier=Tier.rules)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] < peaks[0] + (4 << 20)


@pytest.mark.parametrize("tier", ["1", "2"])
def test_the_speed_benchmark_measures(tier: str, cluster: list[Path]) -> None:
    verdict, events, wall, cpu, peak_mib = measure(cluster, 1, tier)
    assert (verdict, events) == ("accepted", validate(cluster).events)
    assert wall > 0 < cpu and peak_mib > 1
