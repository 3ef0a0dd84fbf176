"""The unbounded proof: an inductive invariant for any number of servers, terms and entries, discharged by Z3.

`logic` and `system` say what a proof consists of; `log_*` and `lease_*` are the two that there are;
`induction` discharges one, `stratify` checks its shape, `structure`, `evaluate` and `ground` find and
present a counterexample to induction, `link*` hold the proof against the model's own steps. Needs the
package z3-solver, which only this part imports.
"""
