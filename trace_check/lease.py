"""How long a leader has been without its quorum, by its own clock: as late as the log allows.

Every receipt from a peer counts as contact, whatever it says, and so does winning. A line that may have
others before it that are not in the log counts too: contact may have been there. What is overdue by this
count is overdue under every completion of the log, as long as the lines are numbered.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from trace_check.event import LEADER, Event, Place
from trace_check.facts import MID_STEP


@dataclass(eq=False)
class LeaseClock:
    """One node as a leader of `term` (None: it leads none). `contact` is its last possible quorum contact.

    `shows`: the log of this reign shows contact at all. `exact`: all its lines are numbered. `expired` is
    where it logged the end of its lease, `overdue_s` how long it has been without contact at the event at
    hand. `uses_mono`: its times are those of a monotonic clock, None before the first one. `reigned` counts
    the events of a leader that shows contact.
    """

    term: int | None = None
    contact: float | None = None
    shows: bool = False
    exact: bool = True
    expired: Place | None = None
    overdue_s: float = 0.0
    uses_mono: bool | None = None
    reigned: int = 0
    _heard: dict[str, float] = field(default_factory=dict)
    _untimed: bool = False
    _contact_at: Event | None = None
    _seq: int | None = None

    @property
    def contact_place(self) -> Place | None:
        """The line that shows the contact."""
        return None if self._contact_at is None else self._contact_at.place

    def see(self, event: Event, news: bool, peers_needed: int, limit_s: float) -> bool:
        """Takes in one event of the node; True if the node led until then and its lease is over.

        `news`: role and term that it shows are not known from an event before; `peers_needed`: how many peers
        make a majority with it, at least (one or more); `limit_s`: lease and clock error.
        """
        if self.uses_mono is None and (event.mono is not None or event.ts is not None):
            self.uses_mono = event.mono is not None
        now = event.mono if self.uses_mono else event.ts
        before, self._seq = self._seq, event.seq
        if self.term is None:
            self._lead(event, now)
            return False
        seq, msg, kind = event.seq, event.msg, event.kind
        if seq is None or before is None:
            self.exact = False
            if self._untimed and now is not None:
                self._reach(event, now)
        elif seq != before + 1 or (self._untimed and now is not None):
            self._reach(event, now)
        if msg is not None:
            if kind == "recv":
                self.shows = True
                if now is None or peers_needed == 1:
                    self._reach(event, now)
                else:
                    self._hear(event, msg.src, now, peers_needed)
        elif kind == "lease_renew":
            self.shows, self.expired = True, None
            self._reach(event, now)
        elif kind == "lease_expire":
            self.expired = event.place
        over = self.expired is not None and kind != "lease_expire"
        if self.shows and now is not None and self.contact is not None and now - self.contact > limit_s:
            self.overdue_s, over = now - self.contact, True
        if news:
            self._lead(event, now)
        if self.shows and self.term is not None:
            self.reigned += 1
        return over

    def _lead(self, event: Event, now: float | None) -> None:
        """Takes in the role that the event shows."""
        state, change = event.pre if event.state is None else event.state, event.change
        shown = None if state is None or event.kind in MID_STEP else state.role
        claimed = None if change is None else change.new_role
        if state is not None and shown == LEADER:
            leads = state.term
        else:
            leads = change.new_term if change is not None and claimed == LEADER else None
        if leads is not None:
            if leads != self.term:
                self._begin(leads, event, now)
        elif (claimed or shown) not in (None, LEADER):
            self.term = None

    def end(self) -> None:
        """The node restarts: it leads no more."""
        self.term, self._seq = None, None
        self.uses_mono = None

    def _begin(self, term: int, event: Event, now: float | None) -> None:
        self.term, self.exact, self.shows, self.expired = term, bool(event.inc), False, None
        self._heard.clear()
        self._reach(event, now)

    def _reach(self, event: Event, now: float | None) -> None:
        """Contact is possible up to this event."""
        if now is None:
            self._untimed = True
        elif self.contact is None or now >= self.contact:
            self.contact, self._contact_at, self._untimed = now, event, False

    def _hear(self, event: Event, peer: str, now: float, peers_needed: int) -> None:
        """Moves the contact on to where the last of the peers that make a majority was heard."""
        heard = self._heard
        heard[peer] = now
        if len(heard) >= peers_needed:
            oldest = sorted(heard.values())[-peers_needed]
            if self.contact is None or oldest > self.contact:
                self.contact, self._contact_at = oldest, event
