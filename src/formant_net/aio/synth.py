"""A running synth: the one place where the network's notes meet the bank that sings them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from formant_dsp import Bank, VoiceParams, presets
from formant_dsp.choir import ChoirBank
from formant_dsp.devices import best_channels, best_sample_rate
from formant_dsp.output import Output, Wish
from formant_dsp.placement import pan_of
from formant_dsp.preset_folder import PresetFolder
from formant_dsp.presets import Preset
from formant_net.aio.client import Client
from formant_net.aio.driver import clock
from formant_net.aio.remembered import Remembered, Settings
from formant_net.effects import Told
from formant_net.log import get_logger
from formant_net.play_limits import PlayLimits
from formant_net.play_out import PlayOut
from formant_net.remote import SetAudio, SetPower, SetPreset, SetVolume
from formant_net.signaling import Server
from formant_net.strain import COUNTED, Strain, busy
from formant_net.synth import Synth
from formant_net.timing import Timing
from formant_net.touches import NoteMove, NoteOff, NoteOn

LEASE_S = 1.0
"""A voice of which nothing is said for so long ends by itself, even if Python stands still: 50 touches have failed."""
RETRY_S = 0.005
AHEAD_S = 0.005
"""With a play-out time a note is handed to the bank so long before the device asks for it."""
WATCH_S = 2.0
BROKE = (
    "this machine or its sound server was late, or has too much to do: a larger --latency, fewer --voices, or `doctor`"
)


Sing = Callable[[float, float, float | None], list[VoiceParams]]
"""From x, y, z of a touch to one entry a singer."""


class BankLike(Protocol):
    """What a singer needs of a bank."""

    def note_on(self, key: int, params: Any, *, frame: int | None = None) -> bool: ...
    def update(self, key: int, params: Any, *, frame: int | None = None) -> bool: ...
    def note_off(self, key: int, *, frame: int | None = None) -> bool: ...
    def set_volume(self, volume: float) -> bool: ...


class Singer:
    """Hands notes to a bank. What its full ring refuses is kept and asked again; ends of notes are never forgotten."""

    def __init__(self, bank: BankLike, params: Callable[[float, float, float | None], Any]) -> None:
        self._bank = bank
        self.params = params
        """From x, y, z of a touch to the parameters of a note, as the bank takes them."""
        self._ons: dict[int, Any] = {}
        self._offs: dict[int, None] = {}
        self._volume: float | None = None

    @property
    def pending(self) -> bool:
        """True when something waits for room in the ring: call `retry` a moment later."""
        return bool(self._ons or self._offs or self._volume is not None)

    def take(self, effect: object, frame: int | None = None) -> None:
        """One effect of the synth core, to land on a frame of the bank's clock or at once."""
        if isinstance(effect, NoteMove):
            params = self.params(effect.x, effect.y, effect.z)
            if effect.key in self._ons:
                self._ons[effect.key] = params
            else:
                self._bank.update(effect.key, params, frame=frame)  # refused: the next touch is 20 ms away and newer
        elif isinstance(effect, NoteOn):
            params = self.params(effect.x, effect.y, effect.z)
            if self._offs or not self._bank.note_on(effect.key, params, frame=frame):
                self._ons[effect.key] = params
        elif isinstance(effect, NoteOff):
            if self._ons.pop(effect.key, None) is None and not self._bank.note_off(effect.key, frame=frame):
                self._offs[effect.key] = None
        elif isinstance(effect, SetVolume):
            self._volume = None if self._bank.set_volume(effect.value) else effect.value

    def retry(self) -> None:
        """Ask again for what was refused: ends first, they free voices."""
        for key in list(self._offs):
            if not self._bank.note_off(key):
                return
            del self._offs[key]
        if self._volume is not None and self._bank.set_volume(self._volume):
            self._volume = None
        for key, params in list(self._ons.items()):
            if not self._bank.note_on(key, params):
                return
            del self._ons[key]


