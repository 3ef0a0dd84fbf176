"""`python -m trace_check`: the command `trace-check`."""

from trace_check.cli import main

main()
