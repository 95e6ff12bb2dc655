"""The pulse of an edge: it writes its own entry regularly, and the engine sends the entries of all edges back.

The entries show which edges run. Its own entry shows an edge that the engine still answers.

Out of scope: the clients of those edges (shared.py).
"""

from __future__ import annotations

import math

from formant_net.server.registry import stored
from formant_net.server.registry.leases import Place
from formant_net.server.registry.registry import Restart, Write
from formant_net.timers.deadlines import Deadlines

PULSE_S = 5.0
"""Seconds between two writes of an edge's own entry."""
ECHO_S = 3.0
"""Seconds without its own entry after which an edge gives up its session with the engine."""
PULSES = 3
"""Missing pulses after which an edge counts as gone."""
NO_CLIENT = -1
"""Serial number of a write that belongs to no client."""


class Pulse:
    """The pulse of one edge, and the other edges whose pulse it receives.

    url      where clients reach this edge, without a key; the other edges get it
    late     the engine has not answered in time
    """

    def __init__(self, place: Place, ttl_s: float, pulse_s: float = PULSE_S) -> None:
        self._place = place
        self._pulse_s = min(pulse_s, ttl_s / PULSES)
        self.url = ""
        self.late = False
        self._edges: dict[str, stored.EdgeEntry] = {}
        self._alive: Deadlines[str] = Deadlines()
        self._beat_at: float | None = None
        self._echo_by: float | None = None

    def others(self) -> list[Place]:
        """The other edges that run."""
        return [Place(entry.edge, node, entry.location) for node, entry in self._edges.items()]

    def urls(self) -> list[str]:
        """The URLs at which clients reach the other edges."""
        return [entry.url for entry in self._edges.values() if entry.url]

    def session_begins(self, now: float) -> None:
        """A session has begun: the engine's content is being read."""
        for node in self._edges:  # no entry could arrive without a session: each edge gets the full time to send one
            self._alive.set(node, now + PULSES * self._pulse_s)
        self._beat_at = None
        self._echo_by = now + 2.0 * ECHO_S

    def session_runs(self, now: float) -> None:
        """The engine's content has been read: begin to write the own entry regularly."""
        self.late = False
        self._beat_at = now

    def session_ends(self) -> None:
        """The session has ended: stop writing the own entry."""
        self._beat_at = self._echo_by = None

    def heard(self, node: str, entry: stored.EdgeEntry | None, stored_s: float, now: float) -> None:
        """An edge wrote its entry `stored_s` seconds ago, or has stopped (`entry` None)."""
        if entry is None:
            self._edges.pop(node, None)
            self._alive.discard(node)
        elif node == self._place.node:
            if self._beat_at is not None:  # before that, the entry is an old one from the first reading
                self._echo_by = None
                self.late = False
        elif stored_s < PULSES * self._pulse_s:
            self._edges[node] = entry
            self._alive.set(node, now + PULSES * self._pulse_s - stored_s)

    def next_deadline(self) -> float | None:
        """When `due` must be called next, s, or None."""
        moments = (self._alive.next(), self._beat_at, self._echo_by)
        return min((moment for moment in moments if moment is not None), default=None)

    def due(self, now: float) -> list[Write | Restart]:
        """Forget dead edges, write the own entry when it is due, and restart a session whose engine does not answer."""
        for node in self._alive.due(now):
            self._edges.pop(node, None)
        out: list[Write | Restart] = []
        if self._beat_at is not None and now >= self._beat_at:
            self._beat_at = now + self._pulse_s
            if self._echo_by is None:
                self._echo_by = now + ECHO_S
            out.append(self._own())
        if self._echo_by is not None and now >= self._echo_by:
            self._echo_by = None
            self.late = True
            out.append(Restart(f"no answer for {ECHO_S:g} s"))
        return out

    def _own(self) -> Write:
        place = self._place
        entry = stored.EdgeEntry(edge=place.edge, node=place.node, location=place.location, url=self.url)
        keep_s = math.ceil(PULSES * self._pulse_s) + 2
        return Write(stored.EDGES + place.node, stored.encode(entry), None, False, keep_s, NO_CLIENT)
