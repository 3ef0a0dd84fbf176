"""JUnit XML as Jenkins and GitLab read it: one suite of cases, whoever found what in them.

Source: junit-10.xsd of the Jenkins plugin xunit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

FAILURE, ERROR, SKIPPED = "failure", "error", "skipped"

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Case:
    """One case. `element` is FAILURE, ERROR, SKIPPED, or empty for one that passed; the rest says why."""

    name: str
    element: str = ""
    message: str = ""
    type: str = ""
    text: str = ""


@dataclass(frozen=True)
class Suite:
    """All cases of one run. `name` tells the same cases of another tool and another subject apart."""

    tool: str
    name: str
    cases: Sequence[Case]
    properties: Sequence[tuple[str, str]]
    seconds: float
    output: str


def render_suite(suite: Suite) -> str:
    """The suite as an XML document; each case has an equal share of the time: systems add the cases up."""
    root = ElementTree.Element("testsuites", name=suite.tool, time=f"{suite.seconds:.3f}")
    element = ElementTree.SubElement(root, "testsuite", name=_text(suite.name), time=f"{suite.seconds:.3f}")
    properties = ElementTree.SubElement(element, "properties")
    for name, value in suite.properties:
        ElementTree.SubElement(properties, "property", name=name, value=_text(value))
    share = f"{suite.seconds / len(suite.cases) if suite.cases else 0:.3f}"
    for case in suite.cases:
        _add(element, suite, case, share)
    ElementTree.SubElement(element, "system-out").text = _text(suite.output)
    for name, kind in (("failures", FAILURE), ("errors", ERROR), ("skipped", SKIPPED)):
        element.set(name, str(len(element.findall(f"testcase/{kind}"))))
    element.set("tests", str(len(suite.cases)))
    for name in ("tests", "failures", "errors"):
        root.set(name, element.attrib[name])
    ElementTree.indent(root)
    return f"{_DECLARATION}\n{ElementTree.tostring(root, encoding='unicode')}\n"


def _add(element: ElementTree.Element, suite: Suite, case: Case, seconds: str) -> None:
    attributes = {"name": _text(case.name), "classname": _text(suite.name), "time": seconds}
    added = ElementTree.SubElement(element, "testcase", attributes)
    if case.element:
        note = ElementTree.SubElement(added, case.element, message=_text(case.message), type=case.type)
        note.text = _text(case.text)


def _text(text: str) -> str:
    """`text` with what XML cannot hold as a backslash escape."""
    return _NOT_XML.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
