"""The synth's core: it offers a link to every controller of the registry and turns their touches into notes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from formant_net import peer as peers
from formant_net.backoff import Backoff
from formant_net.client_core import ClientCore
from formant_net.effects import PARAMS, AcceptAnswer, AddCandidate, CloseLink, Effect, MakeOffer, Send, Told
from formant_net.messages import (
    Answer,
    Channel,
    Command,
    ControllerJoined,
    ControllerLeft,
    ControllersList,
    Description,
    IceCandidate,
    Message,
    Offer,
    Param,
    Ping,
    Pong,
    RequestControllers,
    Touch,
    Unknown,
)
from formant_net.peer import OFFERER, Action, Peer
from formant_net.play_limits import LinkGuard, PlayLimits, Shunned, Verdict
from formant_net.ranking import Ranking
from formant_net.remote import Remote, SetPower, SetPreset, Setting, SetVolume
from formant_net.roster import Roster
from formant_net.sdp import mid_of, with_mid
from formant_net.setups import Setups
from formant_net.signaling import Server
from formant_net.timing import Timing
from formant_net.touches import Note, Touches

TOLD_OLD = 50
"""So many touches in a row that came too late, a second of them, are told to people."""
MAX_REMEMBERED = 256


SynthEffect = Effect | Note | Setting


class _Link:
    """What a synth keeps of one peer beside its machine."""

    def __init__(self, peer: Peer, touches: Touches, guard: LinkGuard) -> None:
        self.peer = peer
        self.touches = touches
        self.guard = guard
        self.failures = 0
        """How often in a row it was not reached."""
        self.offered_mid = ""
        self.since = 0.0
        self.run: str | None = None
        """The controller's run that the link was offered to."""


