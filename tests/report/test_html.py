"""The HTML page: self-contained, escaped, complete."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pymodel.engine.result import Graph, Verdict
from pymodel.report import svg
from pymodel.report.html import render_html

from .fixtures import HOSTILE, hostile_run, long_run, passed, small_graph, violated


class Page(HTMLParser):
    """The tags, attributes and text of a page, and the text of each step."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)

    def with_class(self, name: str) -> int:
        return sum(name in (attributes.get("class") or "").split() for _, attributes in self.tags)


def test_a_violation_shows_verdict_witness_numbers_diagram_and_every_step() -> None:
    result = violated()
    page = Page(render_html(result))
    for expected in (
        "INVARIANT VIOLATED",
        "ElectionSafety",
        "AuditFaithful",
        "e2 = [term |-> 1, leader |-> s3]",
        "34,158 distinct, 121,662 generated",
        "1 action never fired before the search stopped: LeaseExpire",
        "RequestVoteRequest s1->s2 term 1 lastLogIndex 0 lastLogTerm 0 age 0",
    ):
        assert expected in page.text
    assert page.with_class("step") == 12
    assert page.count("details") == 11
    assert page.with_class("seq") == 1
    assert page.count("script") == 1


def test_the_full_state_marks_what_the_step_changed() -> None:
    source = render_html(violated())
    step = source[source.index('id="state-2"') : source.index('id="state-3"')]
    assert re.findall(r'<td class="changed">(.*?)</td>', step) == ["1", "Candidate", "s1", "{s1}"]
    first = source[source.index('id="state-1"') : source.index('id="state-2"')]
    assert "changed" not in first


def test_a_pass_shows_coverage_and_graph_and_needs_no_script() -> None:
    page = Page(render_html(passed(), small_graph()))
    assert "no violation in any reachable state" in page.text
    assert "3 states, 4 edges" in page.text
    assert page.count("svg") == 1
    assert page.count("script") == 0
    assert page.with_class("idle") == 1
    assert "collision" in page.text and "1.6E-10" in page.text


@pytest.mark.parametrize(
    ("verdict", "tone"),
    [
        (Verdict.OK, "good"),
        (Verdict.INVARIANT, "bad"),
        (Verdict.UNDETERMINED, "unknown"),
        (Verdict.ERROR, "unknown"),
    ],
)
def test_the_page_is_toned_by_the_verdict(verdict: Verdict, tone: str) -> None:
    page = Page(render_html(replace(passed(), verdict=verdict, detail="because")))
    assert dict(page.tags)["body"] == {"class": tone}
    assert "because" in page.text


def test_a_graph_that_cannot_be_drawn_is_named_not_skipped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    large = Graph(tuple({"x": number} for number in range(301)), (0,), frozenset())
    assert "301 states, too many to read" in Page(render_html(passed(), large)).text
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(svg.sys, "executable", str(tmp_path / "python"))
    page = Page(render_html(passed(), small_graph()))
    assert "The graph is not drawn: Graphviz is not installed" in page.text
    assert "pip install 'termfence[all]'" in page.text


def test_the_page_asks_the_network_for_nothing() -> None:
    result = replace(violated(), counterexample=long_run())
    source = render_html(result, small_graph())
    for _, attributes in Page(source).tags:
        assert not {"src", "srcset", "action", "data"} & attributes.keys()
        assert (attributes.get("href") or "#").startswith("#")
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest", source)
    addresses = set(re.findall(r"https?://[^\s\"'<]+", source))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_shown_and_never_become_markup(text: str) -> None:
    cex = hostile_run(text)
    tame = Page(render_html(replace(violated(), counterexample=hostile_run("tame"))))
    result = replace(
        violated(),
        counterexample=cex,
        violated=text,
        cfg=text,
        detail=text,
        warnings=(text,),
        also_violated=(text,),
    )
    page = Page(render_html(result))
    assert text in page.text
    assert page.count("script") == tame.count("script")
    assert page.count("img") == 0
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)


def test_the_page_is_the_same_in_every_run() -> None:
    assert render_html(violated(), small_graph()) == render_html(violated(), small_graph())
