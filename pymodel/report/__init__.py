"""Results as text, HTML, SVG and DOT, for any spec: nothing here knows Raft.

Read in this order: `diff` (two states compared), `text`, `sequence` and `layout` (who sent what to whom,
and where it is drawn), `svg`, `dot`, `html`. Each module's public functions return the finished document.
"""
