"""`python -m pymodel` is the command `pymodel`."""

from __future__ import annotations

from pymodel.cli import main

if __name__ == "__main__":
    main()