@dataclass(frozen=True, slots=True)
class SynthOptions:
    """What a synth is started with. `audio` to `realtime` as in formant_dsp.stream.open_sink."""

    client_id: str
    name: str
    servers: Sequence[Server]
    audio: str = "auto"
    voices: int = 32
    preset: Preset = field(default_factory=lambda: presets.load(presets.DEFAULT))
    """What it sings with until a player chooses another."""
    preset_folder: Path | None = None
    """Presets of one's own to choose from, beside `preset` and those that are shipped."""
    beside: Mapping[str, Any] = field(default_factory=dict)
    """What `presets.load` was told of `preset` beside its file, for when that is written anew."""
    volume: float = 1.0
    settings: Path | None = None
    """File for what players set, so that it outlives a restart."""
    channels: int = 0
    """Of the sound; 0 = stereo where the device has it."""
    layout: str = "line"
    width: float = 0.5
    """How far the surface is spread over the channels, 0 … 1: low notes at the left, high ones at the right."""
    channel_map: tuple[int, ...] | None = None
    sample_rate: int = 0
    """Hz; 0 = 48,000 where the device does that, else its own."""
    block_frames: int = 0
    latency: str | float = "low"
    realtime: str = "auto"
    timing: Timing = field(default_factory=Timing)
    limits: PlayLimits = field(default_factory=PlayLimits)

    @property
    def wish(self) -> Wish:
        """What the sound output is asked for."""
        return Wish(
            audio=self.audio,
            channels=len(self.channel_map) if self.channel_map else 0,
            channel_map=self.channel_map,
            block_frames=self.block_frames,
            latency=self.latency,
            realtime=self.realtime,
        )

    @property
    def bank_channels(self) -> int:
        """Channels the voices are spread over; 0 = as the device likes it."""
        return self.channels or (max(self.channel_map) + 1 if self.channel_map else 0)


