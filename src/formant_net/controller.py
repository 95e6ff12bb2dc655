"""The controller's core: it answers every synth that offers, and tells all of them where the fingers are."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from formant_net import peer as peers
from formant_net.backoff import Backoff
from formant_net.client_core import ClientCore
from formant_net.effects import COMMANDS, PARAMS, AddCandidate, CloseLink, Effect, MakeAnswer, Send, Told
from formant_net.errors import ProtocolError
from formant_net.gesture import TimedTouch
from formant_net.messages import (
    MAX_FINGERS,
    Answer,
    Candidate,
    Channel,
    Command,
    Description,
    FingerId,
    IceCandidate,
    Message,
    Offer,
    Param,
    Ping,
    Point,
    Pong,
    Touch,
    Unknown,
)
from formant_net.peer import ANSWERER, Action, Peer
from formant_net.pingpong import PingPong
from formant_net.signaling import Server
from formant_net.timing import Timing

MAX_SYNTHS = 64
MAX_EARLY_CANDIDATES = 32
LOOK_S = 0.1
"""After a setting, until its synth is pinged out of turn."""
REMEMBER_S = 30.0
"""A synth that is lost is shown so long, so that one sees what is missing; then it is forgotten. Silence counts."""


@dataclass(frozen=True, slots=True)
class SynthView:
    """What is known of one synth: its last state, and how fresh that is."""

    id: str
    open: bool
    state: Mapping[str, Any]
    rtt_s: float | None
    loss: float
    stale: bool


class _Link:
    """What a controller keeps of one synth beside its machine."""

    def __init__(self, peer: Peer, pings: PingPong) -> None:
        self.peer = peer
        self.pings = pings
        self.state: dict[str, Any] = {}
        self.seq = itertools.count(1)
        self.channels: set[str] = set()
        self.echo: tuple[float, float] | None = None
        """The stamp of the synth's last pong, ms, and when it came, s."""
        self.echoes_from: float | None = None
        """Timestamp of the first ping that carried one, ms."""
        self.ask_at: float | None = None
        """When to ping again out of turn, s: no pong has come, or the synth is not known to have had an echo, without
        which it cannot tell how old touches are."""
        self.early: list[Candidate | None] = []
        self.lost_at = 0.0
        """When it was lost, or heard of without an offer, s."""


