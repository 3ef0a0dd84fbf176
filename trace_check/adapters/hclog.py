"""Lines of hashicorp's logger: JSON, text with key=value fields, and the text of releases before 1.1.

Decides time, module, message and fields of a line, and whose it is where several nodes share a file behind a
prefix (`consul-1 | ...`). It knows no raft; the old texts of raft are given the names that the later releases
use.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from trace_check.adapters.wire import decoder_of
from trace_check.event import Place

_TEXT = re.compile(
    r"(?:(?P<label>\S+)\s+\| +)?.*?"
    r"(?P<ts>\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)"
    r"\s+\[(?P<level>[A-Z]+)\]\s+(?:(?P<module>[\w.-]*raft[\w.-]*): )(?P<rest>.*)"
)
_FIELDS = re.compile(r'([\w.-]+)=("(?:[^"\\]|\\.)*"|\S+)')
_FIRST_FIELD = re.compile(r"(?<= )[\w.-]+=")
_NODE = re.compile(r"Node at (?P<address>\S+) \[\w+\]")

_ENTERING = r"Node at (?P<node>\S+) \[\w+\] entering "
_LOST_TO_VOTE = "lost leadership because received a requestVote with a newer term"

_OLD_TEXTS = tuple(
    (re.compile(pattern), message)
    for pattern, message in (
        (_ENTERING + r'Follower state(?: \(Leader: "(?P<leader>.*)"\))?', "entering follower state"),
        (_ENTERING + r"Candidate state(?: in term (?P<term>\d+))?", "entering candidate state"),
        (_ENTERING + r"Leader state", "entering leader state"),
        (
            r"Vote granted from (?P<from>\S+?)(?: in term (?P<term>\d+))?\. Tally: (?P<tally>\d+)",
            "vote granted",
        ),
        (r"Election won\. Tally: (?P<tally>\d+)", "election won"),
        (r"Newer term discovered, fallback to follower", "newer term discovered, fallback to follower"),
        (r"Heartbeat timeout .*reached, starting", "heartbeat timeout reached, starting election"),
        (r"Duplicate RequestVote for same term: (?P<term>\d+)", "duplicate requestVote for same term"),
        (r"Failed to contact quorum of nodes", "failed to contact quorum of nodes, stepping down"),
        (r"Rejecting vote request from (?P<from>\S+) since (?:our|we) .*", "rejecting vote request"),
        (r"peer \S+ has newer term, stopping", "peer has newer term, stopping replication"),
        (r"lost leadership because received a requestVote with (?:a )?newer term", _LOST_TO_VOTE),
        (r"Clearing log suffix from (?P<from>\d+) to (?P<to>\d+)", "clearing log suffix"),
        (r"Initial configuration \(index=(?P<index>\d+)\): (?P<servers>.*)", "initial configuration"),
    )
)


class HcLine(msgspec.Struct):
    """A line: its time as written, the logger's module, the message, its fields, a label before it."""

    ts: float | str | None
    module: str
    msg: str
    fields: dict[str, str]
    label: str = ""


_decode = decoder_of(dict[str, Any])


def line_of(line: bytes, place: Place) -> HcLine | None:
    """The line, None for one that is not of this logger. Raises: InputError for broken JSON."""
    if line.lstrip().startswith(b"{"):
        return _of_json(_decode(line, place))
    match = _TEXT.match(line.decode(errors="replace"))
    if match is None:
        return None
    msg, fields = _of_text(match["rest"])
    return HcLine(match["ts"], match["module"], msg, fields, match["label"] or "")


def _of_json(fields: dict[str, Any]) -> HcLine | None:
    """The line of a JSON object: hclog's own keys, or those of a logger that hclog writes to."""
    msg = fields.get("@message", fields.get("msg"))
    ts = fields.get("@timestamp", fields.get("time", fields.get("ts")))
    if not isinstance(msg, str) or isinstance(ts, dict | list | bool):
        return None
    module = fields.get("@module", fields.get("action", "raft"))
    shown = {name: _shown(value) for name, value in fields.items() if not name.startswith("@")}
    return HcLine(ts, module if isinstance(module, str) else "", msg, shown)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _of_text(rest: str) -> tuple[str, dict[str, str]]:
    """Message and fields of what stands behind the module."""
    for pattern, message in _OLD_TEXTS:
        old = pattern.match(rest)
        if old is not None:
            return message, {name: value for name, value in old.groupdict().items() if value is not None}
    first = _FIRST_FIELD.search(rest)
    if first is None:
        return rest, {}
    fields = {name: value.strip('"') for name, value in _FIELDS.findall(rest, first.start())}
    return rest[: first.start()].rstrip(" ").removesuffix(":"), fields


def address_in(value: str) -> str:
    """The address in `Node at ADDRESS [Role]`, any other word as it is; "" for an object without text."""
    match = _NODE.match(value)
    return match["address"] if match is not None else "" if value.startswith("{") else value
