"""The controller's core: it answers every synth that offers, and tells all of them where the fingers are."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from formant_net.client import peer as peers
from formant_net.client.core import ClientCore
from formant_net.client.effects import COMMANDS, PARAMS, AddCandidate, CloseLink, Effect, MakeAnswer, Notice, Send
from formant_net.client.peer import ANSWERER, Action, Peer
from formant_net.client.servers import Server
from formant_net.controller.fingers import Fingers
from formant_net.controller.link import AnsweredLink
from formant_net.protocol.bounds import BOUNDS
from formant_net.protocol.codec import Channel
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.gesture import TimedTouch
from formant_net.protocol.messages import (
    Answer,
    Command,
    Description,
    FingerId,
    IceCandidate,
    Message,
    Offer,
    Param,
    Pong,
    Unknown,
)
from formant_net.protocol.standing import is_phone
from formant_net.protocol.timing import Timing
from formant_net.timers.backoff import Backoff

LOOK_S = 0.1
"""Seconds after a setting, after which its synth is pinged out of turn."""


@dataclass(frozen=True, slots=True)
class SynthView:
    """One synth as the controller sees it: its last state and how recent that is."""

    id: str
    open: bool
    state: Mapping[str, Any]
    rtt_s: float | None
    """Smoothed round trip, s; None until the first pong."""
    loss: float
    """Share of the last pings that were not answered, 0…1."""
    stale: bool
    """True when the last answer is so old that the state may no longer hold."""
    unreached: tuple[float, ...] = ()
    """Notes (MIDI numbers) that are down and that this synth cannot sing: its surface does not reach them."""

    @property
    def name(self) -> str:
        """What people call it; its id where it has no name."""
        name = self.state.get("name")
        return name if isinstance(name, str) and name else self.id


class Controller(ClientCore[Effect]):
    """One controller between its server and its synths. No I/O, no clock: `now` is s of one monotonic clock.

    random    floats in 0…1 for the jitter of the back-off
    searching servers are searched for on the network; the shell reports each with `found`
    most_synths  links beyond which offers are left out, 1 … 256; the counter `synths_beyond_limit` tells how many
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
        searching: bool = False,
        most_synths: int = BOUNDS.synths_of_headless,
    ) -> None:
        super().__init__(client_id, "controller", meta, servers, timing, random, searching=searching)
        self._links: dict[str, AnsweredLink] = {}
        self._link_numbers = itertools.count(1)
        self._fingers = Fingers(timing)
        self._most_synths = most_synths
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
                unreached=tuple(self._fingers.unreached(name, link.state)) if link.is_open else (),
            )
            for name, link in self._links.items()
        ]

    @property
    def settled(self) -> bool:
        """True when no finger is down and the last release has been repeated often enough."""
        return self._fingers.settled

    # --- what the player does --------------------------------------------------------------------------------

    def touch(
        self,
        touches: Iterable[TimedTouch],
        now: float,
        synths: Mapping[FingerId, Collection[str]] = MappingProxyType({}),
    ) -> None:
        """Fingers came down, moved or were lifted, all at `now`. Every synth is sent the change at once.

        synths    ids of the synths that hear a finger from now on; a finger that is not in it is heard by all
        """
        if self._fingers.touch(touches, synths, now):
            self._send_touches(now)
        self.counters["fingers_beyond_limit"] = self._fingers.beyond_limit

    def release_all(self, now: float) -> None:
        """All fingers up."""
        self.touch(self._fingers.lifts(now), now)

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
        """One setting (docs/integrate/protocol.md) of the synth `name` alone, if its link is open."""
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
        self._settle(now)

    def described(self, name: str, number: int, sdp: str, now: float) -> None:
        """The answer of a link is complete: send it."""
        if self._current(name, number) is not None:
            answer = Description(type="answer", sdp=sdp)
            self._signaling.send(Answer(source=self._id, target=name, data=answer))
            self._settle(now)

    def link_reached(self, name: str, number: int, now: float) -> None:
        """A path to the peer of a link is found; the channels are not open yet."""
        link = self._current(name, number)
        if link is not None:
            link.peer.reached(now)
            self._note_deadlines(link)

    def link_opened(self, name: str, number: int, channel: str, now: float) -> None:
        """A channel of a link is open. The link counts as open when `params` is."""
        link = self._current(name, number)
        if link is None:
            return
        link.channels.add(channel)
        if channel != PARAMS:
            return
        self._step(link, peers.Event.OPENED, now)
        link.opened(now)
        # Ping at once: the pong brings the synth's state, and the ping carries the fingers, so held notes sound.
        self._ping(link, now)
        self._out.append(Notice("synth linked", {"id": name, "in_ms": round((now - link.peer.made_at) * 1000)}))
        if self._ping_at is None:
            self._ping_at = now + self._timing.ping_s
            self._wakeup.by(self._ping_at)

    def link_lost(self, name: str, number: int, reason: str, now: float) -> None:
        """A link closed or failed; `reason` in words. The synth will offer another."""
        link = self._current(name, number)
        if link is not None:
            self._lose(link, reason, now)

    def link_abused(self, name: str, number: int, reason: str, now: float) -> None:
        """The synth broke the protocol in a way none of ours does. Its link is closed; it may offer another one."""
        self.link_lost(name, number, reason, now)

    def channel(self, name: str, number: int, channel: str, message: Channel | Unknown, now: float) -> None:
        """A message on a data channel."""
        link = self._current(name, number)
        if link is None:
            return
        if isinstance(message, Pong):
            if link.pong(message, now):
                self._ping(link, now)
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
                    self._out.append(Notice("synth silent", {"id": link.peer.name}, warning=True))
                    self._signaling.verify(now)
                else:
                    self._lose(link, "no answer" if link.peer.suspected else "not open in time", now)
        if self._fingers.resend_at is not None and now >= self._fingers.resend_at:
            self._send_touches(now)
        for name in [name for name, link in self._links.items() if self._over(link, now)]:
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
        self._wakeup.by(self._fingers.resend_at)
        self._wakeup.by(self._ping_at)
        for link in self._links.values():
            self._note_deadlines(link)
        self._settle(now)

    # --- inside ----------------------------------------------------------------------------------------------

    def _current(self, name: str, number: int) -> AnsweredLink | None:
        """The link to `name`, if `number` is its present connection. News of an earlier connection is ignored."""
        link = self._links.get(name)
        made = link is not None and link.peer.link == number and link.peer.state is not peers.State.WAITING
        return link if made else None

    def _open_links(self) -> list[AnsweredLink]:
        return [link for link in self._links.values() if link.is_open]

    def _receive(self, message: Message | Unknown, now: float) -> None:
        if isinstance(message, Offer):
            self._offered(message, now)
        elif isinstance(message, IceCandidate):
            self._candidate(message, now)
        else:
            self._otherwise(message)

    def _link(self, name: str, now: float) -> AnsweredLink | None:
        link = self._links.get(name)
        if link is None:
            waiting = [known for known, old in self._links.items() if old.peer.state is peers.State.WAITING]
            if len(self._links) >= self._most_synths and waiting:
                del self._links[waiting[0]]
            if len(self._links) >= self._most_synths and not self._place_of_a_phone(name, now):
                self.counters["synths_beyond_limit"] += 1
                return None
            backoff = Backoff(self._timing, self._random)
            peer = Peer(name, ANSWERER, self._timing, backoff, self._link_numbers.__next__)
            link = self._links[name] = AnsweredLink(peer, self._timing, now)
            self._note_deadlines(link)
        return link

    def _place_of_a_phone(self, name: str, now: float) -> bool:
        """Gives the place of the newest phone to the box `name`. False if there is none, or `name` is a phone."""
        phone = None if is_phone(name) else next(filter(is_phone, reversed(self._links)), None)
        if phone is None:
            return False
        self._lose(self._links[phone], "gave its place to a box", now)
        del self._links[phone]
        return True

    def _offered(self, offer: Offer, now: float) -> None:
        if not offer.sender:
            raise ProtocolError("unexpected", "an offer without `source` cannot be answered: ignored", "offer")
        link = self._link(offer.sender, now)
        if link is None:
            return
        self._step(link, peers.Event.OFFER, now, offer.data.sdp)
        for candidate in link.early:
            self._out.append(AddCandidate(link.peer.name, link.peer.link, candidate))
        link.early.clear()

    def _candidate(self, message: IceCandidate, now: float) -> None:
        link = self._link(message.sender, now) if message.sender else None
        if link is None:
            return
        if link.peer.state is peers.State.CONNECTING:
            self._out.append(AddCandidate(link.peer.name, link.peer.link, message.data))
        elif len(link.early) < BOUNDS.candidates:
            # The candidate has overtaken its offer. (An open link needs no more candidates.)
            link.early.append(message.data)

    def _step(self, link: AnsweredLink, event: peers.Event, now: float, sdp: str = "") -> None:
        peer = link.peer
        for action, number in peer.handle(event, now):
            if action is Action.CLOSE:
                self._out.append(CloseLink(peer.name, number))
            elif action is Action.MAKE:
                link.made()
                self._out.append(MakeAnswer(peer.name, number, sdp, self._signaling.ice_servers))
        self._note_deadlines(link)

    def _lose(self, link: AnsweredLink, reason: str, now: float) -> None:
        if link.peer.state is peers.State.WAITING:
            return
        event = "synth lost" if link.peer.state is peers.State.OPEN else "synth not reached"
        link.lost_at = link.peer.heard_at if link.peer.suspected else now
        self._step(link, peers.Event.LOST, now)
        self._out.append(Notice(event, {"id": link.peer.name, "reason": reason}, warning=True))

    def _note_deadlines(self, link: AnsweredLink) -> None:
        if link.peer.state is not peers.State.WAITING:
            self._wakeup.by(link.peer.deadline())
        else:
            self._wakeup.by(link.lost_at + self._timing.remember_s)
        if link.peer.state is peers.State.OPEN:
            self._wakeup.by(link.ask_at)

    def _ping(self, link: AnsweredLink, now: float) -> None:
        self._send(link, PARAMS, link.ping(self._fingers.points(link.peer.name, link.state), now))
        self._note_deadlines(link)

    def _send_touches(self, now: float) -> None:
        links = self._open_links()
        for link in links:
            message = self._fingers.message(link.peer.name, link.state, link.next_seq(), now)
            self._send(link, PARAMS, message)
        self._fingers.said(now, many=len(links) > BOUNDS.many_synths)
        self._wakeup.by(self._fingers.resend_at)

    def _send(self, link: AnsweredLink, channel: str, message: Message) -> None:
        self._out.append(Send(link.peer.name, link.peer.link, channel, message))

    def _over(self, link: AnsweredLink, now: float) -> bool:
        """Whether a lost synth has been shown for long enough. Silence before the loss counts."""
        return link.peer.state is peers.State.WAITING and now >= link.lost_at + self._timing.remember_s
