"""Diagrams as SVG text: a counterexample as a sequence diagram, a small state graph through Graphviz.

The sequence diagram is drawn here, because Graphviz cannot keep lanes and ports aligned. It follows the
reader's light or dark preference; a graph keeps Graphviz's colours where no page restyles it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from markupsafe import Markup

from pymodel.engine.result import Counterexample, Graph
from pymodel.errors import ToolError
from pymodel.report.dot import graph_dot
from pymodel.report.layout import draw
from pymodel.report.pretty import printable
from pymodel.report.sequence import sequence_of
from pymodel.report.templates import render

_MEND = "pip install 'termfence[all]', or write the .dot source and lay it out elsewhere"
_TIMEOUT_S = 120


def counterexample_svg(cex: Counterexample) -> str:
    """A self-contained SVG document: a lane per server, a row per step, the messages as arrows."""
    return sequence_svg(cex, Markup(render("sequence.style.j2")))


def sequence_svg(cex: Counterexample, style: Markup) -> str:
    """The same diagram with the element `style` inside; empty for a page that brings the style itself."""
    label = f"Counterexample to {printable(cex.violated)}, {cex.length} states"
    return render("sequence.svg.j2", drawing=draw(sequence_of(cex)), label=label, style=style)


def graph_svg(graph: Graph) -> str:
    """The state graph as SVG. Raises UsageError for a graph too large to read, ToolError as render_svg."""
    return render_svg(graph_dot(graph))


def render_svg(dot_source: str) -> str:
    """`dot_source` laid out as an SVG document.

    Uses `dot` on PATH, or else PyPI's graphviz-pure. Raises ToolError if there is neither, or if it fails.
    """
    program = find_graphviz()
    command = [program, "-Tsvg"]
    try:
        run = subprocess.run(
            command, input=dot_source.encode(), capture_output=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolError(f"Graphviz did not finish: {error}", mend=_MEND, path=program) from error
    if run.returncode != 0:
        reason = run.stderr.decode(errors="replace").strip()
        message = f"Graphviz failed with exit code {run.returncode}: {reason}"
        raise ToolError(message, mend=_MEND, path=program)
    return run.stdout.decode()


def find_graphviz() -> str:
    """The path of `dot` on PATH, or of graphviz-pure beside this interpreter or on PATH."""
    scripts = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    program = shutil.which("dot") or shutil.which("graphviz-pure", path=scripts)
    if program is None:
        raise ToolError("Graphviz is not installed, and SVG graphs need it", mend=_MEND)
    return program
