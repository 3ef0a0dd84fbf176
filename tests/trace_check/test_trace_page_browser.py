"""The page of a trace in a real browser: what is seen, pointed at, filtered and searched; and a large log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import browser as chromium
import pytest
from browser import Browser

from trace_check import sample, validate
from trace_check.event import Event, Message, NodeState
from trace_check.load import Log, load
from trace_check.page import render_page

pytestmark = pytest.mark.skipif(chromium.find() is None, reason=chromium.MISSING)

READY = "document.documentElement?.dataset.ready === 'true'"
EVENTS = 100_000


def element(name: str) -> str:
    return f"document.getElementById({name!r})"


def text(tab: Browser, name: str) -> str:
    return str(tab.value(f"{element(name)}.textContent"))


def box(tab: Browser, selector: str) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of an element in the window."""
    area = f"document.querySelector({selector!r}).getBoundingClientRect()"
    left, top, right, bottom = tab.value(f"((a) => [a.left, a.top, a.right, a.bottom])({area})")
    return left, top, right, bottom


def centre(tab: Browser, selector: str) -> tuple[float, float]:
    left, top, right, bottom = box(tab, selector)
    return (left + right) / 2, (top + bottom) / 2


def listed(tab: Browser) -> list[str]:
    return list(tab.value("[...document.querySelectorAll('#rows .what')].map((cell) => cell.textContent)"))


def rows_high(tab: Browser) -> int:
    """How many rows the list has, in sight or not."""
    return int(tab.value(f"{element('rows')}.style.height.replace('px', '') / 24"))


def press(tab: Browser, selector: str) -> None:
    tab.value(f"document.querySelector({selector!r}).click()")
    tab.settle()


def pixels(tab: Browser, variable: str) -> int:
    """How many pixels of the lanes have exactly the colour of a style's variable."""
    js = f"""(() => {{
      const canvas = {element("lanes")}, copy = document.createElement("canvas");
      [copy.width, copy.height] = [canvas.width, canvas.height];
      const context = copy.getContext("2d", {{ willReadFrequently: true }});
      context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--{variable}").trim();
      context.fillRect(0, 0, 1, 1);
      const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
      context.clearRect(0, 0, 1, 1);
      context.drawImage(canvas, 0, 0);
      const {{ data }} = context.getImageData(0, 0, copy.width, copy.height);
      let count = 0;
      for (let at = 0; at < data.length; at += 4)
        count += data[at] === red && data[at + 1] === green && data[at + 2] === blue && data[at + 3] === 255;
      return count;
    }})()"""
    return int(tab.value(js))


@pytest.fixture(scope="module")
def tab() -> Iterator[Browser]:
    with chromium.browser(1400, 1100) as opened:
        yield opened


@pytest.fixture
def rejected(tab: Browser, tmp_path: Path) -> Iterator[Browser]:
    """The page of the double vote, freshly loaded; it may neither complain nor ask for anything."""
    files = sample("double_vote")
    path = tmp_path / "page.html"
    path.write_text(render_page(validate(files), load(files)), encoding="utf-8")
    tab.problems.clear()
    tab.requests.clear()
    tab.open(path, READY)
    yield tab
    assert tab.problems == []
    assert tab.requests == [path.as_uri()]


def test_lanes_and_the_violation_are_in_sight(rejected: Browser) -> None:
    names = rejected.value("[...document.querySelectorAll('#names span')].map((name) => name.textContent)")
    assert names == ["n1", "n2", "n3"]
    flags = rejected.value("[...document.querySelectorAll('#flags button')].map((flag) => flag.textContent)")
    assert flags == ["1", "2", "3", "4", "5  ElectionSafety", "6"]
    stage, flag = box(rejected, "#stage"), box(rejected, "#flags .root")
    assert stage[0] < flag[0] < flag[2] < stage[2]
    assert stage[1] < flag[1] < flag[3] < stage[3]
    third = box(rejected, "#names span:nth-child(3)")
    assert flag[3] <= third[3], "the flag is above the lane of n3"
    assert "n3 leads term 1" in text(rejected, "detail")
    assert pixels(rejected, "bad") > 50, "the findings are ringed"
    assert pixels(rejected, "tone2") > 200, "the reign of term 1 has its colour"


def test_pointing_at_an_event_a_reign_and_a_message(rejected: Browser) -> None:
    x, _ = centre(rejected, "#flags .root")
    lane = centre(rejected, "#names span:nth-child(3)")[1]
    rejected.mouse("mouseMoved", x, lane)
    assert "n3 receives vote response of term 1 from n1, granted" in text(rejected, "tip")
    assert "ElectionSafety: n3 leads term 1" in text(rejected, "tip")
    right, second = box(rejected, "#stage")[2], centre(rejected, "#names span:nth-child(2)")[1]
    rejected.mouse("mouseMoved", right - 60, second + 10)
    assert "n2 is leader of term 1" in text(rejected, "tip")
    assert "then: stops" in text(rejected, "tip")
    first = centre(rejected, "#names span:nth-child(1)")[1]
    voted = centre(rejected, "#flags button")[0]
    rejected.mouse("mouseMoved", (voted + x) / 2, (first + lane) / 2)
    assert "n1 sends vote response of term 1 to n3, granted" in text(rejected, "tip")
    assert "received after" in text(rejected, "tip")
    rejected.mouse("mouseMoved", 5, 5)
    assert rejected.value(f"{element('tip')}.hidden") is True


