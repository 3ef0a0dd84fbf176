"""Client writes, leases and time, faults: when each action is enabled, and all that it changes."""

from __future__ import annotations

from .cluster import Play, cluster, message
from .plays import LEASES, audit, compacted, leased, led

# Client writes


def test_accept_write() -> None:
    assert led("w1").changes() == {"log[s1][1][term]": 1, "log[s1][1][write]": "w1", "client[w1]": "Pending"}


def test_a_write_is_accepted_once_and_by_a_leader() -> None:
    play = led("w1")
    assert play.refuses("AcceptWrite", w="w1")
    assert play.refuses("AcceptWrite", i="s2")


def test_redirect_write() -> None:
    play = led().take("RedirectWrite", i="s2", w="w1")
    assert play.changes() == {"client[w1]": "Redirected"}
    assert play.refuses("RedirectWrite", w="w1")
    assert play.refuses("RedirectWrite", i="s1")


def test_reject_write() -> None:
    play = leased().take("RejectWrite", i="s1", w="w1")
    assert play.changes() == {"client[w1]": "Rejected"}


def test_writes_need_a_lease_and_a_lease_needs_a_quorum() -> None:
    play = leased()
    assert play.refuses("AcceptWrite")
    play.replicate("s1", "s2", n=0)
    assert play.refuses("RejectWrite")
    assert not play.refuses("AcceptWrite")


def test_without_leases_no_write_is_rejected() -> None:
    play = led()
    assert play.refuses("RejectWrite")
    assert not play.refuses("AcceptWrite")


# Lease and time


def test_one_clock_moves_all() -> None:
    play = leased().replicate("s1", "s2", n=0).take("Tick", i="s3")
    assert play.changes() == {"electionElapsed[s2]": 1, "ackAge[s1][s2]": 1}, "the others are saturated"


def test_a_skewed_clock_moves_alone_and_no_further_than_the_skew() -> None:
    play = Play(cluster(ElectionTicks=3, ClockSkew=1)).take("Tick", i="s1")
    assert play.changes() == {"electionElapsed[s1]": 1, "skew[s1]": 1}
    assert play.refuses("Tick", i="s1")
    play.take("Tick", i="s2").take("Tick", i="s3")
    assert play.changes() == {"electionElapsed[s3]": 1, "skew[s1]": 0, "skew[s2]": 0}
    assert not play.refuses("Tick", i="s1")


def test_messages_age_with_the_clock_of_whom_they_can_renew() -> None:
    play = Play(cluster(**{**LEASES, "ClockSkew": 2}))
    for server in ("s1", "s2", "s1", "s2"):
        play.take("Tick", i=server)
    play.elect("s1", "s2").take("AppendEntries", j="s2", n=0).take("Tick", i="s3").take("Tick", i="s3")

    def ages(action: str) -> set[object]:
        return {play.parameters(step)["age"] for step in play.options(action)}

    assert ages("HandleAppendEntriesRequest") == {0}
    play.take("Tick", i="s1")
    assert ages("HandleAppendEntriesRequest") == {1}
    play.take("HandleAppendEntriesRequest").take("Tick", i="s2")
    assert ages("HandleAppendEntriesResponse") == {1}, "an answer ages with the clock of the leader"
    play.take("Tick", i="s1")
    assert ages("HandleAppendEntriesResponse") == {2}


def test_vote_messages_carry_no_age() -> None:
    play = Play(cluster(**LEASES)).take("Tick", i="s1").take("Tick", i="s1").take("Timeout", i="s1")
    play.take("RequestVote", i="s1", j="s2").take("Tick", i="s1")
    assert play.changes() == {}


def test_without_timeouts_there_is_no_clock() -> None:
    assert Play(cluster()).refuses("Tick")
    assert not Play(cluster(LeaseTicks=1)).refuses("Tick")


def test_lease_expire_steps_down_and_keeps_the_vote() -> None:
    play = leased().replicate("s1", "s2", n=0)
    assert play.refuses("LeaseExpire")
    play.write("s1", "w1").take("Tick", i="s1").take("Tick", i="s1").take("LeaseExpire")
    assert play.changes() == {
        "role[s1]": "Follower",
        "client[w1]": "Unknown",
        **audit("s1", oldRole="Leader", newRole="Follower", reason="lease_expired"),
    }
    assert play.shown["votedFor[s1]"] == "s1"
    assert play.shown["currentTerm[s1]"] == 1


def test_without_leases_none_expires() -> None:
    assert led(LeaseTicks=1).refuses("LeaseExpire")


# Faults


def test_restart_keeps_what_is_durable() -> None:
    play = compacted().take("Restart", i="s1")
    assert play.changes() == {
        "role[s1]": "Follower",
        "matchIndex[s1][s2]": 0,
        "nextIndex[s1][s2]": 1,
        **audit("s1", oldRole="Leader", newRole="Follower", reason="restart"),
    }
    assert (play.shown["currentTerm[s1]"], play.shown["votedFor[s1]"]) == (1, "s1")
    assert play.shown["log[s1][1][write]"] == "w1"


def test_restart_commits_no_more_than_the_snapshot_and_waits_again() -> None:
    play = Play(cluster(ElectionTicks=1)).take("Tick", i="s1").elect("s1", "s2").write("s1", "w1")
    play.replicate("s1", "s2").take("AdvanceCommitIndex").replicate("s1", "s2", n=0).take("Tick", i="s1")
    play.take("Restart", i="s2")
    changes = play.changes()
    assert (changes["commitIndex[s2]"], changes["electionElapsed[s2]"], changes["leaderHint[s2]"]) == (
        0,
        0,
        "Nil",
    )
    assert changes["audit[s2][reason]"] == "restart", "a follower's restart is a record too"


def test_a_restarted_leader_leaves_its_writes_unknown() -> None:
    assert led("w1").take("Restart", i="s1").changes()["client[w1]"] == "Unknown"


def test_drop_message() -> None:
    play = Play(cluster()).take("Timeout", i="s1").take("RequestVote", j="s2").take("DropMessage")
    request = message("RequestVoteRequest", "s1", "s2", 1, lastLogIndex=0, lastLogTerm=0)
    assert play.changes() == {"-messages": request}


def test_faults_happen_only_where_the_cfg_has_them() -> None:
    play = Play(cluster(Faults=frozenset())).take("Timeout", i="s1").take("RequestVote", j="s2")
    assert play.refuses("Restart")
    assert play.refuses("DropMessage")


def test_without_history_none_is_kept() -> None:
    play = led("w1", History=frozenset()).replicate("s1", "s2")
    assert play.shown["acks"] == frozenset()
    assert play.shown["audit[s1][reason]"] == "start"
    assert play.shown["elections"] != frozenset()
