"""A controller's link to one synth: its state, its round trip, and the echoes that tell it how old touches are."""

from __future__ import annotations

import itertools
from typing import Any

from formant_net.client.peer import Peer, State
from formant_net.client.pingpong import PingPong
from formant_net.protocol.messages import Candidate, Ping, Point, Pong
from formant_net.protocol.timing import Timing

MOST_SLOW = 10
"""Slow answers after which the path itself is slow, and an echo is as good as it gets."""


class AnsweredLink:
    """What a controller keeps of its link to one synth. It stays while the link is made anew.

    now    when the controller learned of the synth, s
    """

    def __init__(self, peer: Peer, timing: Timing, now: float) -> None:
        self.peer = peer
        self.pings = PingPong(timing, 0.0)
        self.state: dict[str, Any] = {}
        """Of the synth's last pong."""
        self.channels: set[str] = set()
        self.early: list[Candidate | None] = []
        """Candidates that came before their offer."""
        self.ask_at: float | None = None
        """When to ping again out of turn, s, because no pong has come or the synth may not have had an echo yet.
        Without an echo the synth cannot tell how old touches are. The echo of a stamp that was long under way makes all
        touches look old, so the next quick answer is echoed at once as well."""
        self.lost_at = now
        """When the link was lost, or when the controller learned of a synth that has not offered yet, s."""
        self._timing = timing
        self._seq = itertools.count(1)
        self._echo: tuple[float, float] | None = None
        """The stamp of the synth's last pong, ms, and when it came, s."""
        self._quick = self._echoed = False
        """Whether that pong came quickly; whether a stamp was sent back."""
        self._slow = 0
        self._echoes_from: float | None = None
        """Timestamp of the first ping that carried a stamp that had come quickly, ms."""

    @property
    def is_open(self) -> bool:
        """True while touches go out on it."""
        return self.peer.state is State.OPEN

    def made(self) -> None:
        """Start a new connection: its messages are numbered anew."""
        self._seq = itertools.count(1)
        self.channels.clear()

    def opened(self, now: float) -> None:
        """The connection is open. Its round trip is not known yet."""
        self.pings = PingPong(self._timing, now)
        self._echo = self._echoes_from = None
        self._quick = self._echoed = False
        self._slow = 0

    def next_seq(self) -> int:
        """The number of the next message of touches."""
        return next(self._seq)

    def ping(self, points: list[Point], now: float) -> Ping:
        """The next ping, which carries the fingers. An answer is expected from now on."""
        self.peer.keeps_time = True
        rtt_s = self.pings.rtt_s
        # A silent synth is pinged once a second, as the others are, and not out of turn.
        patience_s = max(self._timing.ask_s, 2.0 * (rtt_s or 0.0))
        self.ask_at = None if self.peer.suspected else now + patience_s
        timestamp = self.pings.ping(now)
        echo, held = None, None
        if self._echo is not None:
            stamp, came_at = self._echo
            echo, held = stamp, round(1000.0 * (now - came_at), 3)
            self._echoed = True
            if self._quick and self._echoes_from is None:
                self._echoes_from = timestamp
        return Ping(
            timestamp=timestamp,
            t=round(now * 1000.0, 3),
            echo=echo,
            held=held,
            seq=self.next_seq(),
            points=points,
            rtt_ms=None if rtt_s is None else round(min(1e3 * rtt_s, 60_000.0), 1),
        )

    def pong(self, pong: Pong, now: float) -> bool:
        """Takes a pong. True when the synth has to be pinged again at once, because it has had no good echo yet.

        The state is always taken. Only an answer to our own ping counts as a round trip and a sign of life.
        """
        self.state = dict(pong.state)
        if not self.pings.pong(pong.timestamp, now):
            return False
        self.peer.heard(now)
        if pong.t is None:  # a synth that judges no ages
            self.ask_at = None
            return False
        self._echo = pong.t, now
        self._quick = self.pings.last_s <= self._timing.touch_age_s
        if not self._quick:
            self._slow += 1
            self._quick = self._slow > MOST_SLOW
        if self._echoes_from is None:
            return self._quick or not self._echoed
        if isinstance(pong.timestamp, float | int) and pong.timestamp >= self._echoes_from:
            self.ask_at = None
        return False
