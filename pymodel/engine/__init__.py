"""The search: state graphs, properties, counterexamples. Nothing here knows Raft."""
