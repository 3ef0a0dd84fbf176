"""What happened, told event by event: roles and reigns, elections, fenced messages, client operations.

Each module keeps what a person wants to know of a log, healthy or not; none of them judges. Memory is
bounded by what there is to tell: terms, restarts, answers to clients by kind.
"""
