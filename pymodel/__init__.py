"""Explicit-state model checker for stale-leader fencing in Raft, paired with a TLA+ spec.

`pymodel.engine` knows state graphs and no Raft, `pymodel.raft` is the protocol written once,
`pymodel.tlc` is the only part that runs Java, `pymodel.report` the only part that knows markup.
"""

__version__ = "0.1.0"
