"""Messages of a term below the receiver's own: what each node was told too late, and what it answered."""

from __future__ import annotations

from dataclasses import dataclass

from trace_check.event import ANSWER_TO, OTHER, PREVOTE, PREVOTE_RESPONSE, Event, Message
from trace_check.facts import own_terms, sent_term

_ANSWERS = frozenset(ANSWER_TO.values())
_WITHOUT_TERM_OF_SENDER = (PREVOTE, PREVOTE_RESPONSE, OTHER)


@dataclass
class Fenced:
    """Stale messages of one type from one node to another in one stale term.

    `refused` were answered in the negative, `acknowledged` in the positive, the others not at all as far as
    the log shows. Stale answers to earlier requests are late ones: nobody answers them.
    """

    type: str
    node: str
    sender: str
    term: int
    own_term: int
    count: int = 0
    refused: int = 0
    acknowledged: int = 0

    @property
    def request(self) -> bool:
        return self.type in ANSWER_TO


class Fencing:
    """Collects stale messages, event by event in causal order."""

    def __init__(self) -> None:
        self.received: dict[tuple[str, str, str, int], Fenced] = {}
        self._terms: dict[str, int] = {}
        self._incs: dict[str, str] = {}
        self._waiting: dict[tuple[str, str, str], tuple[str | None, Fenced]] = {}

    def see(self, event: Event) -> None:
        """Takes in one event."""
        node, msg = event.node, event.msg
        if event.inc and event.inc != self._incs.setdefault(node, event.inc):
            self._incs[node] = event.inc
            self._terms.pop(node, None)
        if msg is not None and event.kind == "recv":
            self._receive(event, msg)
        elif msg is not None and event.kind == "send" and msg.type in _ANSWERS:
            self._answer(event, msg)
        proven = [*own_terms(event), *(term for term in [sent_term(event)] if term is not None)]
        if proven:
            self._terms[node] = max(self._terms.get(node, 0), *proven)

    def _receive(self, event: Event, msg: Message) -> None:
        own = event.pre.term if event.pre is not None and event.pre.term is not None else None
        own = self._terms.get(event.node) if own is None else own
        answer = ANSWER_TO.get(msg.type)
        if answer is not None:
            self._waiting.pop((event.node, msg.src, answer), None)
        if msg.term is None or own is None or msg.term >= own or msg.type in _WITHOUT_TERM_OF_SENDER:
            return
        key = (msg.type, event.node, msg.src, msg.term)
        fenced = self.received.setdefault(key, Fenced(msg.type, event.node, msg.src, msg.term, own))
        fenced.count += 1
        fenced.own_term = max(fenced.own_term, own)
        if answer is not None:
            self._waiting[event.node, msg.src, answer] = (event.mid, fenced)

    def _answer(self, event: Event, msg: Message) -> None:
        key = (event.node, msg.dst, msg.type)
        waiting = self._waiting.get(key)
        if waiting is None:
            return
        mid, fenced = waiting
        if msg.answers is not None and msg.answers != mid:
            return
        del self._waiting[key]
        if msg.ok:
            fenced.acknowledged += 1
        else:
            fenced.refused += 1

    def all(self) -> list[Fenced]:
        """By receiver, sender, term and type."""
        return [self.received[key] for key in sorted(self.received, key=lambda k: (k[1], k[2], k[3], k[0]))]
