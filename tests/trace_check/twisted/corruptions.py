"""Semantic corruptions of the good log, each with the rule that has to name it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .good_log import Line, Lines

Change = Callable[[Lines], None]


@dataclass(frozen=True)
class Corruption:
    """What is done to a copy of the log, and the rule that it breaks."""

    name: str
    rule: str
    change: Change

    def applied_to(self, lines: Lines) -> Lines:
        changed = copy.deepcopy(lines)
        self.change(changed)
        assert changed != lines, f"{self.name} changes nothing"
        return changed


CORRUPTIONS: list[Corruption] = []


def breaks(rule: str) -> Callable[[Change], Change]:
    """Registers a corruption under the name of its function."""

    def register(change: Change) -> Change:
        CORRUPTIONS.append(Corruption(change.__name__, rule, change))
        return change

    return register


def find(lines: Lines, *, nth: int = 0, **wanted: Any) -> Line:
    """The nth line with these fields; `msg_` and `state_` before a name look into those."""

    def value(line: Line, name: str) -> Any:
        part, _, inner = name.partition("_")
        if part in ("msg", "state", "pre") and inner:
            return line.get(part, {}).get(inner)
        return line.get("from" if name == "frm" else name)

    found = [line for line in lines if all(value(line, name) == want for name, want in wanted.items())]
    assert len(found) > nth, f"no such line: {wanted}"
    return found[nth]


def from_then_on(lines: Lines, line: Line, **changed: Any) -> None:
    """Changes the state of the line's node in this line and in all later ones of its incarnation."""
    own = [other for other in lines if other.get("node") == line["node"] and other["inc"] == line["inc"]]
    for number, other in enumerate(own[own.index(line) :]):
        for part in ("state", *(("pre",) if number else ())):
            if part in other:
                other[part] = {**other[part], **changed}


def after(lines: Lines, line: Line, event: str, **fields: Any) -> None:
    """Adds a line of the same node right after `line`, and counts the later ones on."""
    place = lines.index(line) + 1
    added = {name: line[name] for name in ("ts", "node", "inc")}
    for other in lines[place:]:
        if (other.get("node"), other.get("inc")) == (line["node"], line["inc"]):
            other["seq"] += 1
    lines.insert(place, {**added, "seq": line["seq"] + 1, "event": event, **fields})


def last_state(lines: Lines, node: str) -> dict[str, Any]:
    return dict(
        next(line["state"] for line in reversed(lines) if line.get("node") == node and "state" in line)
    )


@breaks("ElectionSafety")
def second_leader_in_a_term(lines: Lines) -> None:
    line = find(lines, node="n3", event="recv", state_term=2)
    after(lines, line, "state", state={**line["state"], "role": "leader"})
    after(lines, find(lines, node="n3", seq=line["seq"] + 1), "state", state=line["state"])


@breaks("ElectionSafety")
def second_leader_shown_by_its_append(lines: Lines) -> None:
    line = find(lines, node="n3", event="recv", state_term=2)
    msg = {"type": "append", "term": 2, "prev": [1, 1], "entries": [], "commit": 1}
    after(lines, line, "send", to="n1", mid="n3/a/forged", msg=msg)


@breaks("ElectionSafety")
def second_leader_by_its_record(lines: Lines) -> None:
    line = find(lines, node="n1", event="role", new_role="leader")
    line["new_term"] = 2


@breaks("VoteStable")
def votes_twice_by_its_state(lines: Lines) -> None:
    line = find(lines, node="n3", event="recv", state_term=2, nth=1)
    line["state"] = {**line["state"], "vote": "n1"}


@breaks("VoteStable")
def votes_twice_by_its_answer(lines: Lines) -> None:
    line = find(lines, node="n3", event="send", msg_type="vote_response", nth=1)
    after(
        lines,
        line,
        "send",
        to="n1",
        mid="n3/a/forged",
        msg={"type": "vote_response", "term": 2, "granted": True},
    )


@breaks("VoteStable")
def votes_again_after_a_restart(lines: Lines) -> None:
    for line in lines:
        if line.get("node") == "n3" and line["inc"] == "b":
            for part in ("pre", "state"):
                if part in line:
                    line[part] = {**line[part], "vote": "n2"}


