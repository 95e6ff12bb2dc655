"""The synth's core: what its server and its controllers say becomes links, notes and settings."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from formant_net.client import peer as peers
from formant_net.client.core import ClientCore
from formant_net.client.effects import PARAMS, CloseLink, Effect, MakeOffer, Notice, Send
from formant_net.client.servers import Server
from formant_net.fleet.steered import Steered
from formant_net.protocol.codec import Channel
from formant_net.protocol.messages import (
    Answer,
    Command,
    ControllerJoined,
    ControllerLeft,
    ControllersList,
    Error,
    IceCandidate,
    Message,
    Param,
    Ping,
    Pong,
    RequestControllers,
    Touch,
    Unknown,
)
from formant_net.protocol.steering import IDENTIFIES, METERS, STEERED, BoxSettings, Health, SettingsApplied
from formant_net.protocol.steering import Identify as IdentifyMessage
from formant_net.protocol.steering import Meter as MeterMessage
from formant_net.protocol.timing import Timing
from formant_net.synth.identify import GAIN, Identify, Lamp
from formant_net.synth.linking.keeper import LinkKeeper, OfferedLink
from formant_net.synth.meter import Measure, Meter
from formant_net.synth.play_limits import PlayLimits, Verdict
from formant_net.synth.player import Player
from formant_net.synth.remote import (
    Remote,
    SetAudio,
    SetMono,
    SetPower,
    SetPreset,
    Setting,
    SetVolume,
    is_device,
)
from formant_net.synth.touches import Note

NOTICE_OLD = 50
"""Touches in a row that came too late, after which a warning is logged. 50 touches are about one second."""

SynthEffect = Effect | Note | Setting | Lamp | Measure


class Synth(ClientCore[SynthEffect]):
    """One synth between its server and its controllers. No I/O, no clock: `now` is s of one monotonic clock.

    random     floats in 0…1: jitter of the back-off, and where link numbers begin
    presets    names of the presets that players may ask for; `preset` is the one it begins with
    persistent it tries again when its key is refused, instead of stopping
    searching  servers are searched for on the network; the shell reports each with `found`
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
        persistent: bool = False,
        searching: bool = False,
    ) -> None:
        meta = {**(meta or {}), STEERED: True, IDENTIFIES: True, METERS: True}
        super().__init__(client_id, "synth", meta, servers, timing, random, persistent=persistent, searching=searching)
        self.remote = Remote(volume, presets, preset)
        self.steered = Steered()
        self._limits = limits or PlayLimits()
        self._keeper = LinkKeeper(
            client_id, self._signaling, timing, random, self._limits, self._playing, self.counters
        )
        self._players: dict[str, Player] = {}
        """The controllers that have a connection, open or under way."""
        self._state: dict[str, Any] = {"audio_enabled": False}
        self._keys = itertools.count(1)
        self._meter = Meter()
        self._identify = Identify(client_id, self._keys.__next__, lambda: timing.play_out_s + self.steered.delay_s)

    # --- what the shell asks ---------------------------------------------------------------------------------

    @property
    def open_peers(self) -> tuple[str, ...]:
        """Ids of the controllers with an open link."""
        return tuple(name for name, link in self._keeper.links.items() if link.peer.state is peers.State.OPEN)

    @property
    def fingers(self) -> int:
        """How many fingers are down, over all controllers."""
        return sum(len(player.touches) for player in self._players.values())

    def state(self) -> dict[str, Any]:
        """The complete state that every pong carries."""
        return {**self._state, **self.remote.state(), **self.steered.state(), "fingers": self.fingers}

    def set_state(self, **fields: Any) -> None:
        """Sets further fields of the state, for example `audio_enabled=True, name="Kitchen"`."""
        self._state.update(fields)

    def loudness(self, now: float) -> float:
        """The factor of all that it sings: what players set, times what the server wants. 0…1"""
        return self.remote.volume * self.steered.gain(now) if self.remote.powered_on else 0.0

    # --- what the shell tells --------------------------------------------------------------------------------

    def report(self, health: Health, now: float) -> None:
        """Tell the server how this box is."""
        self._signaling.send(health)
        self._settle(now)

    def measured(self, peak: float | None, now: float) -> None:
        """The greatest magnitude of a sample since the last time; None: nothing was measured."""
        if (level := self._meter.level(peak, now)) is not None:
            self._signaling.send(level)
            self._settle(now)

    def start(self, now: float) -> None:
        """Begin: connect to the server."""
        self._out.append(self._loudness(now))
        super().start(now)

    def stop(self, now: float) -> None:
        """The end: every voice is released, every link closed."""
        self._keeper.stop()
        self._signaling.stop("stopped", now)
        self._settle(now)

    def described(self, name: str, number: int, sdp: str, now: float) -> None:
        """The offer of a link is complete: send it."""
        self._keeper.described(name, number, sdp)
        self._settle(now)

    def link_reached(self, name: str, number: int, now: float) -> None:
        """A path to the peer of a link is found; the channels are not open yet."""
        self._keeper.reached(name, number, now)
        self._settle(now)

    def link_opened(self, name: str, number: int, channel: str, now: float) -> None:
        """A channel of a link is open. The link counts as open when `params` is."""
        link = self._keeper.current(name, number)
        if link is not None and channel == PARAMS:
            self._keeper.opened(link, now)
            self._settle(now)

    def link_lost(self, name: str, number: int, reason: str, now: float) -> None:
        """A link closed or failed; `reason` in words."""
        link = self._keeper.current(name, number)
        if link is not None:
            self._keeper.lost(link, reason, now)
            self._settle(now)

    def link_abused(self, name: str, number: int, reason: str, now: float) -> None:
        """The peer broke the protocol in a way no client of ours does. Its link is closed and it is blocked a while."""
        link = self._keeper.current(name, number)
        if link is not None:
            self._keeper.block(link, reason, now)
            self._settle(now)

    def channel(self, name: str, number: int, channel: str, message: Channel | Unknown, now: float) -> None:
        """A message on a data channel."""
        link = self._keeper.current(name, number)
        if link is None:
            return
        link.peer.heard(now)
        player = self._players[name]
        points = message.points if isinstance(message, Touch | Ping) else None
        verdict = player.guard.message(now, len(points or ()))
        if verdict is Verdict.FLOOD:
            self._keeper.block(link, f"more than {self._limits.messages_per_s:g} messages a second", now)
            self._settle(now)
            return
        if verdict is Verdict.DROP:
            self.counters["dropped_fast"] += 1
        elif isinstance(message, Touch):
            self._touch(name, player, message, now)
        elif isinstance(message, Ping):
            self._ping(link, player, channel, message, now)
        elif isinstance(message, Param | Command):
            self._set(link, message, now)
        else:
            self.counters["unknown" if isinstance(message, Unknown) else "unexpected"] += 1
        self._wakeup.by(player.touches.next_deadline())

    # --- time ------------------------------------------------------------------------------------------------

    def on_deadline(self, now: float) -> None:
        """Holds end, silent peers are given up, links are tried again."""
        self._signaling.on_deadline(now)
        for player in self._players.values():
            due = player.touches.next_deadline()
            if due is not None and now >= due:
                self._out += self._sung(player, player.touches.on_deadline(now))
        self._keeper.on_deadline(now)
        if self.steered.on_deadline(now):
            self._out.append(self._loudness(now))
        self._identifying(now)
        if self._meter.due(now):
            self._be_metered(now)
        self._wakeup.clear()
        self._wakeup.by(self.steered.next_deadline())
        self._wakeup.by(self._identify.next_deadline())
        self._wakeup.by(self._meter.next_deadline())
        for player in self._players.values():
            self._wakeup.by(player.touches.next_deadline())
        self._settle(now)

    # --- inside ----------------------------------------------------------------------------------------------

    def _settle(self, now: float) -> None:
        self._keeper.settle(now)
        for effect in self._keeper.drain():
            if isinstance(effect, CloseLink):
                player = self._players.pop(effect.peer)
                self._out += self._sung(player, player.touches.release_all(now))
            elif isinstance(effect, MakeOffer):
                self._players[effect.peer] = Player(self._timing, self._limits, self._keys.__next__, now)
            self._out.append(effect)
        self._wakeup.by(self._keeper.next_deadline())
        super()._settle(now)

    def _registered(self) -> None:
        self._keeper.registered()
        if self._meter.on:  # whoever watches at this server asks anew
            self._meter.stop()
            self._out.append(Measure(on=False))
        self._signaling.send(RequestControllers(source=self._id))
        if (settings := self.steered.settings) is not None:
            self._signaling.send(SettingsApplied(epoch=settings.epoch, rev=settings.rev, kept=self.steered.kept()))

    def _receive(self, message: Message | Unknown, now: float) -> None:
        if isinstance(message, ControllersList):
            self._keeper.listed(message, now)
        elif isinstance(message, ControllerJoined):
            self._keeper.joined(message, now)
        elif isinstance(message, ControllerLeft):
            self._keeper.left(message.controller_id, now)
        elif isinstance(message, Answer):
            self._keeper.answered(message, now)
        elif isinstance(message, IceCandidate):
            self._keeper.candidate(message)
        elif isinstance(message, BoxSettings):
            self._steer(message, now)
        elif isinstance(message, IdentifyMessage):
            self._be_identified(message.seconds, now)
        elif isinstance(message, MeterMessage):
            self._meter.ask(message.every_s, now)
            self._be_metered(now)
        else:
            if isinstance(message, Error) and message.about == "offer" and message.target:
                self._keeper.refused(message.target, message.code, now)
            self._otherwise(message)

    def _playing(self, name: str) -> bool:
        player = self._players.get(name)
        return player is not None and len(player.touches) > 0

    def _sung(self, player: Player, notes: list[Note]) -> list[Note]:
        return player.sing(notes, mono=self.remote.mono, legato=self.remote.legato)

    def _touch(self, name: str, player: Player, touch: Touch, now: float) -> None:
        if touch.active or touch.points:
            player.has_played = True
        if not self._plays:
            return
        self._out += self._sung(player, player.touches.touch(touch, now))
        if player.touches.too_old == NOTICE_OLD:
            why = f"older than {1000 * self._timing.touch_age_s:g} ms: use a faster network, or a larger --max-age"
            self._out.append(Notice("touches come too late to be played", {"id": name, "why": why}, warning=True))

    def _ping(self, link: OfferedLink, player: Player, channel: str, ping: Ping, now: float) -> None:
        self._keeper.pinged(link, ping.rtt_ms)
        self._wakeup.by(self._keeper.next_deadline())
        player.touches.clock(ping, now)
        if self._plays:
            self._out += self._sung(player, player.touches.ping(ping, now))
        pong = Pong(timestamp=ping.timestamp, t=round(now * 1000.0, 3), state=self.state())
        self._out.append(Send(link.peer.name, link.peer.link, channel, pong))

    def _set(self, link: OfferedLink, message: Param | Command, now: float) -> None:
        name = link.peer.name
        if not link.may_set:
            self.counters["not_allowed"] += 1
            self._out.append(Notice("setting not allowed", {"id": name, "name": message.name}, warning=True))
            return
        # Some pages send a volume as soon as they link. It counts now, but nobody chose it for the next start.
        remember = message.remember or self._players[name].has_played
        remote = self.remote
        changes = remote.take(name, message, remember=remember)
        if changes is None:
            self.counters["bad_setting"] += 1
            fields = {
                "id": name,
                "name": message.name,
                "value": message.value,
                "known": "volume (0 to 1), power, mono, legato (true or false), preset (a name), audio (a device)",
            }
            self._out.append(Notice("setting ignored", fields, warning=True))
            return
        if any(isinstance(change, SetPower | SetPreset | SetMono) for change in changes):
            # By the setting before the change: the voices that sound began under it.
            self._end_all(mono=remote.mono != any(isinstance(change, SetMono) for change in changes), now=now)
        self._out += [self._loudness(now) if isinstance(change, SetVolume) else change for change in changes]

    def _end_all(self, *, mono: bool, now: float) -> None:
        """End all fingers: another preset may have other singers. They begin again with the next touch."""
        for player in self._players.values():
            self._out += player.sing(player.touches.release_all(now), mono=mono, legato=True)
            player.mono.forget()

    @property
    def _plays(self) -> bool:
        """Whether fingers are heard."""
        return self.remote.powered_on and not self._identify.on

    def _be_identified(self, seconds: float, now: float) -> None:
        """Sing nothing but the tune of this box for a while, in spite of mute. "All off" stays: then only the lamp
        says which box it is."""
        if seconds > 0.0:
            self._end_all(mono=self.remote.mono, now=now)
            self._out += self._identify.begin(now, seconds)
            self._out.append(Lamp(on=True))
        elif self._identify.on:
            self._out += self._identify.end(now)
            self._out += [Lamp(on=False), self._loudness(now)]
        self._wakeup.by(self._identify.next_deadline())

    def _be_metered(self, now: float) -> None:
        """Tell the shell whether to measure the level. Without a server nobody wants it."""
        if not self.online:
            self._meter.stop()
        self._out.append(Measure(on=self._meter.on))
        self._wakeup.by(self._meter.next_deadline())

    def _identifying(self, now: float) -> None:
        if not self._identify.on:
            return
        sounded = self._identify.sounding(now)
        self._out += [self._loudness(now)] if sounded else []
        self._out += self._identify.on_deadline(now)
        if not self._identify.on:
            self._out += [Lamp(on=False), self._loudness(now)]

    def _loudness(self, now: float) -> SetVolume:
        """What players set, times what the server wants; or what the tune of this box is heard with."""
        if self._identify.sounding(now):
            return SetVolume(0.0 if self.steered.all_off else GAIN)
        return SetVolume(self.remote.volume * self.steered.gain(now))

    def _steer(self, wanted: BoxSettings, now: float) -> None:
        """Do what the server wants, and tell it what cannot be done."""
        before, refused = self.steered.settings, {}
        self.steered.take(wanted, now)
        self._wakeup.by(self.steered.next_deadline())
        changed = before is None or before.preset != wanted.preset
        if wanted.preset and changed and wanted.preset != self.remote.preset:
            if wanted.preset in self.remote.presets:
                self._end_all(mono=self.remote.mono, now=now)
                self._out.append(self.remote.adopt(wanted.preset))
            else:
                refused["preset"] = f"this box has no preset {wanted.preset!r}"
        if wanted.audio and (before is None or before.audio != wanted.audio):
            if is_device(wanted.audio):
                self._out.append(SetAudio(wanted.audio))
            else:
                refused["audio"] = "only sound devices can be chosen remotely, not files"
        self._out.append(self._loudness(now))
        self._signaling.send(SettingsApplied(epoch=wanted.epoch, rev=wanted.rev, refused=refused))
