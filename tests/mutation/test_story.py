"""A behaviour told in one line."""

from __future__ import annotations

from pymodel.check import check
from pymodel.mutate.run import line_of
from pymodel.specfiles import find_cfg


def line(cfg: str) -> str:
    cex = check(find_cfg(cfg)).counterexample
    assert cex is not None
    return line_of(cex)


def test_a_vote_cast_twice_is_told_as_it_happens() -> None:
    assert line("mutant_vote_cleared") == (
        "s1 campaigns for term 1; s2 campaigns for term 1; s3 goes to term 1; s3 votes for s1 in term 1; "
        "s1 counts an answer of s3; s1 leads term 1; s1 steps down, its lease has ended; "
        "s1 votes for s2 in term 1; s2 counts an answer of s1; s2 leads term 1"
    )


def test_writes_commits_and_outcomes_are_told() -> None:
    told = line("witness_old_entry")
    for part in ("takes w1", "stores w1", "w1 is Unknown", "commits index 2, w2 is Ok"):
        assert part in told, told


def test_a_lasso_says_that_it_goes_on() -> None:
    assert line("liveness_split_vote").endswith("; and so on forever from state 5")