@breaks("VoteStable")
def candidate_had_voted_for_another(lines: Lines) -> None:
    line = find(lines, node="n2", event="recv", state_term=1)
    msg = {"type": "request_vote", "term": 1, "last": [0, 0]}
    after(lines, line, "send", to="n3", mid="n2/a/forged", msg=msg)


@breaks("TermMonotonic")
def term_goes_back(lines: Lines) -> None:
    line = find(lines, node="n2", event="client_ok")
    line["state"] = {**line["state"], "term": 1}


@breaks("TermMonotonic")
def term_is_lost_in_a_restart(lines: Lines) -> None:
    line = find(lines, node="n3", inc="b", event="init")
    line["state"] = {**line["state"], "term": 1, "vote": "n1"}


@breaks("TermMonotonic")
def term_falls_below_that_of_a_sent_message(lines: Lines) -> None:
    line = find(lines, node="n1", event="send", msg_term=1, to="n3")
    msg = {"type": "append_response", "term": 9, "success": False}
    after(lines, line, "send", to="n3", mid="n1/a/forged", msg=msg)


@breaks("NoAckToStale")
def stale_append_is_acknowledged(lines: Lines) -> None:
    line = find(lines, event="send", msg_type="append_response", msg_success=False)
    line["msg"] = {**line["msg"], "success": True, "term": 1, "index": 2}


@breaks("NoAckToStale")
def stale_append_is_acknowledged_with_the_current_term(lines: Lines) -> None:
    line = find(lines, event="send", msg_type="append_response", msg_success=False)
    line["msg"] = {**line["msg"], "success": True, "index": 2}


@breaks("NoAckToStale")
def stale_append_is_acknowledged_without_a_term(lines: Lines) -> None:
    line = find(lines, event="send", msg_type="append_response", msg_success=False)
    line["msg"] = {"type": "append_response", "success": True, "index": 2, "re": line["msg"]["re"]}


@breaks("NoAckToStale")
def stale_candidate_gets_a_vote(lines: Lines) -> None:
    line = find(lines, node="n2", event="send", msg_type="append", nth=3)
    after(
        lines,
        line,
        "send",
        to="n1",
        mid="n2/a/forged",
        msg={"type": "vote_response", "term": 1, "granted": True},
    )


@breaks("StaleFrame")
def stale_append_changes_the_log(lines: Lines) -> None:
    line = find(lines, event="recv", node="n3", frm="n1", msg_term=1, pre_term=2)
    line["state"] = {**line["state"], "last": [4, 2]}


@breaks("StaleFrame")
def stale_append_moves_the_commit_index(lines: Lines) -> None:
    line = find(lines, event="recv", node="n3", frm="n1", msg_term=1, pre_term=2)
    line["pre"] = {**line["pre"], "commit": line["pre"]["commit"] - 1}


@breaks("CommitOnlyCurrentTerm")
def leader_commits_an_entry_of_an_old_term(lines: Lines) -> None:
    line = find(lines, node="n2", event="role", new_role="leader")
    before = {**line["state"], "commit": 0}
    from_back(lines, line, commit=0)
    assert line["state"] == before
    after(lines, line, "commit", state={**before, "commit": 1})


def from_back(lines: Lines, line: Line, **changed: Any) -> None:
    """Changes the state of the line's node in this line and in all earlier ones."""
    for other in lines[: lines.index(line) + 1]:
        for part in ("pre", "state"):
            if other.get("node") == line["node"] and part in other:
                other[part] = {**other[part], **changed}


@breaks("CommitMonotonic")
def commit_index_goes_back(lines: Lines) -> None:
    line = find(lines, node="n2", event="client_ok")
    line["state"] = {**line["state"], "commit": 1}


@breaks("CommitWithinLog")
def commit_index_beyond_the_log(lines: Lines) -> None:
    line = [one for one in lines if one.get("node") == "n1" and "state" in one][-1]
    line["state"] = {**line["state"], "commit": 9}


