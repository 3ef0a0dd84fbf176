"""The figures of a log as text: one section for each thing that a person asks about."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from pymodel.terminal import columns
from trace_check.history.clients import Operations
from trace_check.history.contact import StepDown
from trace_check.history.elections import Election
from trace_check.history.fencing import Fenced
from trace_check.history.roles import LOG_ENDS, Span
from trace_check.places import ShortNames
from trace_check.stats import Stats

Row = tuple[str, ...]

_UNKNOWN = "?"
_REFUSALS_NAMED_MAX = 3


@dataclass(frozen=True)
class Section:
    """One table: the rows below the head, or what to say where there are none."""

    title: str
    head: Row
    rows: tuple[Row, ...]
    otherwise: str


def sections(found: Stats) -> list[Section]:
    """All tables of figures in the order in which they are read."""
    names = ShortNames(found.files)
    tables = [
        ("leaders", _leaders(found, names), "no line shows a leader"),
        ("overlaps of leaders", _overlaps(found), "none"),
        ("step-downs", _step_downs(found), "none"),
        ("elections", _elections(found), "no line shows a candidate or a vote"),
        ("stale messages", _fenced(found), "none"),
        ("client operations", _operations(found), "none"),
        ("commits", _commits(found), "no line shows a commit index"),
        ("restarts", _restarts(found, names), "none"),
    ]
    return [Section(title, rows[0], tuple(rows[1:]), otherwise) for title, rows, otherwise in tables]


def render_stats(found: Stats) -> str:
    """The figures as plain text; a section without figures says so in one line."""
    lines = _head(found)
    for section in sections(found):
        lines += ["", section.title if section.rows else f"{section.title}: {section.otherwise}"]
        if section.rows:
            lines += [f"  {row}".rstrip() for row in columns([section.head, *section.rows])]
    return "\n".join(lines) + "\n"


def _head(found: Stats) -> list[str]:
    nodes = ", ".join(found.nodes) or "no node"
    lines = [f"{found.events:,} events of {nodes}, format {found.format or 'unknown'}"]
    if found.start is not None and found.end is not None:
        lasting = seconds(found.end - found.start)
        lines.append(f"from {_clock(found.start)} to {_clock(found.end)} ({lasting})")
    silent = [node for node in found.members if node not in found.nodes]
    if silent:
        lines.append(f"without a line: {', '.join(silent)}")
    declared = (
        ("lease", found.lease_ms),
        ("election timeout", found.election_timeout_ms),
        ("clock error at most", found.clock_error_ms),
    )
    told = [f"{name} {value:g} ms" for name, value in declared if value is not None]
    lines.append(f"declared: {', '.join(told) or 'neither lease nor election timeout nor clock error'}")
    return lines


def _leaders(found: Stats, names: ShortNames) -> list[Row]:
    rows: list[Row] = [("term", "leader", "from", "to", "for", "until it", "first line")]
    for reign in found.reigns:
        ended = reign.ended + (f": {reign.reason}" if reign.reason else "")
        lasting = (
            _UNKNOWN if reign.start is None or reign.until is None else seconds(reign.until - reign.start)
        )
        term = _UNKNOWN if reign.term is None else str(reign.term)
        rows.append(
            (term, reign.node, _clock(reign.start), _end_of(reign), lasting, ended, names.at(reign.place))
        )
    return rows


def _end_of(reign: Span) -> str:
    return "" if reign.ended == LOG_ENDS else _clock(reign.until)


def _overlaps(found: Stats) -> list[Row]:
    rows: list[Row] = [("leaders", "from", "for", "")]
    for overlap in found.overlaps:
        both = f"{_led(overlap.first)} and {_led(overlap.second)}"
        lasting = overlap.end - overlap.start
        note = "ONE TERM" if overlap.same_term else ""
        if found.clock_error_ms is not None and lasting * 1000 <= found.clock_error_ms:
            note = f"{note} within the clock error".strip()
        rows.append((both, _clock(overlap.start), seconds(lasting), note))
    return rows


def _led(reign: Span) -> str:
    return f"{reign.node} of term {_UNKNOWN if reign.term is None else reign.term}"


def _step_downs(found: Stats) -> list[Row]:
    rows: list[Row] = [
        ("term", "leader", "after quorum contact", "after the successor's start", "reason", "")
    ]
    for fall in found.step_downs:
        term = _UNKNOWN if fall.reign.term is None else str(fall.reign.term)
        contact, successor = (
            _UNKNOWN if value is None else seconds(value)
            for value in (fall.after_contact, fall.after_successor)
        )
        rows.append((term, fall.reign.node, contact, successor, fall.reign.reason or "", _late(fall, found)))
    return rows


def _late(fall: StepDown, found: Stats) -> str:
    """Whether the leader kept its office longer than the lease allows, or else the election timeout."""
    limit = found.lease_ms if found.lease_ms is not None else found.election_timeout_ms
    name = "lease" if found.lease_ms is not None else "election timeout"
    if limit is None or fall.after_contact is None:
        return ""
    late = fall.after_contact * 1000 - limit
    return f"{seconds(late / 1000)} later than the {name}" if late > 0 else f"within the {name}"


def _elections(found: Stats) -> list[Row]:
    rows: list[Row] = [("term", "candidates", "votes", "won by", "after")]
    for election in found.elections:
        if not election.candidates and not election.votes:
            continue
        won = ", ".join(election.leaders) or "nobody, as far as is logged"
        after = "" if election.seconds is None else seconds(max(0.0, election.seconds))
        rows.append((str(election.term), ", ".join(election.candidates), _votes(election), won, after))
    return rows


def _votes(election: Election) -> str:
    """`n2 3, n1 1`: the votes that each candidate got, and who gave two."""
    got = Counter(candidate for voted in election.votes.values() for candidate in voted)
    twice = sorted(voter for voter, voted in election.votes.items() if len(voted) > 1)
    told = ", ".join(f"{candidate} {count}" for candidate, count in got.most_common())
    return told + (f"; VOTED TWICE: {', '.join(twice)}" if twice else "")


def _fenced(found: Stats) -> list[Row]:
    rows: list[Row] = [("at", "from", "message", "its term", "own term", "count", "answer")]
    for row in found.fenced:
        term, own = str(row.term), str(row.own_term)
        rows.append((row.node, row.sender, row.type, term, own, str(row.count), _answers(row)))
    return rows


def _answers(row: Fenced) -> str:
    if not row.request:
        return "a late answer"
    silent = row.count - row.refused - row.acknowledged
    told = ((row.refused, "refused"), (row.acknowledged, "ACKNOWLEDGED"), (silent, "no answer logged"))
    return ", ".join(f"{count} {what}" for count, what in told if count)


def _operations(found: Stats) -> list[Row]:
    rows: list[Row] = [
        ("at", "writes", "acknowledged", "refused", "reads", "by term", "refusals", "sent on to")
    ]
    for row in found.operations:
        terms = ", ".join(f"{count} in {term}" for term, count in sorted(row.acknowledged_by_term.items()))
        asked = str(row.writes_asked) if row.writes_asked else _UNKNOWN
        counts = (asked, str(row.writes_acknowledged), str(row.writes_refused), str(row.reads))
        sent_on = ", ".join(f"{node}: {count}" for node, count in sorted(row.redirects.items()))
        rows.append((row.node, *counts, terms, _refusals(row), sent_on))
    return rows


def _refusals(row: Operations) -> str:
    common = row.refusals.most_common(_REFUSALS_NAMED_MAX)
    more = len(row.refusals) - len(common)
    told = [f"{reason}: {count}" for reason, count in common]
    return ", ".join([*told, f"{more} other reasons"] if more else told)


def _commits(found: Stats) -> list[Row]:
    rows: list[Row] = [("node", "commit index", "last index", "times it went up")]
    for row in found.commits:
        last = _UNKNOWN if row.last is None else str(row.last)
        rows.append((row.node, str(row.index), last, str(row.advances)))
    return rows


def _restarts(found: Stats, names: ShortNames) -> list[Row]:
    rows: list[Row] = [("node", "at", "incarnation", "term before", "term after", "first line")]
    for row in found.restarts:
        before, after = (_UNKNOWN if t is None else str(t) for t in (row.term_before, row.term_after))
        lost = " LOST" if _went_back(row.term_before, row.term_after) else ""
        rows.append((row.node, _clock(row.ts), row.inc, before, after + lost, names.at(row.place)))
    return rows


def _went_back(before: int | None, after: int | None) -> bool:
    return before is not None and after is not None and after < before


def _clock(moment: float | None) -> str:
    """`04:55:15.898`, in UTC; small numbers are no dates and stay seconds."""
    if moment is None:
        return _UNKNOWN
    if moment < _YEAR_S:
        return f"{moment:.3f}"
    return datetime.fromtimestamp(moment, UTC).strftime("%H:%M:%S.%f")[:-3]


def seconds(duration: float) -> str:
    """A duration with its unit: `340 us`, `12.5 ms`, `2.333 s`, `3 min 20 s`."""
    size = abs(duration)
    if size < 0.001:
        return f"{duration * 1e6:.0f} us"
    if size < 1:
        return f"{duration * 1e3:.1f} ms"
    if size < 120:
        return f"{duration:.3f} s"
    whole = round(size)
    return f"{'-' if duration < 0 else ''}{whole // 60} min {whole % 60} s"


_YEAR_S = 365 * 24 * 3600.0
