"""Latency from an event to its sound, measured through a loop-back: notes are played, recorded and found again.

Short notes are played in two ways. *At once*, as by a touch: this measures the time from the call to the sound at the
input. *Stamped* with frames of the bank's clock: this measures, in samples, how exactly their distances are kept.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formant_dsp.bank.bank import Bank
from formant_dsp.model.params import HOP, VoiceParams
from formant_dsp.output.devices import Device, portaudio, select
from formant_dsp.output.sink import SinkError
from formant_dsp.output.stream import PortAudioSink

NOTE = VoiceParams(
    f0_hz=330.0, vibrato_cents=0.0, vibrato_spread=0.0, unison_cents=0.0, level_db=0.0, attack_s=0.005, release_s=0.02
)
NOTE_S = 0.03
TEMPLATE_S = 0.02
APART_S = 0.22
"""Least time between two notes, s. A random time is added, so that notes start at every place of a block."""
SEARCH_S = 0.18
NEAR_S = 1.0
"""Seconds to either side of a block over which the times of blocks are smoothed."""
SURE = 0.9
"""Least correlation at which a note counts as found; noise has less than 0.3."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Found:
    """One note in a recording: the frame of its first sample, and its correlation 0 … 1."""

    frame: int
    sure: float


@dataclass(frozen=True, slots=True)
class LatencyReport:
    """Result of a measurement.

    latency_ms_…            time from the call to the sound at the input, ms
    jitter_ms               largest latency minus smallest
    stamped_jitter_frames   largest spread of (found - requested frame) over a stretch of stamped notes without an
                            interruption; 0 = each note on its sample
    interruptions           how often the sound of the stamped notes jumped by a hop or more
    reported_ms             latency that the output stream reports, ms; reported_input_ms: that of the input stream
    """

    device: str
    input_device: str
    sample_rate: int
    played: int
    heard: int
    latency_ms_min: float
    latency_ms_median: float
    latency_ms_max: float
    jitter_ms: float
    stamped_played: int
    stamped_heard: int
    stamped_jitter_frames: int
    interruptions: int
    reported_ms: float
    reported_input_ms: float
    underflows: int
    overflows: int


def template(sample_rate: int) -> Array:
    """The start of the note as a bank renders it: float64[frames] of TEMPLATE_S."""
    bank = Bank(voices=2, sample_rate=sample_rate)
    bank.note_on(1, NOTE)
    return bank.render(round(TEMPLATE_S * sample_rate)).astype(np.float64)


def find(sound: Array, note: Array, start: int, end: int) -> Found | None:
    """Where `note` starts within frames start … end of `sound`, by normalised correlation; None if it is not there."""
    start, end = max(0, start), min(end, len(sound) - len(note))
    if end <= start:
        return None
    part = sound[start : end + len(note)]
    energy = np.cumsum(np.concatenate(([0.0], part**2)))
    norm = np.sqrt(np.maximum(energy[len(note) :] - energy[: -len(note)], 1e-12) * np.sum(note**2))
    match = np.abs(np.correlate(part, note, "valid")) / norm  # a loop-back may invert the sign
    at = int(np.argmax(match))
    return Found(start + at, float(match[at])) if match[at] >= SURE else None


def stretches(offsets: Sequence[int]) -> list[list[int]]:
    """Offsets of consecutive notes, split where they jump by a hop or more: there sound was lost or repeated."""
    parts: list[list[int]] = []
    for offset in offsets:
        if parts and abs(offset - parts[-1][-1]) < HOP:
            parts[-1].append(offset)
        else:
            parts.append([offset])
    return parts


def spread(values: Sequence[float] | Sequence[int]) -> float:
    """Largest value minus smallest; 0 for no values."""
    return max(values) - min(values) if values else 0.0


class Clock:
    """The times of a stream's samples on PortAudio's clock, computed from the times of its blocks, which jitter.

    samples   float64[blocks], number of the first sample of each block
    times     float64[blocks], time of that sample, s

    Each time is the median over the blocks within NEAR_S. A straight line through all blocks would be wrong: the clocks
    of device and machine drift apart by a millisecond in half a minute or more, and an interruption delays the rest.
    """

    def __init__(self, samples: Array, times: Array, rate: int) -> None:
        self._samples, self._offsets, self._rate = samples, times - samples / rate, rate

    def time_of(self, sample: float) -> float:
        """Time of a sample, s."""
        near = NEAR_S * self._rate
        first, end = np.searchsorted(self._samples, (sample - near, sample + near))
        first = max(0, min(first, len(self._samples) - 1))
        return float(sample / self._rate + np.median(self._offsets[first : max(end, first + 1)]))

    def sample_at(self, moment: float) -> int:
        """The sample at a time, s."""
        sample = (moment - self._offsets[0]) * self._rate
        for _ in range(3):
            sample += (moment - self.time_of(sample)) * self._rate
        return round(float(sample))


