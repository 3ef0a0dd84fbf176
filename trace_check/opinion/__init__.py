"""TLC's opinion of a short log: the log as a TLA+ module, and TLC's walk along it with the spec's actions.

It shares the reading and the order of lines with the replay, and nothing of how a step is judged.
"""
