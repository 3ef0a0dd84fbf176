"""The protocol of spec/RaftFencing.tla in Python, section by section and under the same names.

Read in this order: names (constants), state (variables), guards, steps, actions, environment,
invariants, properties; then bounds and mutants, the twins of spec/MC.tla; model puts them together, view
shows a state as TLA+ values.
"""