@breaks("StateMachineSafety")
def two_entries_are_committed_at_one_index(lines: Lines) -> None:
    line = find(lines, node="n1", event="role", new_role="follower")
    from_then_on(lines, line, last=[2, 1], commit=2)


@breaks("StateMachineSafety")
def acknowledged_entry_is_not_the_committed_one(lines: Lines) -> None:
    line = find(lines, event="client_ok", op="w3")
    line["entry"] = [3, 1]


@breaks("StateMachineSafety")
def committed_entry_is_overwritten(lines: Lines) -> None:
    line = find(lines, node="n2", event="send", msg_type="append", to="n1")
    line["msg"] = {**line["msg"], "prev": [0, 0], "entries": [[1, 2], [2, 2], [3, 2]]}


@breaks("OkIsChosen")
def write_is_acknowledged_before_its_entry_is_committed(lines: Lines) -> None:
    line = find(lines, event="client_ok", op="w3")
    line["entry"] = [4, 2]


@breaks("OkIsChosen")
def stale_leader_acknowledges_its_write(lines: Lines) -> None:
    line = find(lines, event="client_invoke", op="w2")
    appended = find(lines, node="n1", event="append", entries=[[2, 1]])
    after(lines, appended, "client_ok", op="w2", f="put", key="x", entry=[2, 1], state=appended["state"])
    assert line["node"] == "n1"


@breaks("LeaderAppendOnly")
def leader_removes_an_entry(lines: Lines) -> None:
    line = find(lines, node="n2", event="append", entries=[[3, 2]])
    after(lines, line, "state", state={**line["state"], "last": [2, 2]})


@breaks("LegalTransition")
def follower_becomes_leader_at_once(lines: Lines) -> None:
    find(lines, node="n2", event="role", new_role="leader")["old_role"] = "follower"


@breaks("LegalTransition")
def leader_becomes_candidate(lines: Lines) -> None:
    line = find(lines, node="n1", event="role", new_role="follower")
    line["new_role"] = "candidate"


@breaks("LegalTransition")
def role_record_goes_back_in_term(lines: Lines) -> None:
    find(lines, node="n2", event="role", new_role="candidate")["old_term"] = 7


@breaks("LegalTransition")
def deposed_leader_leads_its_term_again(lines: Lines) -> None:
    line = find(lines, node="n1", event="role", new_role="follower")
    after(lines, line, "state", state={**line["state"], "role": "leader"})


@breaks("StaleRejected")
def stale_append_is_refused_with_its_own_term(lines: Lines) -> None:
    line = find(lines, event="send", msg_type="append_response", msg_success=False)
    line["msg"] = {**line["msg"], "term": 1}


@breaks("StaleRejected")
def stale_append_is_dropped(lines: Lines) -> None:
    line = find(lines, event="send", node="n3", msg_type="append_response", msg_success=False)
    line["msg"] = {"type": "other"}


@breaks("DeposedWrite")
def deposed_leader_acknowledges_a_write(lines: Lines) -> None:
    line = find(lines, event="client_fail", op="w4")
    line["event"] = "client_ok"
    del line["error"]


@breaks("AuditFaithful")
def role_record_is_missing(lines: Lines) -> None:
    line = find(lines, node="n1", event="role", new_role="follower")
    line["event"] = "state"
    for name in ("old_role", "new_role", "old_term", "new_term", "reason"):
        del line[name]


@breaks("AuditFaithful")
def role_record_has_no_reason(lines: Lines) -> None:
    del find(lines, event="role", new_role="leader")["reason"]


@breaks("AuditFaithful")
def role_record_starts_where_the_last_one_did_not_end(lines: Lines) -> None:
    line = find(lines, node="n1", event="role", new_role="follower")
    line["old_role"] = "candidate"


@breaks("LeaderCompleteness")
def leader_lacks_a_committed_entry(lines: Lines) -> None:
    line = find(lines, node="n1", event="role", new_role="leader", nth=1)
    line["state"] = {**line["state"], "last": [2, 2]}


