"""A running synth: connects the network's notes to the bank that sings them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from formant_dsp import Bank
from formant_dsp.model import presets
from formant_dsp.model.choir import ChoirBank
from formant_dsp.model.preset_folder import PresetFolder
from formant_dsp.model.presets import Preset
from formant_dsp.output.devices import best_channels, best_sample_rate
from formant_dsp.output.hotplug import Output, OutputSettings
from formant_net.aio.client.find import Search
from formant_net.aio.client.remembered import Remembered, RememberedSteering, Settings
from formant_net.aio.client.shell import Client
from formant_net.aio.client.singer import Sing, Singer, voicing
from formant_net.aio.client.wellbeing import Wellbeing
from formant_net.aio.driver import clock
from formant_net.aio.lamp import Lamp
from formant_net.client.effects import Notice
from formant_net.client.servers import Server
from formant_net.health.machine import Facts
from formant_net.ops.log import get_logger
from formant_net.protocol.timing import Timing
from formant_net.synth.core import Synth
from formant_net.synth.identify import Lamp as ShowLamp
from formant_net.synth.meter import Measure
from formant_net.synth.play_limits import PlayLimits
from formant_net.synth.play_out import PlayOut
from formant_net.synth.remote import Kept, SetAudio, SetPower, SetPreset, SetVolume
from formant_net.synth.strain import COUNTED, Strain, busy
from formant_net.synth.touches import Note, NoteMove, NoteOff, NoteOn

TAKES = ("note", "vel", "place")
"""Optional fields of a touch that this synth understands."""
LEASE_S = 1.0
"""Seconds without an event after which a voice ends by itself, even if Python has stopped. 50 touches are then lost."""
RETRY_S = 0.005
AHEAD_S = 0.005
"""With a play-out time: seconds before the device needs a note at which it is handed to the bank."""
WATCH_S = 2.0
BROKE = (
    "this machine or its sound server was late, or has too much to do: a larger --latency, fewer --voices, or `doctor`"
)


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
    """Folder of further presets."""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    """Entries of the file of `preset` that the command line overrides, also after the file changes."""
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
    persistent: bool = False
    """A refused key does not stop the synth: it tries again slowly."""
    search: Search | None = None
    """How to find servers on the network; None: `servers` are all there are."""

    @property
    def output_settings(self) -> OutputSettings:
        """What the sound output is asked for."""
        return OutputSettings(
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
        on_notice: Callable[[Notice], None] | None = None,
    ) -> None:
        self.options = options
        self._on_note = on_note
        self.bank = Bank(
            voices=options.voices,
            sample_rate=self._sample_rate(on_note),
            channels=best_channels(options.audio, options.bank_channels),
            layout=options.layout,
        )
        self.output = Output(self.bank, options.output_settings, on_note=on_note, on_change=self._changed)
        self.core = Synth(
            options.client_id,
            options.servers,
            options.timing,
            random.random,
            meta={"name": options.name},
            volume=options.volume,
            limits=options.limits,
            persistent=options.persistent,
            searching=options.search is not None,
            preset=options.preset.name,
        )
        overrides = {options.preset.name: options.overrides}
        self._folder = PresetFolder(options.preset_folder, overrides) if options.preset_folder else None
        self._preset = options.preset
        self.singer = Singer(ChoirBank(self.bank), self._params(self._preset))
        self._read_folder()
        self._take_folder()
        self._remembered = Remembered(options.settings, Settings(options.volume, options.preset.name))
        self._resume()
        self._steered = RememberedSteering(options.settings)
        if (steered := self._steered.read()) is not None:
            self.core.steered.resume(steered)
            self._on_note(f"Settings of the desk: {self._told()}.")
        self.wellbeing = Wellbeing(self.bank, self.output, self.core, clock())
        self.client = Client(self.core, other=self.sing, on_notice=on_notice, search=options.search)
        self._lamp = Lamp()
        self.worn_out = asyncio.Event()
        """Set when only a new process can play again (`Output.beyond_repair`)."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._play_out = PlayOut()
        self._sounds_at = 0.0
        """When the last note that waits is to sound: what comes later never overtakes it."""
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
        await asyncio.to_thread(self._remember, last=True)
        self.client.driver.tell(self.core.stop)
        self._lamp.show(on=False)
        await asyncio.gather(asyncio.to_thread(self.output.stop), self.client.close(), return_exceptions=True)
        for timer in (self._retry, self._waker):
            if timer is not None:
                timer.cancel()

    def _params(self, preset: Preset) -> Sing:
        """What a finger sings with this preset. Players see in the state what lies where, and that `note` is sung."""
        self.core.set_state(surface=preset.surface, takes=TAKES)
        if preset.singers > self.options.voices:
            few = f"{preset.name} has {preset.singers} singers a finger, more than --voices {self.options.voices}"
            self._on_note(f"{few}: not all of them are heard.")

        return voicing(preset, self.options.width if self.bank.channels > 1 else 0.0, LEASE_S)

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
        remote.resume(Kept(kept.volume, kept.powered_on, kept.preset, kept.mono, kept.legato))
        if remote.preset == kept.preset:
            self._preset = self._preset_of(kept.preset)
            self.singer.params = self._params(self._preset)
        off = "" if kept.powered_on else ", switched off"
        self._on_note(f"Settings that players had made: volume {kept.volume:.0%}, preset {self._preset.name}{off}.")

    def _remember(self, *, last: bool = False) -> None:
        kept = self.core.remote.kept
        settings = Settings(kept.volume, kept.preset or self._preset.name, kept.powered_on, kept.mono, kept.legato)
        self._remembered.write(settings, clock(), last=last)
        self._steered.write(self.core.steered.settings, clock(), last=last)

    def _told(self) -> str:
        """What the desk wants of this box, in words."""
        settings = self.core.steered.settings
        if settings is None:
            return "none"
        if settings.because:
            return f"silent ({', '.join(settings.because)})"
        return f"{settings.gain_db:g} dB" + (f", {settings.delay_ms:g} ms later" if settings.delay_ms else "")

    def _sample_rate(self, on_note: Callable[[str], None]) -> int:
        wanted = self.options.sample_rate
        rate = best_sample_rate(self.options.audio, wanted or 48000)
        if wanted and rate != wanted:
            on_note(f"the sound device does not support {wanted} Hz: it plays at {rate} Hz.")
        return rate

    def sing(self, effect: object) -> None:
        """One effect of the core that concerns the sound."""
        if isinstance(effect, SetPreset):  # one that there is: the core has checked it
            self._preset = self._preset_of(effect.name)
            self.singer.params = self._params(self._preset)
        elif isinstance(effect, SetAudio):
            self.output.switch(effect.device)
        elif isinstance(effect, ShowLamp):
            self._lamp.show(effect.on)
        elif isinstance(effect, Measure):
            self._measure(effect.on)
        elif isinstance(effect, NoteOn | NoteMove | NoteOff) and self._waits():
            self._play_later(effect)
        else:
            self.singer.take(effect)
        if isinstance(effect, SetPower | SetVolume):
            self._publish()
        self._retry_later()

    def _measure(self, on: bool) -> None:
        """Bring the core the peak of what has sounded since the last time."""
        if on:
            self.client.driver.tell(self.core.measured, self.output.peak())
        else:
            self.output.stop_measuring()

    def _waits(self) -> bool:
        """Whether notes sound at a time of their own, not on arrival."""
        return bool(self.options.timing.play_out_s or self.core.steered.delay_s or self._play_out.next is not None)

    def _play_later(self, note: Note) -> None:
        earliest = clock() + self.output.latency_s
        wanted = (earliest if note.at is None else note.at) + self.core.steered.delay_s
        self._sounds_at = max(self._sounds_at, wanted)
        self._play_out.put(replace(note, at=self._sounds_at), earliest)
        self._play_due()

    def _play_due(self) -> None:
        """Hands on what is to be heard soon, each note on its frame, and comes back for the next."""
        play_out = self._play_out
        now, ahead_s = clock(), self.output.latency_s + AHEAD_S
        for at, note in play_out.due(now + ahead_s):
            self.singer.take(note, self.output.frame_in(at - now))
        if self._waker is not None:
            self._waker.cancel()
        due = play_out.next
        self._waker = None
        if due is not None and self._loop is not None:
            self._waker = self._loop.call_later(due - now - ahead_s, self._play_due)
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
            name=self.core.steered.name or self.options.name,
            audio_enabled=self.output.audible,
            audio=self.output.describe(),
            latency_ms=round(1000.0 * self.output.latency_s, 1),
            voices=self.options.voices,
            sound=self.sound(),
        )
        if self.options.timing.play_out_s:
            self.core.set_state(
                play_out_ms=round(1000.0 * self.options.timing.play_out_s, 1),
                late_notes=self._play_out.late,
                latest_ms=round(1000.0 * self._play_out.latest_s, 1),
            )

    def sound(self) -> dict[str, float]:
        """The state of the sound since the start: blocks, what 99 of 100 took (% of a block's period) and the longest
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
        strain, said = Strain(), ""
        while True:
            await asyncio.sleep(WATCH_S)
            try:
                await self._look(strain)
            except Exception as error:  # for example a file of the machine that reads strangely: the rest goes on
                if repr(error) != said:
                    said = repr(error)
                    self._log.exception("fault in the watch over the synth; going on")

    async def _look(self, strain: Strain) -> None:
        """One turn. What players set is remembered whatever else fails."""
        await asyncio.to_thread(self._remember)
        if self._folder is not None:
            await asyncio.to_thread(self._read_folder)
            self._take_folder()
        self._publish()
        if news := strain.news(clock(), self.sound()):
            latency_ms = f"{1000.0 * self.output.latency_s:.0f}"
            self._log.warning("the sound broke", **news, latency_ms=latency_ms, why=BROKE)
        self._report(await asyncio.to_thread(self.wellbeing.look))

    def _report(self, facts: Facts) -> None:
        """Tell the server how this box is, if it is time to."""
        news = self.wellbeing.news(facts, self._play_out.late, self.client.round_trip_s, clock())
        if news is not None:
            self.client.driver.tell(self.core.report, news)

    def _changed(self) -> None:
        """The output has another sink; told on its own thread."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._publish)
            if self.output.beyond_repair:
                loop.call_soon_threadsafe(self.worn_out.set)
