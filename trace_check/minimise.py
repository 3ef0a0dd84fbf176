"""The fewest lines of a rejected log that are still rejected by the same rule.

First the lines that the explanation names, then the causal cone of the finding, then everything: the first of
these that still does it is cut by delta debugging until no line can be spared. So the result is minimal:
without any one of its lines the rejection is gone; another set may be smaller. The logs are never written.
Source: Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input, 2002.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pymodel.errors import UsageError
from trace_check.check import validate
from trace_check.errors import InputError
from trace_check.event import Place
from trace_check.files import is_binary, named_files, split_lines
from trace_check.load import load
from trace_check.places import ShortNames
from trace_check.report import Report
from trace_check.tiers import Tier


@dataclass(frozen=True)
class Witness:
    """What is left: the places of the kept lines in the original logs, and the files with copies of them.

    `rule` is the rule that still rejects, `lines` how many lines there were, `checks` how many subsets were
    tried.
    """

    rule: str
    kept: tuple[Place, ...]
    files: tuple[Path, ...]
    lines: int
    checks: int


@dataclass
class _Logs:
    """The lines of all logs by place, and the trial of subsets of them in a folder of its own."""

    texts: dict[Place, bytes]
    names: dict[str, str]
    format: str
    wanted: tuple[str, tuple[str, ...]]
    keep_causes: bool
    folder: Path
    checks: int = 0
    known: dict[frozenset[Place], bool] = field(default_factory=dict)

    def rejected(self, kept: Sequence[Place]) -> bool:
        """True if these lines alone are rejected by the same rule."""
        key = frozenset(kept)
        if key not in self.known:
            self.checks += 1
            self.known[key] = bool(kept) and self._try(kept)
        return self.known[key]

    def _try(self, kept: Sequence[Place]) -> bool:
        files = write_lines(self.folder, kept, self.texts, self.names)
        try:
            found = _root(validate(files, format=self.format, tier=Tier.rules))
        except InputError:
            return False
        finally:
            for file in files:
                file.unlink()
        same_causes = found[1] == self.wanted[1] or not self.keep_causes
        return found[0] == self.wanted[0] and same_causes


def minimise(paths: Sequence[Path], out: Path, *, format: str = "auto", keep_causes: bool = False) -> Witness:
    """The witness for the logs at `paths`, its files written into the folder `out`.

    With `keep_causes` the chain of causes has to stay the same too. Raises: InputError for logs that cannot
    be read; UsageError for logs that are not rejected, binary ones, and a folder that has files already.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError("is not an empty folder", mend="name one that does not exist yet", path=out)
    report = validate(paths, format=format, tier=Tier.rules)
    if report.explanation is None:
        mend = "name logs that `trace-check validate` rejects"
        raise UsageError(f"there is nothing to minimise: the logs are {report.verdict.value}", mend=mend)
    texts = _texts(paths, report)
    with tempfile.TemporaryDirectory() as folder:
        logs = _Logs(
            texts=texts,
            names=_file_names(report),
            format=format,
            wanted=_root(report),
            keep_causes=keep_causes,
            folder=Path(folder),
        )
        start = _start(logs, report, paths, format)
        kept = delta_debugged(start, logs.rejected)
    out.mkdir(parents=True, exist_ok=True)
    files = write_lines(out, kept, texts, logs.names)
    return Witness(logs.wanted[0], tuple(kept), tuple(files), len(texts), logs.checks)


def _root(report: Report) -> tuple[str, tuple[str, ...]]:
    """The rule that rejects, and the texts of the causes that it is explained by."""
    why = report.explanation
    if why is None:
        return "", ()
    return why.rule, tuple(cause.fact.text for cause in why.causes)


