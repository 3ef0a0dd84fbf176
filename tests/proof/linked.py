"""Behaviours of the model played with a proof beside them."""

from __future__ import annotations

from typing import Any

from pymodel.engine.instance import Instance
from pymodel.proof.link import Link, relation, table
from pymodel.proof.structure import Number, Relation
from pymodel.values import Value
from tests.raft.cluster import Play

SERVERS = ("s1", "s2", "s3")


class Linked(Play):
    """A behaviour in the making, linked to a proof: each step is one of the proof's, and the whole invariant
    holds in each state."""

    def __init__(self, instance: Instance, link: Link) -> None:
        super().__init__(instance)
        self.link = link
        self.known = link.start(instance.bound, self.state)

    def take(self, action: str, **wanted: Value) -> Linked:
        chosen = self.options(action, **wanted)
        super().take(action, **wanted)
        named: dict[str, Any] = {
            param.name: item for param, item in zip(chosen[0].action.params, chosen[0].params, strict=True)
        }
        self.known = self.link.step(action, named, self.before, self.state, self.known)
        return self

    def wait(self, ticks: int) -> Linked:
        """Every clock moves on by so much; where they may differ, one after the other."""
        for _ in range(ticks):
            for server in SERVERS if self.bound.bound.names["ClockSkew"] else SERVERS[:1]:
                self.take("Tick", i=server)
        return self

    def rows(self, name: str) -> Relation:
        return relation(self.known, name)

    def committed(self, term: int) -> Number:
        """The index up to which the leader of a term committed."""
        return table(self.known, "termCommit")[term,]


def every_action(play: Linked) -> None:
    """All that the model does under the policy SendTime: five writes, of which three are appended."""
    play.wait(4).elect("s1", "s2")
    play.take("RejectWrite", i="s1", w="w1").take("RedirectWrite", i="s2", w="w2")
    play.replicate("s1", "s2", n=0).write("s1", "w3").replicate("s1", "s2")
    play.take("AdvanceCommitIndex", i="s1").take("TakeSnapshot", i="s1")
    play.take("InstallSnapshot", i="s1", j="s3").take("UpdateTerm", dest="s3")
    play.take("HandleInstallSnapshotRequest", dest="s3")
    play.take("InstallSnapshot", i="s1", j="s3").take("HandleInstallSnapshotRequest", dest="s3")
    play.take("HandleInstallSnapshotResponse", dest="s1").write("s1", "w4")
    play.take("AppendEntries", i="s1", j="s3", n=1).take("DropMessage", dest="s3")
    play.take("AppendEntries", i="s1", j="s2", n=0).take("HandleAppendEntriesRequest", dest="s2")
    play.wait(4).take("LeaseExpire", i="s1").elect("s1", "s2")
    play.take("DropStaleResponse", dest="s1").take("Restart", i="s3")
    play.take("AppendEntries", i="s1", j="s2", n=0)
    play.take("HandleAppendEntriesRequest", dest="s2")  # refused: w4 is not in the log of s2
    play.take("HandleAppendEntriesResponse", dest="s1").replicate("s1", "s2")
    play.write("s1", "w5").replicate("s1", "s2").take("AdvanceCommitIndex", i="s1")


def sampled(play: Linked) -> None:
    """A leader that looks at the end of each of its timeouts whether a quorum answered, and one that did
    not hear from any."""
    play.wait(1).elect("s1", "s2").replicate("s1", "s2", n=0).wait(1).take("SampleQuorum", i="s1")
    play.wait(1).take("LeaseExpire", i="s1")


def poll(play: Linked, server: str, voter: str) -> None:
    """The server may campaign: the voter would vote for it."""
    play.take("StartPreVote", i=server).take("RequestPreVote", i=server, j=voter)
    play.take("HandlePreVoteRequest", dest=voter).take("HandlePreVoteResponse", dest=server)


def every_feature(play: Linked) -> None:
    """Pre-votes, both kinds of reads, and a transfer that another aborts: with reads r1 and r2, one tick of
    election timeout. s2 is told to campaign when its own timeout has passed too."""
    poll(play.wait(1), "s1", "s2")
    play.elect("s1", "s2").replicate("s1", "s2", n=0).write("s1", "w1").replicate("s1", "s2")
    play.take("AdvanceCommitIndex", i="s1")
    play.take("LeaseRead", i="s1", q="r1").take("BeginRead", i="s1", q="r2")
    play.replicate("s1", "s2", n=0).take("ServeRead", q="r2")
    play.take("TransferLeadership", i="s1", j="s2").take("AbortTransfer", i="s1").wait(1)


def told(play: Linked) -> None:
    """The server that was told to campaign does, and is elected."""
    play.take("HandleTimeoutNow", dest="s2").take("RequestVote", i="s2", j="s3").take("UpdateTerm", dest="s3")
    play.take("HandleRequestVoteRequest", dest="s3").take("HandleRequestVoteResponse", dest="s2")
    play.take("BecomeLeader", i="s2")