class Synth(ClientCore[_Link, SynthEffect]):
    """One synth between its server and its controllers. No I/O, no clock: `now` is s of one monotonic clock.

    state      fields of the pong beside `audio_enabled`, `volume` and `powered_on` (name, latency …); see `set_state`
    random     floats in 0…1: jitter of the back-off, and where link numbers begin
    """

    role = "synth"

    def __init__(
        self,
        client_id: str,
        servers: Sequence[Server],
        timing: Timing,
        random: Callable[[], float],
        *,
        meta: Mapping[str, Any] | None = None,
        volume: float = 1.0,
        presets: Sequence[str] = (),
        preset: str | None = None,
        limits: PlayLimits | None = None,
    ) -> None:
        super().__init__(client_id, "synth", meta, servers, timing, random)
        self.remote = Remote(volume, presets, preset)
        self._limits = limits or PlayLimits()
        self._setups = Setups(self._limits.setups, self._limits.patience_s)
        self._shunned = Shunned(self._limits.shun_s)
        self._now = 0.0
        self._roster = Roster()
        self._ranking = Ranking()
        self._worked: dict[str, float] = {}
        """Controllers that are not listed any more and were linked a moment ago, and when that was."""
        self._state: dict[str, Any] = {"audio_enabled": False}
        # Numbers go on from a random place: an answer to the process that ran here before is recognised as not ours.
        self._link_numbers = itertools.count(1 + int(random() * 1e9))
        self._keys = itertools.count(1)

    # --- what the shell asks ---------------------------------------------------------------------------------

    @property
    def open_peers(self) -> tuple[str, ...]:
        """Ids of the controllers with an open link."""
        return tuple(name for name, link in self._links.items() if link.peer.state is peers.State.OPEN)

    @property
    def fingers(self) -> int:
        """How many fingers are down, over all controllers."""
        return sum(len(link.touches) for link in self._links.values())

    def state(self) -> dict[str, Any]:
        """The complete state that every pong carries."""
        return {**self._state, **self.remote.state(), "fingers": self.fingers}

    def set_state(self, **fields: Any) -> None:
        """Sets further fields of the state, for example `audio_enabled=True, name="Kitchen"`."""
        self._state.update(fields)

    # --- what the shell tells --------------------------------------------------------------------------------

    def start(self, now: float) -> None:
        """Begin: connect to the server."""
        self._out.append(SetVolume(self.remote.volume))
        super().start(now)

    def stop(self, now: float) -> None:
        """The end: every voice is released, every link closed."""
        for link in list(self._links.values()):
            self._out += link.touches.release_all(now)
            if link.peer.state is not peers.State.WAITING:
                self._out.append(CloseLink(link.peer.name, link.peer.link))
        self._links.clear()
        self._signaling.stop("stopped", now)
        self._settle()

    def receive(self, attempt: int, message: Message | Unknown, now: float) -> None:
        """A message from the server. Raises ProtocolError when it is not expected; nothing has changed then."""
        before = self._signaling.registrations
        super().receive(attempt, message, now)
        if self._signaling.registrations != before:
            self._ranking.here(self._signaling.edge, self._signaling.location)
            self._signaling.send(RequestControllers(source=self._id))
        self._give_up_silent(now)
        self._settle()

    def described(self, name: str, number: int, sdp: str, now: float) -> None:
        """The offer of a link is complete: send it."""
        link = self._current(name, number)
        if link is None:
            return
        link.offered_mid = mid_of(sdp) or "0"
        offer = Description(type="offer", sdp=with_mid(sdp, _mid(number)))
        self._signaling.send(Offer(source=self._id, target=name, data=offer))
        self._settle()

    def link_opened(self, name: str, number: int, channel: str, now: float) -> None:
        """A channel of a link is open; with `params` the link is."""
        link = self._current(name, number)
        if link is None or channel != PARAMS:
            return
        self._step(link, peers.Event.OPENED, now)
        self._out.append(Told("controller linked", {"id": name, "in_ms": round((now - link.since) * 1000)}))
        self._settle()

    def link_lost(self, name: str, number: int, reason: str, now: float) -> None:
        """A link closed or failed; `reason` in words."""
        link = self._current(name, number)
        if link is not None:
            self._lose(link, reason, now)
            self._settle()

    def link_abused(self, name: str, number: int, reason: str, now: float) -> None:
        """The peer does what none of ours does: its link ends, and it is not called again for a while."""
        link = self._current(name, number)
        if link is not None:
            self._shun(link, reason, now)
            self._settle()

    def channel(self, name: str, number: int, channel: str, message: Channel | Unknown, now: float) -> None:
        """A message on a data channel."""
        link = self._current(name, number)
        if link is None:
            return
        link.peer.heard(now)
        self._now = now
        points = message.points if isinstance(message, Touch | Ping) else None
        verdict = link.guard.message(now, len(points or ()))
        if verdict is Verdict.FLOOD:
            self._shun(link, f"more than {self._limits.messages_per_s:g} messages a second", now)
            self._settle()
            return
        if verdict is Verdict.DROP:
            self.counters["dropped_fast"] += 1
        elif isinstance(message, Touch):
            if self.remote.powered_on:
                self._out += link.touches.touch(message, now)
                if link.touches.too_old == TOLD_OLD:
                    limit = f"older than {1000 * self._timing.touch_age_s:g} ms: use a shorter way, or --max-age"
                    self._out.append(Told("touches come too late to be played", {"id": name, "why": limit}, True))
        elif isinstance(message, Ping):
            self._ping(link, channel, message, now)
        elif isinstance(message, Param | Command):
            self._set(name, message, now)
        else:
            self.counters["unknown" if isinstance(message, Unknown) else "unexpected"] += 1
        self._wakeup.by(link.touches.next_deadline())

    # --- time ------------------------------------------------------------------------------------------------

    def on_deadline(self, now: float) -> None:
        """Holds end, silent peers are given up, links are tried again."""
        self._signaling.on_deadline(now)
        self._make_room(now)
        for link in list(self._links.values()):
            due = link.touches.next_deadline()
            if due is not None and now >= due:
                self._out += link.touches.on_deadline(now)
            self._peer_deadline(link, now)
        self._wakeup.clear()
        for link in self._links.values():
            self._note_deadlines(link)
        self._settle()

    # --- inside ----------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        super()._settle()
        self._wakeup.by(self._setups.deadline())

    def _receive(self, message: Message | Unknown, now: float) -> None:
        if isinstance(message, ControllersList):
            details = message.details if isinstance(message.details, dict) else {}
            self._ranking.keep(message.controllers)
            for name, detail in details.items():
                self._ranking.placed(name, detail.edge, _text(detail.location))
            self._listed({n: _run_of(details[n].meta) if n in details else None for n in message.controllers}, now)
        elif isinstance(message, ControllerJoined):
            if self._roster.joined(message.controller_id, _run_of(message.meta or None)):
                self._ranking.placed(message.controller_id, _text(message.edge), _text(message.location))
                self._relisted(message.controller_id, now)
        elif isinstance(message, ControllerLeft):
            self._roster.left(message.controller_id)
            self._ranking.forget(message.controller_id)
            self._forget(message.controller_id, now)
        elif isinstance(message, Answer):
            self._answered(message, now)
        elif isinstance(message, IceCandidate):
            link = self._links.get(message.source or "")
            if link is not None and link.peer.state is not peers.State.WAITING:
                candidate = message.data
                if candidate is not None and candidate.sdp_mid == _mid(link.peer.link):
                    candidate = msgspec.structs.replace(candidate, sdp_mid=link.offered_mid)
                self._out.append(AddCandidate(link.peer.name, link.peer.link, candidate))
        else:
            self._otherwise(message)

    def _listed(self, runs: Mapping[str, str | None], now: float) -> None:
        for name in self._roster.replace(runs):
            self._forget(name, now)
        for name in sorted(self._roster, key=self._ranking.rank):
            self._relisted(name, now)

    def _relisted(self, name: str, now: float) -> None:
        """The registry names a controller, perhaps anew: make a link, or again an offer that may have been lost."""
        link = self._links.get(name)
        if link is None:
            full = len(self._links) >= self._limits.controllers
            if full and not self._give_up_one(now) and not self._let_go_for(name, now):
                self.counters["beyond_max_links"] += 1
                return
            backoff = Backoff(self._timing, self._random)
            peer = Peer(name, OFFERER, self._timing, backoff, self._link_numbers.__next__)
            peer.worked_at = self._worked.pop(name, None)
            guard = LinkGuard(self._limits, now)
            link = self._links[name] = _Link(peer, self._new_touches(guard), guard)
        run = self._roster.run(name)
        if link.peer.state is peers.State.OPEN and link.run is not None and run not in (None, link.run):
            self._lose(link, "started anew", now)  # the link leads to a process that is no more
        elif link.peer.state is peers.State.OPEN and not link.peer.keeps_time and link.peer.silent(now):
            # It never pinged, so its silence proves nothing; that it registered anew makes a fresh link the safe way.
            self._lose(link, "registered anew", now)
        if name in self._links:
            self._step(link, peers.Event.RELISTED, now)

    def _forget(self, name: str, now: float) -> None:
        """No longer listed: drop what is not yet between the peers. A link that lives is left alone."""
        link = self._links.get(name)
        if link is not None and link.peer.state in (peers.State.WAITING, peers.State.OFFERING):
            self._step(link, peers.Event.FORGET, now)
            del self._links[name]
            self._setups.forget(name)
            if link.peer.worked_at is not None:
                self._remember(name, link.peer.worked_at, now)
            if len(self._roster) > len(self._links):
                others = (other for other in self._roster if other not in self._links and other != name)
                waiting = min(others, key=self._ranking.rank, default=None)
                if waiting is not None and self._signaling.online:
                    self._relisted(waiting, now)

    def _remember(self, name: str, worked_at: float, now: float) -> None:
        """It may only have lost its server, and be back in a moment."""
        self._worked = {n: at for n, at in self._worked.items() if now - at < self._timing.eager_s}
        if len(self._worked) < MAX_REMEMBERED:
            self._worked[name] = worked_at

    def _answered(self, message: Answer, now: float) -> None:
        name = message.source or ""
        link = self._links.get(name)
        if link is None or link.peer.state is peers.State.WAITING:
            self.counters["late_answer"] += 1
            if link is not None and name in self._roster:
                self._step(link, peers.Event.START, now)  # too late for that offer, but the peer is there again
            return
        mid = mid_of(message.data.sdp)
        if mid is not None and mid != _mid(link.peer.link):
            self.counters["late_answer"] += 1
            return
        link.guard.settings = message.settings is not False
        self._step(link, peers.Event.ANSWER, now, with_mid(message.data.sdp, link.offered_mid))

    def _step(self, link: _Link, event: peers.Event, now: float, sdp: str = "") -> None:
        peer = link.peer
        if not self._may_begin(link, event, now):
            return
        for action, number in peer.handle(event, now):
            if action is Action.CLOSE:
                self._out += link.touches.release_all(now)
                self._out.append(CloseLink(peer.name, number))
            elif action is Action.MAKE:
                # A fresh state: the numbering of touches begins anew with the link.
                link.guard = LinkGuard(self._limits, now)
                link.touches = self._new_touches(link.guard)
                link.since = now
                link.run = self._roster.run(peer.name)
                self._out.append(MakeOffer(peer.name, number, self._signaling.ice_servers))
            else:
                self._out.append(AcceptAnswer(peer.name, number, sdp))
        self._note_deadlines(link)
        if peer.state not in (peers.State.OFFERING, peers.State.CONNECTING):
            self._setups.end(peer.name)
            self._begin_next(now)

    def _may_begin(self, link: _Link, event: peers.Event, now: float) -> bool:
        """False when a link is not to be made now: the peer is shunned, or too many are being made."""
        if link.peer.state is not peers.State.WAITING or event not in (peers.Event.START, peers.Event.RELISTED):
            return True
        until = self._shunned.until(link.peer.name, now)
        if until is not None:
            link.peer.retry_at = until
            self._wakeup.by(until)
            return False
        return self._setups.begin(link.peer.name, link.failures, now)

    def _begin_next(self, now: float) -> None:
        while self._signaling.online and (name := self._setups.next()) is not None:
            link = self._links.get(name)
            if link is not None and link.peer.state is peers.State.WAITING:
                self._step(link, peers.Event.START, now)

    def _make_room(self, now: float) -> None:
        """Whoever has not answered for a while gives way to those who wait."""
        for name in self._setups.slow(now):
            link = self._links.get(name)
            if link is not None and link.peer.state is peers.State.OFFERING:
                self._lose(link, "no answer, and others wait", now)
            else:
                self._setups.begin(name, 0, now)  # it has answered: let it go on

    def _give_up_one(self, now: float) -> bool:
        """Forget a controller that was never reached, for one that may be. False if there is none."""
        for name, link in self._links.items():
            if link.peer.state is peers.State.WAITING and link.failures:
                link.peer.handle(peers.Event.FORGET, now)
                self._setups.forget(name)
                del self._links[name]
                return True
        return False

    def _let_go_for(self, name: str, now: float) -> bool:
        """End the link to the farthest controller of which no finger is down, if `name` is nearer. False if not."""
        idle = [other for other, link in self._links.items() if not len(link.touches)]
        worst = max(idle, key=lambda other: self._ranking.rank(other)[:2], default=None)
        if worst is None or not self._ranking.nearer(name, worst):
            return False
        link = self._links[worst]
        if link.peer.state is not peers.State.WAITING:
            self._step(link, peers.Event.LOST, now)
        link.peer.handle(peers.Event.FORGET, now)
        self._setups.forget(worst)
        del self._links[worst]
        self._out.append(Told("controller let go", {"id": worst, "for": name, "reason": "nearer"}))
        return True

    def _new_touches(self, guard: LinkGuard) -> Touches:
        def new_key() -> int | None:
            return next(self._keys) if guard.notes.take(self._now) else None

        return Touches(self._timing, new_key, self._limits.voices)

    def _shun(self, link: _Link, reason: str, now: float) -> None:
        self.counters["shunned"] += 1
        self._shunned.add(link.peer.name, now)
        self._lose(link, f"{reason}: not called again for {self._limits.shun_s:g} s", now, warning=True)

    def _lose(self, link: _Link, reason: str, now: float, *, warning: bool = False) -> None:
        if link.peer.state is peers.State.WAITING:
            return
        name = link.peer.name
        was_open = link.peer.state is peers.State.OPEN
        told = "controller lost" if was_open else "controller not reached"
        link.failures = 0 if was_open else link.failures + 1
        self._step(link, peers.Event.LOST, now)
        listed = name in self._roster
        self._out.append(Told(told, {"id": name, "reason": reason, "rebuild": listed}, warning=warning))
        if not listed:
            self._forget(name, now)

    def _peer_deadline(self, link: _Link, now: float) -> None:
        due = link.peer.deadline()
        if due is None or now < due:
            return
        if link.peer.state is peers.State.WAITING:
            if self._signaling.online and not self._setups.waits(link.peer.name):
                self._step(link, peers.Event.START, now)
        elif link.peer.suspected and link.peer.state is peers.State.OPEN:
            self._lose(link, f"silent for {self._timing.abandon_s:g} s", now, warning=True)
        elif link.peer.state is peers.State.OPEN:
            # With a server another link is made in no time. Without, this one is all there is: its path may come back.
            link.peer.suspected = True
            self._out.append(Told("controller silent", {"id": link.peer.name}, warning=True))
            self._signaling.verify(now)
        elif link.peer.state is peers.State.OFFERING:
            self._lose(link, f"no answer within {self._timing.link_setup_s:g} s", now, warning=True)
            self._signaling.verify(now)
        elif link.peer.reached_at is None:
            self._lose(link, "no path to it", now, warning=True)
        else:
            self._lose(link, f"not open within {self._timing.link_setup_s:g} s", now, warning=True)

    def _give_up_silent(self, now: float) -> None:
        if self._signaling.answers:
            for link in list(self._links.values()):
                if link.peer.suspected and link.peer.state is peers.State.OPEN:
                    self._lose(link, f"silent for {now - link.peer.heard_at:.1f} s", now, warning=True)

    def _note_deadlines(self, link: _Link) -> None:
        self._wakeup.by(link.touches.next_deadline())
        if self._setups.waits(link.peer.name):
            return
        if link.peer.state is not peers.State.WAITING or self._signaling.online:
            # Offline there is nobody to take an offer: the list that follows the next registration starts it.
            self._wakeup.by(link.peer.deadline())

    def _ping(self, link: _Link, channel: str, ping: Ping, now: float) -> None:
        if not link.peer.keeps_time:
            link.peer.keeps_time = True
            self._wakeup.by(link.peer.deadline())
        link.touches.clock(ping, now)
        if self.remote.powered_on:
            self._out += link.touches.ping(ping, now)
        if ping.rtt_ms is not None:
            self._ranking.measured(link.peer.name, ping.rtt_ms / 1e3)
        pong = Pong(timestamp=ping.timestamp, t=round(now * 1000.0, 3), state=self.state())
        self._out.append(Send(link.peer.name, link.peer.link, channel, pong))

    def _set(self, name: str, message: Param | Command, now: float) -> None:
        if not self._links[name].guard.settings:
            self.counters["not_allowed"] += 1
            self._out.append(Told("setting not allowed", {"id": name, "name": message.name}, warning=True))
            return
        changes = self.remote.take(name, message)
        if changes is None:
            self.counters["bad_setting"] += 1
            fields = {
                "id": name,
                "name": message.name,
                "value": message.value,
                "known": "volume (0 to 1), power (true or false), preset (a name), audio (a device)",
            }
            self._out.append(Told("setting ignored", fields, warning=True))
            return
        if any(isinstance(change, SetPower | SetPreset) for change in changes):
            for link in self._links.values():
                self._out += link.touches.release_all(now)
        self._out += changes


def _run_of(meta: Mapping[str, Any] | None) -> str | None:
    run = (meta or {}).get("run")
    return run if isinstance(run, str) else None


def _mid(number: int) -> str:
    return f"L{number}"


def _text(value: object) -> str:
    """A field that may be left out."""
    return value if isinstance(value, str) else ""