class _Ear:
    """A recording, with the time of each sample at the input and the frame of the bank at that time."""

    def __init__(self, device: int, sample_rate: int, latency: str | float, bank: Bank, *, inside: bool) -> None:
        self._blocks: list[Array] = []
        self._times: list[tuple[int, float]] = []
        self._made: list[int] = []
        self._bank = bank
        self._inside = inside
        self._frames = 0
        self.overflows = 0
        self.stream = portaudio().InputStream(
            device=device, channels=1, samplerate=sample_rate, dtype="float32", latency=latency, callback=self._take
        )
        self._rate = sample_rate

    def _take(self, data: Any, frames: int, when: Any, status: Any) -> None:
        self.overflows += bool(status.input_overflow)
        self._times.append((self._frames, when.currentTime if self._inside else when.inputBufferAdcTime))
        self._made.append(self._bank.frame - frames)
        self._blocks.append(data[:, 0].astype(np.float64))
        self._frames += frames

    @property
    def seconds(self) -> float:
        return self._frames / self._rate

    def sound(self) -> Array:
        return np.concatenate(self._blocks) if self._blocks else np.zeros(0)

    def made_at(self, sample: int) -> float:
        """Frame of the bank's clock that was rendered in the same cycle, at the same place of the block."""
        starts = [start for start, _ in self._times]
        block = bisect_right(starts, sample) - 1
        return self._made[block] + sample - starts[block]

    def clock(self) -> Clock:
        """The times of all samples."""
        samples, times = np.array(self._times, np.float64).T
        return Clock(samples, times, self._rate)


def measure(
    audio: str = "auto",
    *,
    input_audio: str | None = None,
    notes: int = 40,
    block_frames: int = 0,
    latency: str | float = "low",
    realtime: str = "auto",
    sample_rate: int = 48000,
    seed: int = 1,
) -> LatencyReport:
    """Play and record for about `notes` · 0.7 s, and return the latencies.

    audio         as in `open_sink`: "auto", NAME or INDEX of the output
    input_audio   NAME or INDEX of the input; None = the input of the same device, else the default input
    notes         number of notes of each of the two kinds
    error         SinkError when there is no such device, or when no note is heard
    """
    device = select(audio)
    ear_index, ear_name = _input_device(input_audio, device)
    bank = Bank(voices=4, sample_rate=sample_rate)
    sink = PortAudioSink(bank, device, block_frames=block_frames, latency=latency, realtime=realtime)
    sd = portaudio()
    try:
        inside = "JACK" in device.host_api
        ear = _Ear(ear_index, sample_rate, latency, bank, inside=inside)
    except (sd.PortAudioError, ValueError) as error:
        sink.stop()
        raise SinkError(f"cannot listen on {ear_name!r}: {error}; choose another one with --input") from error
    try:
        ear.stream.start()
        sink.start()
        if inside:
            _loop_jack()
        time.sleep(0.7)
        chance = random.Random(seed)
        asked = _play_at_once(bank, ear, notes, chance)
        first, stamps = _play_stamped(bank, ear, notes, chance)
        time.sleep(SEARCH_S + float(sink.latency_s) + float(ear.stream.latency))
        report_ms, ear_ms = 1000.0 * sink.latency_s, 1000.0 * float(ear.stream.latency)
        counters = sink.counters()
    finally:
        sink.stop()
        ear.stream.close()
    sound, note, clock = ear.sound(), template(sample_rate), ear.clock()
    pairs = _stamped_found(sound, note, first, stamps, sample_rate)
    at_once = []
    # Inside JACK the time of the input is not known. The cycle in which a note was rendered is known instead, and from
    # it the delay of the input.
    shift_s = 0.0
    if inside and pairs:
        behind = [ear.made_at(found) - stamp for found, _, stamp in pairs]
        shift_s = float(np.median(behind)) / sample_rate - (report_ms / 1000.0 - bank.latency_frames / sample_rate)
    for moment in asked:
        near = clock.sample_at(moment)
        found = find(sound, note, near - 64, near + round(SEARCH_S * sample_rate))
        if found is not None:
            at_once.append(1000.0 * (clock.time_of(found.frame) - shift_s - moment))
    stamped = stretches([found - near for found, near, _ in pairs])
    if not at_once:
        raise SinkError(
            f"none of {len(asked)} notes on {device.name!r} was heard on {ear_name!r}: connect its output to its "
            "input with a cable, choose the monitor of the sink as the input (--input), or see docs/install/sound.md"
        )
    return LatencyReport(
        device=f"{device.name} ({device.host_api})",
        input_device=ear_name,
        sample_rate=sample_rate,
        played=len(asked),
        heard=len(at_once),
        latency_ms_min=round(min(at_once), 2),
        latency_ms_median=round(float(np.median(at_once)), 2),
        latency_ms_max=round(max(at_once), 2),
        jitter_ms=round(spread(at_once), 2),
        stamped_played=len(stamps),
        stamped_heard=len(pairs),
        stamped_jitter_frames=round(max((spread(part) for part in stamped), default=0)),
        interruptions=max(0, len(stamped) - 1),
        reported_ms=round(report_ms, 2),
        reported_input_ms=round(ear_ms, 2),
        underflows=counters["underflows"],
        overflows=ear.overflows,
    )


