"""What each guard is for: one operator swapped, and the property that dies of it.

registry.py reads the holes that are known, run.py searches them, ladder.py tries a swap nobody has named.
"""