def _texts(paths: Sequence[Path], report: Report) -> dict[Place, bytes]:
    """Every line of the logs. Raises: UsageError for a log without lines."""
    read = {file.path for file in report.files}
    texts: dict[Place, bytes] = {}
    for path, _ in named_files(paths):
        if str(path) not in read:
            continue
        if is_binary(path):
            mend = "minimise the text logs without it, if they are rejected too"
            raise UsageError("is binary: it has no lines to leave out", mend=mend, path=path)
        for number, (line, _) in enumerate(split_lines(path), start=1):
            if line.strip():
                texts[Place(str(path), number)] = line
    return texts


def _file_names(report: Report) -> dict[str, str]:
    """A name for the copy of each file: its own, unpacked, and with a number where two are the same."""
    names: dict[str, str] = {}
    for file in report.files:
        plain = Path(file.path).name.removesuffix(".gz").removesuffix(".zst")
        plain = "stdin.ndjson" if plain == "-" else plain
        taken = sum(name.split("/")[-1] == plain for name in names.values())
        names[file.path] = f"{taken}/{plain}" if taken else plain
    return names


def write_lines(
    folder: Path, kept: Sequence[Place], texts: dict[Place, bytes], names: dict[str, str]
) -> list[Path]:
    """Copies the kept lines, in their order, into one file for each log that has some; the files."""
    of_file: dict[str, list[bytes]] = {}
    for place in sorted(kept):
        of_file.setdefault(place.path, []).append(texts[place])
    files = []
    for path, lines in of_file.items():
        file = folder / names[path]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"".join(line + b"\n" for line in lines))
        files.append(file)
    return files


def _start(logs: _Logs, report: Report, paths: Sequence[Path], format: str) -> list[Place]:
    """The smallest of the obvious sets that is still rejected: named lines, causal cone, all lines."""
    everything = sorted(logs.texts)
    why = report.explanation
    if why is None:
        return everything
    facts = [why.finding.seen, *(fact.seen for fact in why.finding.against)]
    if logs.keep_causes:
        facts += [cause.fact.seen for cause in why.causes]
    log = load(paths, format)
    index_of = log.index_of()
    of_events = {event.place for event in log.events}
    declarations = [place for place in everything if place not in of_events]
    named = [seen.place for seen in facts]
    cone = [log.events[index].place for index in log.cone([index_of[place] for place in named])]
    for candidate in ([*named, *declarations], [*cone, *declarations]):
        known = sorted({place for place in candidate if place in logs.texts})
        if logs.rejected(known):
            return known
    return everything


def delta_debugged(lines: list[Place], rejected: Callable[[Sequence[Place]], bool]) -> list[Place]:
    """A subset of `lines`, which are rejected, of which no line can be spared (the algorithm ddmin)."""
    parts = 2
    while len(lines) > 1:
        size = -(-len(lines) // parts)
        chunks = [lines[at : at + size] for at in range(0, len(lines), size)]
        for number, chunk in enumerate(chunks):
            rest = [line for other in (*chunks[:number], *chunks[number + 1 :]) for line in other]
            if rejected(chunk):
                lines, parts = chunk, 2
                break
            if rejected(rest):
                lines, parts = rest, max(parts - 1, 2)
                break
        else:
            if size == 1:
                return lines
            parts = min(len(lines), parts * 2)
    return lines


def render_witness(witness: Witness, texts_max: int = 240) -> str:
    """The witness as plain text: how many lines are left, where they are from, and what they say."""
    names = ShortNames({place.path for place in witness.kept})
    lines = [
        f"{witness.rule}: {len(witness.kept)} of {witness.lines} lines are enough ({witness.checks} checks)"
    ]
    copies = [line for file in witness.files for line in file.read_text(errors="replace").splitlines()]
    width = max(len(names.at(place)) for place in witness.kept)
    for place, text in zip(witness.kept, copies, strict=True):
        cut = text if len(text) <= texts_max else text[: texts_max - 1] + "…"
        lines.append(f"  {names.at(place).ljust(width)}  {cut}")
    lines.append(f"copied to {', '.join(str(file) for file in witness.files)}")
    return "\n".join(lines) + "\n"
