"""Beginnings of behaviours that the tests of actions and of properties share."""

from __future__ import annotations

from .cluster import Play, cluster, message

LEASES = {"LeasePolicy": "SendTime", "ElectionTicks": 2, "LeaseTicks": 2}


def audit(server: str, **fields: object) -> dict[str, object]:
    return {f"audit[{server}][{name}]": value for name, value in fields.items()}


def asked(**given: object) -> Play:
    """s1 asked s2 for its vote in term 1, which s2 knows of."""
    return Play(cluster(**given)).take("Timeout", i="s1").take("RequestVote", j="s2").take("UpdateTerm")


def request(
    source: str, dest: str, term: int, prev: tuple[int, int], *entries: object, commit: int = 0
) -> str:
    return message(
        "AppendEntriesRequest",
        source,
        dest,
        term,
        prevLogIndex=prev[0],
        prevLogTerm=prev[1],
        entries=entries,  # type: ignore[arg-type]
        commitIndex=commit,
        age=0,
    )


def answer(term: int, success: bool, index: int, age: int = 0) -> str:
    return message("AppendEntriesResponse", "s2", "s1", term, success=success, index=index, age=age)


def led(*writes: str, **given: object) -> Play:
    """s1 leads term 1, elected by s2, and accepted the writes."""
    return Play(cluster(**given)).elect("s1", "s2").write("s1", *writes)


def resent(**given: object) -> Play:
    """A copy of the request for w1 is still in flight to s2, which holds w1 and w2 by now."""
    play = led("w1", "w2", **given).take("AppendEntries", j="s2", n=1).take("HandleAppendEntriesRequest")
    play.take("AppendEntries", j="s2", n=1).take("HandleAppendEntriesResponse")
    play.take("AppendEntries", j="s2", n=1).take("HandleAppendEntriesRequest", prevLogIndex=1)
    assert [play.shown[f"log[s2][{k}][write]"] for k in (1, 2)] == ["w1", "w2"]
    return play


def old_entry(**given: object) -> Play:
    """s2 leads term 2 with w1 of term 1, which s3 acknowledged in term 2."""
    play = led("w1", **given).replicate("s1", "s2").elect("s2", "s3")
    play.take("AppendEntries", i="s2", j="s3", n=0).take("HandleAppendEntriesRequest")
    return play.take("HandleAppendEntriesResponse").replicate("s2", "s3")


def compacted(**given: object) -> Play:
    """s1 committed w1 on s2 and took a snapshot of it; s3 has nothing."""
    play = led("w1", **given).replicate("s1", "s2").take("AdvanceCommitIndex")
    return play.take("TakeSnapshot", i="s1")


def leased() -> Play:
    """s1 leads with leases, but has not heard of anyone since its election."""
    return Play(cluster(**LEASES)).take("Tick", i="s1").take("Tick", i="s1").elect("s1", "s2")