def _play_at_once(bank: Bank, ear: _Ear, notes: int, chance: random.Random) -> list[float]:
    """Play notes at once, as touches do. Returns the time of each call on the clock of the input stream, s."""
    asked = []
    for key in range(1, notes + 1):
        time.sleep(APART_S * chance.uniform(1.0, 2.0))
        asked.append(float(ear.stream.time))
        bank.note_on(key, NOTE)
        time.sleep(NOTE_S)
        bank.note_off(key)
    return asked


def _play_stamped(bank: Bank, ear: _Ear, notes: int, chance: random.Random) -> tuple[float, list[int]]:
    """Play notes on frames half a second ahead. Returns the seconds recorded before the first one, and the frames."""
    time.sleep(APART_S)
    rate = bank.sample_rate
    before, frame = ear.seconds, bank.frame + rate // 2
    stamps = []
    for key in range(notes + 1, 2 * notes + 1):
        stamps.append(frame)
        bank.note_on(key, NOTE, frame=frame)
        bank.note_off(key, frame=frame + round(NOTE_S * rate))
        frame += round(APART_S * rate * chance.uniform(1.0, 1.5))
        while bank.frame < frame - rate // 2:
            time.sleep(0.01)
    while bank.frame < frame:
        time.sleep(0.01)
    return before, stamps


def _stamped_found(
    sound: Array, note: Array, before_s: float, stamps: Sequence[int], rate: int
) -> list[tuple[int, int, int]]:
    """(frame at which it was found, frame expected from the first note, its stamp) of each note that was found."""
    first = None
    for start in range(round(before_s * rate), len(sound), rate // 20):
        first = find(sound, note, start, start + rate // 20)
        if first is not None:
            break
    if first is None:
        return []
    pairs = []
    moved, reach = 0, round(0.4 * APART_S * rate)  # shift by interruptions so far; search range, short of the next note
    for stamp in stamps:
        near = first.frame + stamp - stamps[0]
        found = find(sound, note, near + moved - reach, near + moved + reach)
        if found is not None:
            moved = found.frame - near
            pairs.append((found.frame, near, stamp))
    return pairs


def _input_device(wanted: str | None, output: Device) -> tuple[int, str]:
    sd = portaudio()
    inputs = [device for device in sd.query_devices() if device["max_input_channels"] > 0]
    if wanted is None:
        same = [device for device in inputs if device["index"] == output.index]
        default = [device for device in inputs if device["index"] == sd.default.device[0]]
        chosen = same or default or inputs
    elif wanted.isdigit():
        chosen = [device for device in inputs if device["index"] == int(wanted)]
    else:
        chosen = [device for device in inputs if wanted.lower() in device["name"].lower()]
    if not chosen:
        names = ", ".join(f"{device['index']} {device['name']!r}" for device in inputs) or "none"
        raise SinkError(f"no input device {wanted or ''!r}; there are: {names}")
    return int(chosen[0]["index"]), str(chosen[0]["name"])


def _loop_jack() -> None:
    """Connect the output to the input inside the JACK server, so that no cable is needed."""
    if shutil.which("jack_lsp") is None or shutil.which("jack_connect") is None:
        return
    ports = subprocess.run(["jack_lsp"], capture_output=True, text=True, check=False).stdout.split()
    outputs = [port for port in ports if port.startswith("PortAudio") and ":out_" in port]
    inputs = [port for port in ports if port.startswith("PortAudio") and ":in_" in port]
    if outputs and inputs:
        subprocess.run(["jack_connect", outputs[0], inputs[0]], capture_output=True, check=False)