@breaks("CommittedStays")
def committed_entry_is_cut_from_the_log(lines: Lines) -> None:
    line = find(lines, node="n3", inc="b", event="init")
    line["state"] = {**line["state"], "last": [2, 2], "commit": 2}


@breaks("CommittedStays")
def committed_entry_is_lost_in_a_restart(lines: Lines) -> None:
    line = find(lines, node="n3", inc="b", event="init")
    line["state"] = {**line["state"], "last": [0, 0], "commit": 0}


@breaks("RedirectSound")
def client_is_redirected_to_the_node_that_it_asked(lines: Lines) -> None:
    find(lines, event="client_fail", op="w4")["hint"] = "n1"


@breaks("LeaseOverrun")
def write_is_accepted_after_the_lease(lines: Lines) -> None:
    line = find(lines, node="n1", event="lease_expire")
    after(lines, line, "append", entries=[[3, 1]], state={**line["state"], "last": [3, 1]})
    record = find(lines, node="n1", event="role", new_role="follower")
    from_then_on(lines, record, last=[3, 1])
    end_of_change(lines, record)


def end_of_change(lines: Lines, record: Line) -> None:
    """Gives the node the log back that it has in the good log, from the receipt on that replaced its end."""
    taken = find(lines, node=record["node"], event="recv", msg_entries=[[2, 2], [3, 2]])
    own = [line for line in lines if line.get("node") == record["node"]]
    for line in own[own.index(taken) :]:
        grown = line["seq"] >= find(lines, node=record["node"], event="append", entries=[[4, 3]])["seq"]
        for part in ("state", *(("pre",) if line is not taken else ())):
            if part in line:
                line[part] = {**line[part], "last": [4, 3] if grown else [3, 2]}


@breaks("LeaseOverrun")
def read_is_served_after_the_lease(lines: Lines) -> None:
    line = find(lines, node="n1", event="lease_expire")
    after(lines, line, "read", op="r9", f="get", key="x", state=line["state"])


@breaks("WriteExclusion")
def write_that_came_after_a_later_leader_is_acknowledged(lines: Lines) -> None:
    """The old leader never noticed: it leads on until the refusals come."""
    keep_leading(lines)
    line = find(lines, node="n1", event="client_fail", op="w2")
    state = {**line["state"], "role": "leader"}
    line.update(event="client_invoke", op="w5", ts=find(lines, node="n2", event="read")["ts"], state=state)
    line.pop("error")
    after(lines, line, "client_ok", op="w5", f="put", key="x", entry=[2, 1], state=state)


@breaks("StaleRead")
def stale_leader_serves_a_read_after_a_later_commit(lines: Lines) -> None:
    keep_leading(lines)
    line = find(lines, node="n1", event="client_fail", op="w2")
    line.update(event="read", op="r9", f="get", ts=find(lines, node="n2", event="read")["ts"])
    line.pop("error")
    line["state"] = {**line["state"], "role": "leader"}


def keep_leading(lines: Lines) -> None:
    """Takes the old leader's expiry and step-down out of the log."""
    record = find(lines, node="n1", event="role", new_role="follower")
    expiry = find(lines, node="n1", event="lease_expire")
    for line in (record, expiry):
        line["event"] = "state"
        line["state"] = {**line["state"], "role": "leader"}
        for name in ("old_role", "new_role", "old_term", "new_term", "reason"):
            line.pop(name, None)


@breaks("StepDownInTime")
def leader_stays_on_after_its_lease(lines: Lines) -> None:
    find(lines, node="n1", event="lease_expire")["event"] = "state"
    record = find(lines, node="n1", event="role", new_role="follower")
    record["ts"] = round(record["ts"] + 0.4, 3)
    find(lines, node="n1", event="client_fail", op="w2")["ts"] = round(record["ts"] + 0.01, 3)


@breaks("DefiniteFail")
def appended_write_is_refused_for_good(lines: Lines) -> None:
    find(lines, event="client_fail", op="w2")["error"] = "lease_expired"


@breaks("FreshRead")
def read_is_older_than_an_acknowledged_write(lines: Lines) -> None:
    line = find(lines, event="read", op="r1")
    line["state"] = {**line["state"], "commit": 2}