class Controller(ClientCore[_Link, Effect]):
    """One controller between its server and its synths. No I/O, no clock: `now` is s of one monotonic clock.

    random    floats in 0…1 for the jitter of the back-off
    """

    role = "controller"

    def __init__(
        self,
        client_id: str,
        servers: Sequence[Server],
        timing: Timing,
        random: Callable[[], float],
        *,
        meta: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(client_id, "controller", meta, servers, timing, random)
        self._link_numbers = itertools.count(1)
        self._fingers: dict[FingerId, Point] = {}
        self._last = Point(id=0, x=0.0, y=0.0)
        self._repeats = 0
        self._resend_at: float | None = None
        self._ping_at: float | None = None

    # --- what the shell asks ---------------------------------------------------------------------------------

    def synths(self, now: float) -> list[SynthView]:
        """All synths that have offered, with the state of their last pong."""
        return [
            SynthView(
                id=name,
                open=link.peer.state is peers.State.OPEN and not link.peer.suspected,
                state=link.state,
                rtt_s=link.pings.rtt_s,
                loss=link.pings.loss(now),
                stale=link.pings.stale(now),
            )
            for name, link in self._links.items()
        ]

    @property
    def settled(self) -> bool:
        """True when no finger is down and the last release has been repeated often enough."""
        return not self._fingers and self._repeats == 0

    # --- what the player does --------------------------------------------------------------------------------

    def touch(self, touches: Iterable[TimedTouch], now: float) -> None:
        """Fingers came down, moved or were lifted, all at `now`: every synth is told at once."""
        lifted = False
        changed = False
        for touch in touches:
            before = self._fingers.get(touch.id)
            since = round(now * 1000.0, 1) if before is None else before.since
            point = Point(id=touch.id, x=touch.x, y=touch.y, z=touch.z, since=since)
            if touch.active:
                if before is None and len(self._fingers) >= MAX_FINGERS:
                    self.counters["fingers_beyond_limit"] += 1
                    continue
                self._fingers[touch.id] = point
            else:
                lifted = self._fingers.pop(touch.id, None) is not None or lifted
            self._last = point
            changed = True
        if not changed:
            return
        self._repeats = self._timing.release_repeats if lifted else self._repeats
        self._send_touch(self._open_links(), now)

    def release_all(self, now: float) -> None:
        """All fingers up."""
        self.touch(
            [TimedTouch(now, point.id, point.x, point.y, point.z, active=False) for point in self._fingers.values()],
            now,
        )

    def set_volume(self, value: float) -> None:
        """Master volume of every synth, 0…1."""
        for link in self._open_links():
            self._send(link, PARAMS, Param(name="volume", value=value))

    def set_power(self, on: bool) -> None:
        """Power of every synth; goes on the reliable channel where the synth offers one."""
        for link in self._open_links():
            channel = COMMANDS if COMMANDS in link.channels else PARAMS
            self._send(link, channel, Command(name="power", value=on))

    def set(self, name: str, message: Param | Command, now: float) -> None:
        """One setting (docs/protocol.md) of the synth `name` alone, if its link is open."""
        for link in self._open_links():
            if link.peer.name == name:
                reliable = isinstance(message, Command) and COMMANDS in link.channels
                self._send(link, COMMANDS if reliable else PARAMS, message)
                link.ask_at = now + LOOK_S  # the next pong says whether it was taken
                self._note_deadlines(link)

    # --- what the shell tells --------------------------------------------------------------------------------

    def stop(self, now: float) -> None:
        """The end: every link is closed. Lift the fingers and wait until `settled` before."""
        for link in self._links.values():
            if link.peer.state is not peers.State.WAITING:
                self._out.append(CloseLink(link.peer.name, link.peer.link))
        self._links.clear()
        self._signaling.stop("stopped", now)
        self._settle()

    def described(self, name: str, number: int, sdp: str, now: float) -> None:
        """The answer of a link is complete: send it."""
        if self._current(name, number) is not None:
            answer = Description(type="answer", sdp=sdp)
            self._signaling.send(Answer(source=self._id, target=name, data=answer))
            self._settle()

    def link_opened(self, name: str, number: int, channel: str, now: float) -> None:
        """A channel of a link is open; with `params` the link is."""
        link = self._current(name, number)
        if link is None:
            return
        link.channels.add(channel)
        if channel != PARAMS:
            return
        self._step(link, peers.Event.OPENED, now)
        link.pings = PingPong(self._timing, now)
        link.echo = link.echoes_from = None
        # The synth's state comes with the first pong, so ask at once; the fingers ride along, and what is held sounds.
        self._ping(link, now)
        self._out.append(Told("synth linked", {"id": name, "in_ms": round((now - link.peer.made_at) * 1000)}))
        if self._ping_at is None:
            self._ping_at = now + self._timing.ping_s
            self._wakeup.by(self._ping_at)

    def link_lost(self, name: str, number: int, reason: str, now: float) -> None:
        """A link closed or failed; `reason` in words. The synth will offer another."""
        link = self._current(name, number)
        if link is not None:
            self._lose(link, reason, now)

    def link_abused(self, name: str, number: int, reason: str, now: float) -> None:
        """The synth does what none of ours does: its link ends. It may offer another, which its server counts."""
        self.link_lost(name, number, reason, now)

    def channel(self, name: str, number: int, channel: str, message: Channel | Unknown, now: float) -> None:
        """A message on a data channel."""
        link = self._current(name, number)
        if link is None:
            return
        if isinstance(message, Pong):
            # The state is worth having in any case; only an answer to our own ping is a round trip and a sign of life.
            link.state = dict(message.state)
            if link.pings.pong(message.timestamp, now):
                link.peer.heard(now)
                self._ponged(link, message, now)
        else:
            self.counters["unknown" if isinstance(message, Unknown) else "unexpected"] += 1

    # --- time ------------------------------------------------------------------------------------------------

    def on_deadline(self, now: float) -> None:
        """Touches are sent again, pings fall due (all in one tick), silent synths are given up."""
        self._signaling.on_deadline(now)
        for link in list(self._links.values()):
            due = link.peer.deadline()
            if due is not None and now >= due and link.peer.state is not peers.State.WAITING:
                if link.peer.state is peers.State.OPEN and not link.peer.suspected:
                    # Only the synth can make another link, whose offer ends this one; until then its path may come
                    # back.
                    link.peer.suspected = True
                    self._out.append(Told("synth silent", {"id": link.peer.name}, warning=True))
                    self._signaling.verify(now)
                else:
                    self._lose(link, "no answer" if link.peer.suspected else "not open in time", now)
        if self._resend_at is not None and now >= self._resend_at:
            self._send_touch(self._open_links(), now)
        for name in [name for name, link in self._links.items() if _over(link, now)]:
            del self._links[name]
        for link in self._open_links():
            if link.ask_at is not None and now >= link.ask_at:
                self._ping(link, now)
        if self._ping_at is not None and now >= self._ping_at:
            open_links = self._open_links()
            for link in open_links:
                self._ping(link, now)
            self._ping_at = now + self._timing.ping_s if open_links else None
        self._wakeup.clear()
        self._wakeup.by(self._resend_at)
        self._wakeup.by(self._ping_at)
        for link in self._links.values():
            self._note_deadlines(link)
        self._settle()

    # --- inside ----------------------------------------------------------------------------------------------

    def _open_links(self) -> list[_Link]:
        return [link for link in self._links.values() if link.peer.state is peers.State.OPEN]

    def _receive(self, message: Message | Unknown, now: float) -> None:
        if isinstance(message, Offer):
            self._offered(message, now)
        elif isinstance(message, IceCandidate):
            self._candidate(message, now)
        else:
            self._otherwise(message)

    def _link(self, name: str, now: float) -> _Link | None:
        link = self._links.get(name)
        if link is None:
            waiting = [known for known, old in self._links.items() if old.peer.state is peers.State.WAITING]
            if len(self._links) >= MAX_SYNTHS and waiting:
                del self._links[waiting[0]]
            if len(self._links) >= MAX_SYNTHS:
                self.counters["synths_beyond_limit"] += 1
                return None
            backoff = Backoff(self._timing, self._random)
            peer = Peer(name, ANSWERER, self._timing, backoff, self._link_numbers.__next__)
            link = self._links[name] = _Link(peer, PingPong(self._timing, 0.0))
            link.lost_at = now
            self._note_deadlines(link)
        return link

    def _offered(self, offer: Offer, now: float) -> None:
        if not offer.source:
            raise ProtocolError("unexpected", "an offer without `source` cannot be answered: ignored", "offer")
        link = self._link(offer.source, now)
        if link is None:
            return
        self._step(link, peers.Event.OFFER, now, offer.data.sdp)
        for candidate in link.early:
            self._out.append(AddCandidate(link.peer.name, link.peer.link, candidate))
        link.early.clear()

    def _candidate(self, message: IceCandidate, now: float) -> None:
        link = self._link(message.source or "", now)
        if link is None:
            return
        if link.peer.state is peers.State.CONNECTING:
            self._out.append(AddCandidate(link.peer.name, link.peer.link, message.data))
        elif len(link.early) < MAX_EARLY_CANDIDATES:
            # It has overtaken its offer. (An open link needs no more candidates.)
            link.early.append(message.data)

    def _step(self, link: _Link, event: peers.Event, now: float, sdp: str = "") -> None:
        peer = link.peer
        for action, number in peer.handle(event, now):
            if action is Action.CLOSE:
                self._out.append(CloseLink(peer.name, number))
            elif action is Action.MAKE:
                link.seq = itertools.count(1)
                link.channels.clear()
                self._out.append(MakeAnswer(peer.name, number, sdp, self._signaling.ice_servers))
        self._note_deadlines(link)

    def _lose(self, link: _Link, reason: str, now: float) -> None:
        if link.peer.state is peers.State.WAITING:
            return
        told = "synth lost" if link.peer.state is peers.State.OPEN else "synth not reached"
        link.lost_at = link.peer.heard_at if link.peer.suspected else now
        self._step(link, peers.Event.LOST, now)
        self._out.append(Told(told, {"id": link.peer.name, "reason": reason}, warning=True))

    def _note_deadlines(self, link: _Link) -> None:
        if link.peer.state is not peers.State.WAITING:
            self._wakeup.by(link.peer.deadline())
        else:
            self._wakeup.by(link.lost_at + REMEMBER_S)
        if link.peer.state is peers.State.OPEN:
            self._wakeup.by(link.ask_at)

    def _ponged(self, link: _Link, pong: Pong, now: float) -> None:
        if pong.t is None:  # a synth that judges no ages
            link.ask_at = None
            return
        link.echo = pong.t, now
        if link.echoes_from is None:
            self._ping(link, now)
        elif isinstance(pong.timestamp, float | int) and pong.timestamp >= link.echoes_from:
            link.ask_at = None

    def _ping(self, link: _Link, now: float) -> None:
        # We ping, so an answer may be expected from the first one on.
        link.peer.keeps_time = True
        patience_s = self._timing.ping_s if link.peer.suspected else self._timing.ask_s
        link.ask_at = now + max(patience_s, 2.0 * (link.pings.rtt_s or 0.0))
        self._note_deadlines(link)
        timestamp = link.pings.ping(now)
        echo, held = None, None
        if link.echo is not None:
            stamp, came_at = link.echo
            echo, held = stamp, round(1000.0 * (now - came_at), 3)
            link.echoes_from = timestamp if link.echoes_from is None else link.echoes_from
        points = list(self._fingers.values())
        rtt_s = link.pings.rtt_s
        ping = Ping(
            timestamp=timestamp,
            t=round(now * 1000.0, 3),
            echo=echo,
            held=held,
            seq=next(link.seq),
            points=points,
            rtt_ms=None if rtt_s is None else round(min(1e3 * rtt_s, 60_000.0), 1),
        )
        self._send(link, PARAMS, ping)

    def _send_touch(self, links: list[_Link], now: float) -> None:
        points = list(self._fingers.values())
        last = points[-1] if points else self._last
        for link in links:
            touch = Touch(
                x=last.x,
                y=last.y,
                z=last.z,
                id=last.id,
                active=bool(points),
                seq=next(link.seq),
                t=round(now * 1000.0, 1),
                points=points,
            )
            self._send(link, PARAMS, touch)
        if not points and self._repeats:
            self._repeats -= 1
        self._resend_at = now + self._timing.resend_s if points or self._repeats else None
        self._wakeup.by(self._resend_at)

    def _send(self, link: _Link, channel: str, message: Message) -> None:
        self._out.append(Send(link.peer.name, link.peer.link, channel, message))


def _over(link: _Link, now: float) -> bool:
    return link.peer.state is peers.State.WAITING and now >= link.lost_at + REMEMBER_S