class SynthNode:
    """Bank, output, core and network of one synth. Use `await start()`, then `await stop()`."""

    def __init__(
        self,
        options: SynthOptions,
        *,
        on_note: Callable[[str], None] = print,
        on_told: Callable[[Told], None] | None = None,
    ) -> None:
        self.options = options
        self._on_note = on_note
        self.bank = Bank(
            voices=options.voices,
            sample_rate=self._sample_rate(on_note),
            channels=best_channels(options.audio, options.bank_channels),
            layout=options.layout,
        )
        self.output = Output(self.bank, options.wish, on_note=on_note, on_change=self._changed)
        self.core = Synth(
            options.client_id,
            options.servers,
            options.timing,
            random.random,
            meta={"name": options.name},
            volume=options.volume,
            limits=options.limits,
            preset=options.preset.name,
        )
        beside = {options.preset.name: options.beside}
        self._folder = PresetFolder(options.preset_folder, beside) if options.preset_folder else None
        self._preset = options.preset
        self.singer = Singer(ChoirBank(self.bank), self._params(self._preset))
        self._read_folder()
        self._take_folder()
        self._remembered = Remembered(options.settings, Settings(options.volume, options.preset.name))
        self._resume()
        self.client = Client(self.core, other=self.sing, on_told=on_told)
        self.worn_out = asyncio.Event()
        """Set when only a new process can play again (`Output.beyond_repair`)."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._play_out = PlayOut() if options.timing.play_out_s else None
        self._waker: asyncio.TimerHandle | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._log = get_logger()

    async def start(self) -> None:
        """Start the sound, then the network."""
        self._loop = asyncio.get_running_loop()
        await asyncio.to_thread(self.output.start)
        self._publish()
        self._watcher = asyncio.create_task(self._watch())
        self.client.start()

    async def stop(self) -> None:
        """Release all voices, fade out, close all links."""
        if self._watcher is not None:
            self._watcher.cancel()
        await asyncio.to_thread(self._remember)
        self.client.driver.tell(self.core.stop)
        await asyncio.gather(asyncio.to_thread(self.output.stop), self.client.close(), return_exceptions=True)
        for timer in (self._retry, self._waker):
            if timer is not None:
                timer.cancel()

    def _params(self, preset: Preset) -> Sing:
        """From a touch to one entry a singer; and players are told what lies where."""
        self.core.set_state(surface=preset.surface)
        if preset.singers > self.options.voices:
            few = f"{preset.name} has {preset.singers} singers a finger, more than --voices {self.options.voices}"
            self._on_note(f"{few}: not all of them are heard.")

        @lru_cache(maxsize=256)  # a resting finger says the same fifty times a second
        def sung(x: float, y: float, z: float | None) -> list[VoiceParams]:
            return preset.voice_params(x, y, z, lease_s=LEASE_S)

        return self._placed(sung)

    def _preset_of(self, name: str) -> Preset:
        """The folder's, else the one it was started with, else the shipped one of this name."""
        if self._folder is not None and name in self._folder.presets:
            return self._folder.presets[name]
        return self.options.preset if name == self.options.preset.name else presets.load(name)

    def _read_folder(self) -> None:
        """Look at one's own presets; blocking."""
        for wrong in self._folder.read() if self._folder is not None else ():
            self._on_note(f"Presets: {wrong}.")

    def _take_folder(self) -> None:
        """What may be chosen; and what is sung, if its file was written."""
        own = self._folder.presets if self._folder is not None else {}
        self.core.remote.presets = tuple(sorted({*presets.names(), self.options.preset.name, self._preset.name, *own}))
        written = own.get(self._preset.name, self._preset)
        if written is not self._preset:
            self._preset = written
            self.singer.params = self._params(written)

    def _resume(self) -> None:
        """Go on with what players had set."""
        kept, remote = self._remembered.read(), self.core.remote
        if kept is None:
            return
        remote.volume, remote.powered_on = kept.volume, kept.powered_on
        if kept.preset in remote.presets:
            remote.preset = kept.preset
            self._preset = self._preset_of(kept.preset)
            self.singer.params = self._params(self._preset)
        off = "" if kept.powered_on else ", switched off"
        self._on_note(f"As players had set it: volume {kept.volume:.0%}, preset {self._preset.name}{off}.")

    def _remember(self) -> None:
        remote = self.core.remote
        self._remembered.write(Settings(remote.volume, remote.preset or self._preset.name, remote.powered_on))

    def _sample_rate(self, on_note: Callable[[str], None]) -> int:
        wanted = self.options.sample_rate
        rate = best_sample_rate(self.options.audio, wanted or 48000)
        if wanted and rate != wanted:
            on_note(f"the sound device does not do {wanted} Hz: it plays at {rate} Hz.")
        return rate

    def _placed(self, params: Sing) -> Sing:
        """The same, each touch at its place between the loudspeakers."""
        width = self.options.width if self.bank.channels > 1 else 0.0
        if width == 0.0:
            return params
        return lambda x, y, z: [replace(each, pan=pan_of(x, width, each.pan)) for each in params(x, y, z)]

    def sing(self, effect: object) -> None:
        """One effect of the core that concerns the sound."""
        if isinstance(effect, SetPreset):  # one that there is: the core has checked it
            self._preset = self._preset_of(effect.name)
            self.singer.params = self._params(self._preset)
        elif isinstance(effect, SetAudio):
            self.output.switch(effect.device)
        elif self._play_out is not None and isinstance(effect, NoteOn | NoteMove | NoteOff):
            self._play_out.put(effect, clock() + self.output.latency_s)
            self._play_due(self._play_out)
        else:
            self.singer.take(effect)
        if isinstance(effect, SetPower | SetVolume):
            self._publish()
        self._retry_later()

    def _play_due(self, play_out: PlayOut) -> None:
        """Hands on what is to be heard soon, each note on its frame, and comes back for the next."""
        now, ahead_s = clock(), self.output.latency_s + AHEAD_S
        for at, note in play_out.due(now + ahead_s):
            self.singer.take(note, self.output.frame_in(at - now))
        if self._waker is not None:
            self._waker.cancel()
        due = play_out.next
        self._waker = None
        if due is not None and self._loop is not None:
            self._waker = self._loop.call_later(due - now - ahead_s, self._play_due, play_out)
        self._retry_later()

    def _retry_later(self) -> None:
        if self.singer.pending and self._retry is None:
            self._retry = asyncio.get_running_loop().call_later(RETRY_S, self._ask_again)

    def _ask_again(self) -> None:
        self._retry = None
        self.singer.retry()
        self._retry_later()

    def _publish(self) -> None:
        self.core.set_state(
            name=self.options.name,
            audio_enabled=self.output.audible,
            audio=self.output.describe(),
            latency_ms=round(1000.0 * self.output.latency_s, 1),
            voices=self.options.voices,
            sound=self.sound(),
        )
        if self._play_out is not None:
            self.core.set_state(
                play_out_ms=round(1000.0 * self.options.timing.play_out_s, 1),
                late_notes=self._play_out.late,
                latest_ms=round(1000.0 * self._play_out.latest_s, 1),
            )

    def sound(self) -> dict[str, float]:
        """How the sound has been since the start: blocks, what 99 of 100 took (% of a block's period) and the longest
        (µs), and what went wrong: `strain.COUNTED`."""
        stream, bank = self.output.counters(), self.bank.counters()  # `late` of the bank are events, not callbacks
        return {
            "blocks": stream.get("blocks", 0),
            "busy_p99": round(busy(stream.get("render_histogram", ()), 0.99), 1),
            "render_us_max": round(stream.get("render_us_max", 0.0), 1),
            **{name: stream[name] if name in stream else bank.get(name, 0) for name in COUNTED},
        }

    async def _watch(self) -> None:
        """What the sound says of itself, for whoever asks; and for the log when it broke."""
        strain = Strain()
        while True:
            await asyncio.sleep(WATCH_S)
            if self._folder is not None:
                await asyncio.to_thread(self._read_folder)
                self._take_folder()
            await asyncio.to_thread(self._remember)
            self._publish()
            if news := strain.news(clock(), self.sound()):
                latency_ms = f"{1000.0 * self.output.latency_s:.0f}"
                get_logger().warning("the sound broke", **news, latency_ms=latency_ms, why=BROKE)

    def _changed(self) -> None:
        """The output has another sink; told on its own thread."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._publish)
            if self.output.beyond_repair:
                loop.call_soon_threadsafe(self.worn_out.set)