def test_filters(rejected: Browser) -> None:
    assert rows_high(rejected) == 70
    press(rejected, "#groups button:nth-child(2)")
    assert "filtered out" in text(rejected, "summary")
    assert rows_high(rejected) < 70
    assert not [row for row in listed(rejected) if "vote re" in row and "candidate to leader" not in row]
    press(rejected, "#groups button:nth-child(2)")
    assert rows_high(rejected) == 70
    press(rejected, "#cone")
    assert 5 <= rows_high(rejected) < 40
    assert any("candidate to leader" in row for row in listed(rejected))


def test_search(rejected: Browser) -> None:
    rejected.key("/")
    rejected.call("Input.insertText", text="by-first")
    rejected.settle()
    assert text(rejected, "hits") == f"{rows_high(rejected)} found"
    assert all("by-first" in row for row in listed(rejected))
    rejected.key("Enter")
    assert "by-first" in text(rejected, "detail")
    rejected.call("Input.insertText", text=" nowhere")
    rejected.settle()
    assert text(rejected, "hits") == "0 found"
    assert listed(rejected) == []


def test_zoom_moves_and_keys(rejected: Browser) -> None:
    whole = text(rejected, "summary")
    assert whole.startswith("13:35:55.")
    x, y = centre(rejected, "#stage")
    for _ in range(8):
        rejected.mouse("mouseWheel", x, y, deltaX=0, deltaY=-120)
    near = text(rejected, "summary")
    assert near != whole
    assert ": 70 of 70" not in near
    for kind, at in (("mousePressed", x), ("mouseMoved", x - 200), ("mouseReleased", x - 200)):
        rejected.mouse(kind, at, y, button="left", buttons=1, clickCount=1)
    assert text(rejected, "summary") not in (whole, near)
    rejected.key("0")
    assert text(rejected, "summary") == whole
    before = text(rejected, "detail")
    rejected.key("ArrowRight")
    assert text(rejected, "detail") != before
    rejected.key("ArrowLeft")
    assert text(rejected, "detail") == before
    press(rejected, "#axis")
    assert text(rejected, "summary").startswith("event ")


def test_a_step_of_the_chain_selects_its_event(rejected: Browser) -> None:
    press(rejected, ".chain li:nth-child(2) button")
    assert "n1 restarted with term 0, was 1" in text(rejected, "detail")
    assert rejected.value("document.querySelector('[aria-selected=true]').textContent").startswith("13:35:")


def test_dark_colours(rejected: Browser) -> None:
    light = rejected.value("getComputedStyle(document.body).backgroundColor")
    rejected.dark()
    assert rejected.value("getComputedStyle(document.body).backgroundColor") != light
    assert pixels(rejected, "bad") > 50, "the lanes are drawn anew"
    rejected.call("Emulation.setEmulatedMedia", features=[])


def large_log() -> Log:
    """Heartbeats of one leader to two followers, each answered."""
    events: list[Event] = []
    causes: list[tuple[int, ...]] = []
    last: dict[str, int] = {}
    leads = NodeState(role="leader", term=1)
    for number in range(EVENTS):
        step, other = number % 4, "n2" if number // 4 % 2 else "n3"
        kind, node = ("send", "recv")[step % 2], ("n1", other)[step in (1, 2)]
        src, dst = ("n1", other) if step < 2 else (other, "n1")
        msg = Message(type="append" if step < 2 else "append_response", raw_type="", src=src, dst=dst, term=1)
        state = leads if node == "n1" else None
        ts = 1e9 + number / 1e3
        events.append(Event(kind, node, "all.ndjson", number + 1, ts=ts, msg=msg, state=state))
        own = (last[node],) if node in last else ()
        causes.append((*own, number - 1) if kind == "recv" else own)
        last[node] = number
    small = load(sample("double_vote_refused"))
    file = replace(small.files[0], path="all.ndjson")
    return Log((file,), "native", tuple(events), tuple(causes), [])


def test_a_hundred_thousand_events(tab: Browser, tmp_path: Path) -> None:
    path = tmp_path / "large.html"
    path.write_text(render_page(validate(sample("double_vote_refused")), large_log()), encoding="utf-8")
    assert path.stat().st_size < 3_000_000
    tab.problems.clear()
    tab.open(path, READY)
    assert "100,000 of 100,000 events" in text(tab, "summary")
    assert "zoom in for single events" in text(tab, "summary")
    assert rows_high(tab) == EVENTS
    assert len(listed(tab)) < 40, "only the rows in sight exist"
    tab.value(f"{element('list')}.scrollTop = 24 * 60000")
    tab.settle()
    assert "all.ndjson:60001" in tab.value(f"{element('rows')}.textContent")
    for _ in range(12):
        press(tab, "[data-zoom='0.5']")
    assert "zoom in" not in text(tab, "summary")
    assert tab.problems == []
