"""A real Raft node with term fencing, a leader lease and a role transition log.

`core.py` is the protocol without I/O; the modules around it store, send, serve and log. Actions, guards and
variables carry the names of spec/RaftFencing.tla.
"""
