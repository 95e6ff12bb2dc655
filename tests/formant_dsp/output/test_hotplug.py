"""A device that goes and comes back, or is exchanged, under a bank that goes on."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.sound.spectrum import f0_hz, third_difference_db
from support.soundcard.pulse import RATE, Pulse
from support.suite.patience import PATIENCE_S

from formant_dsp import Bank
from formant_dsp.output.callback import StreamState
from formant_dsp.output.devices import Device
from formant_dsp.output.hotplug import FIRST_TRY_S, LAST_TRY_S, STALL_S, Host, Output, OutputSettings, merged
from formant_dsp.output.paced import PacedSink
from formant_dsp.output.sink import RealtimeRefused, Sink, SinkError


def test_the_frame_that_is_heard_at_a_moment_runs_as_evenly_as_the_clock() -> None:
    """However the sound is asked for: here in blocks of 10 ms, by a thread that sleeps."""
    sink = PacedSink(Bank())
    sink.start()
    time.sleep(0.3)
    asked = []
    late_s = 0.0  # what the machine is late for this thread it is late for that of the sink
    for _ in range(50):
        before = time.monotonic()
        frame = sink.frame_in(0.0)
        after = time.monotonic()
        assert frame is not None
        asked.append((before, frame, after))
        time.sleep(0.005)
        late_s = max(late_s, time.monotonic() - after - 0.005)
    ahead = sink.frame_in(0.1)
    assert ahead is not None
    sink.stop()
    zeros = [(frame - RATE * after, frame - RATE * before) for before, frame, after in asked]
    assert max(low for low, _ in zeros) - min(high for _, high in zeros) < RATE * (0.005 + late_s), (
        "one line fits all of them"
    )
    assert ahead - asked[-1][1] > 0.1 * RATE


class FakeSink:
    """A device whose frames the test moves."""

    audible = True
    sample_rate = 48000
    channels = 2
    latency_s = 0.01

    def frame_in(self, seconds: float) -> int | None:
        return self._state.frame_in(seconds)

    def __init__(self, bank: Bank, device: Device, refuses: str = "") -> None:
        self._state = StreamState(bank, 2)
        self.device = device
        self.running = False
        self.refuses = refuses
        self.frames = 0
        self.measures = True

    def start(self) -> None:
        if self.refuses:
            self.stop()
            raise SinkError(self.refuses)
        self.running = True

    def stop(self) -> None:
        self.running = False
        self._state.release()

    def describe(self) -> str:
        return self.device.name

    def counters(self) -> dict[str, Any]:
        return {**self._state.counters(), "frames": self.frames, "blocks": self.frames // 64, "underflows": 1}

    def peak(self) -> float | None:
        return 0.5 if self.measures else None

    def stop_measuring(self) -> None:
        self.measures = False


@dataclass
class FakeHost(Host):
    """Devices that are there, by name; what was asked of it."""

    names: list[str]
    refuses: str = ""
    rescans: int = 0
    opened: list[FakeSink] = field(default_factory=list)

    def rescan(self) -> None:
        assert not any(sink.running for sink in self.opened), "rescanned with a stream open"
        self.rescans += 1

    def find(self, audio: str) -> Device:
        names = self.names if audio in ("auto", "0") else [name for name in self.names if name == audio]
        if not names:
            raise SinkError(f"no output device {audio!r}")
        return Device(0, names[0], "fake", 2, 48000, 0.01, True)

    def open(self, bank: Bank, device: Device, settings: OutputSettings) -> Sink:
        self.opened.append(FakeSink(bank, device, self.refuses))
        return self.opened[-1]


@dataclass
class Scene:
    """An output whose steps the test takes, and what it said."""

    host: FakeHost
    output: Output
    lines: list[str]
    changes: list[str]
    now: float = 1000.0

    def step(self, seconds: float = 0.25) -> None:
        self.now += seconds
        self.output.step(self.now)

    def play(self, seconds: float) -> None:
        """The device goes on for so long."""
        for _ in range(round(seconds / 0.25)):
            self.host.opened[-1].frames += 12000
            self.step()


@pytest.fixture
def scenes() -> Iterator[Any]:
    made: list[Scene] = []

    def make(names: list[str], audio: str = "auto", refuses: str = "") -> Scene:
        lines: list[str] = []
        changes: list[str] = []
        host = FakeHost(names, refuses)
        output = Output(
            Bank(voices=2),
            OutputSettings(audio),
            on_note=lines.append,
            on_change=lambda: changes.append("x"),
            host=host,
        )
        scene = Scene(host, output, lines, changes)
        made.append(scene)
        output._thread.start = lambda: None  # type: ignore[method-assign]
        output.start()
        return scene

    yield make
    for scene in made:
        scene.output.stop()


def test_a_device_that_stops_is_waited_for_and_played_again(scenes: Any) -> None:
    scene = scenes(["USB"])
    scene.play(3.0)
    assert scene.output.audible
    scene.host.names = []
    scene.host.opened[0].running = False
    scene.step()
    assert scene.lines == ["the sound device has stopped, waiting for it: USB"]
    assert not scene.output.audible
    assert scene.output.sink.running  # the bank goes on in silence
    assert "waiting for a sound device" in scene.output.describe()
    for _ in range(100):
        scene.step()
    tries = scene.host.rescans
    assert 25.0 / LAST_TRY_S - 1 <= tries <= 25.0 / FIRST_TRY_S
    scene.host.names = ["USB"]
    scene.step(LAST_TRY_S)
    assert scene.output.audible
    assert scene.lines[1:] == ["sound again: USB"]
    assert len(scene.changes) == 2


def test_the_peak_is_of_what_somebody_can_hear(scenes: Any) -> None:
    scene = scenes(["USB"])
    assert scene.output.peak() == 0.5
    scene.host.names = []
    scene.host.opened[0].running = False
    scene.step()
    assert scene.output.sink.running
    assert scene.output.sink.peak() is None
    for _ in range(100):
        if scene.output.sink.peak() is not None:  # the bank is rendered, and nobody hears it
            break
        time.sleep(0.01)
    assert scene.output.peak() is None
    scene.output.stop_measuring()


def test_a_device_that_asks_for_nothing_any_more_is_given_up(scenes: Any) -> None:
    scene = scenes(["USB"])
    scene.play(1.0)
    scene.step(STALL_S - 0.1)
    assert scene.lines == []
    scene.step(0.2)
    assert "has stopped" in scene.lines[0]


def test_a_device_that_is_not_there_at_the_start_is_played_when_it_comes(scenes: Any) -> None:
    scene = scenes([], audio="USB")
    assert "no output device 'USB'" in scene.lines[0]
    assert "waiting for USB" in scene.output.describe()
    scene.step()
    scene.host.names = ["onboard"]
    scene.step(LAST_TRY_S)
    assert not scene.output.audible  # a name means that device and no other
    scene.host.names = ["onboard", "USB"]
    scene.step(LAST_TRY_S)
    assert scene.output.describe() == "USB"


def test_a_number_means_the_same_device_after_it_was_away(scenes: Any) -> None:
    scene = scenes(["USB", "onboard"], audio="0")
    scene.host.names = ["onboard"]
    scene.host.opened[0].running = False
    scene.step()
    scene.step(LAST_TRY_S)
    assert not scene.output.audible
    assert scene.output.settings.audio == "USB"


def test_a_device_that_refuses_to_start_is_tried_again(scenes: Any) -> None:
    scene = scenes(["USB"], refuses="busy")
    assert "busy" in scene.lines[0]
    scene.step()
    assert not scene.output.audible
    scene.host.refuses = ""
    scene.step(LAST_TRY_S)
    assert scene.output.audible


def test_another_device_at_run_time_and_back_when_it_is_not_there(scenes: Any) -> None:
    scene = scenes(["USB", "onboard"], audio="USB")
    scene.output.switch("onboard")
    scene.step()
    assert scene.output.describe() == "onboard"
    assert scene.lines == ["sound now: onboard"]
    scene.output.switch("kazoo")
    scene.step()
    assert "stays where it was" in scene.lines[1]
    scene.step()
    assert scene.output.describe() == "onboard"
    assert scene.output.settings.audio == "onboard"
    scene.output.switch("none")
    scene.step()
    assert not scene.output.audible
    for _ in range(40):
        scene.step(1.0)
    assert "no sound device" in scene.output.describe()  # and is not waited for


def test_counters_go_on_over_all_devices(scenes: Any) -> None:
    scene = scenes(["USB", "onboard"], audio="USB")
    scene.play(1.0)
    scene.output.switch("onboard")
    scene.step()
    scene.play(1.0)
    counters = scene.output.counters()
    assert counters["frames"] == 2 * 48000
    assert counters["underflows"] == 2


def test_counts_add_maxima_stay_and_means_are_weighed() -> None:
    one = {"blocks": 1, "render_us_mean": 10.0, "render_us_max": 50.0, "render_histogram": [1, 0], "block_frames": 64}
    two = {"blocks": 3, "render_us_mean": 2.0, "render_us_max": 5.0, "render_histogram": [2, 1], "block_frames": 0}
    assert merged(one, two) == {
        **{"blocks": 4, "render_us_mean": 4.0, "render_us_max": 50.0, "render_histogram": [3, 1], "block_frames": 64}
    }
    assert merged({}, two) == two


def test_a_recording_that_cannot_be_written_is_refused_at_once_and_a_mode_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="choose another path"):
        Output(Bank(), OutputSettings(f"wav:{tmp_path}/no/such/folder/x.wav"))
    with pytest.raises(ValueError, match="auto, on, off"):
        OutputSettings(realtime="perhaps")


def test_priority_that_was_demanded_and_refused_is_an_error() -> None:
    class Refusing(FakeSink):
        def start(self) -> None:
            self.stop()
            raise RealtimeRefused("no real-time priority")

    class RefusingHost(FakeHost):
        def open(self, bank: Bank, device: Device, settings: OutputSettings) -> Sink:
            return Refusing(bank, device)

    output = Output(Bank(voices=2), OutputSettings(realtime="on"), host=RefusingHost(["USB"]))
    with pytest.raises(RealtimeRefused):
        output.start()
    output.stop()


_PLAY = """
import json, sys, time
import formant_dsp as fd
from formant_dsp.output.hotplug import Output, OutputSettings
bank = fd.Bank()
lines = []
settings = OutputSettings("auto", latency=0.1)
output = Output(bank, settings, on_note=lambda line: (lines.append(line), print(line, flush=True)))
bank.note_on(1, fd.VoiceParams(f0_hz=220.0, vibrato_cents=0.0))
output.start()
print("playing", flush=True)
for line in sys.stdin:                       # until the test has seen enough
    print(json.dumps({"audible": output.audible, **output.counters()}), flush=True)
output.stop()
print("stopped", flush=True)
"""


@pytest.mark.quiet
def test_a_sound_server_that_is_killed_and_comes_back_is_played_into_again_with_a_fade() -> None:
    with Pulse() as pulse:
        process = subprocess.Popen(
            [sys.executable, "-c", _PLAY],
            env=pulse.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None

        def until(words: str) -> str:
            assert process.stdout is not None
            for line in process.stdout:
                if words in line:
                    return line
            raise AssertionError(f"{words!r} did not come: {process.communicate()}")

        def ask() -> dict[str, Any]:
            assert process.stdin is not None
            process.stdin.write("?\n")
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(until("{"))
            return answer

        until("playing")
        before = ask()
        pulse.kill()
        until("has stopped, waiting for it")
        assert not ask()["audible"]
        recorder = pulse.restart_recorded()
        until("sound again")
        recorder.hears(1.2)
        after = ask()
        assert after["audible"]
        assert after["frames"] > before["frames"]
        sound = recorder.stop()
        process.stdin.close()
        until("stopped")
        process.wait(PATIENCE_S)
    heard = np.flatnonzero(np.abs(sound) > 1e-4)
    assert len(heard) > RATE
    begin = sound[heard[0] - 64 : heard[0] + RATE // 2]
    assert np.abs(begin[64:112]).max() < 0.1 * np.abs(begin).max()  # 1 ms after the first sound it is still quiet
    assert third_difference_db(begin) < -20.0
    steady = sound[heard[0] + RATE // 2 : heard[0] + RATE]
    assert abs(1200 * np.log2(f0_hz(steady, RATE, 220.0) / 220.0)) < 0.5


_PLAY_PLACED = """
import json, sys, time
import formant_dsp as fd
from formant_dsp.output.hotplug import Output, OutputSettings
bank = fd.Bank(sample_rate=int(sys.argv[1]), channels=int(sys.argv[2]))
output = Output(bank, OutputSettings("auto", **json.loads(sys.argv[3])))
for key, pan in ((1, -1.0), (2, 1.0)):
    bank.note_on(key, fd.VoiceParams(f0_hz=110.0 * 2**key, vibrato_cents=0.0, pan=pan))
output.start()
limit = time.monotonic() + 60.0
while output.counters()["frames"] < 1.2 * bank.sample_rate and time.monotonic() < limit:  # a device may begin late
    time.sleep(0.01)
print(output.describe(), output.counters()["block_frames"])
output.stop()
"""


@pytest.mark.quiet
@pytest.mark.parametrize(
    ("rate", "channels", "settings", "heard"),
    [
        (44100, 8, {"channels": 8, "latency": 0.05}, {0: 220.0, 7: 440.0}),
        (96000, 2, {"channel_map": [-1] * 5 + [1, -1, 0], "latency": "high"}, {7: 220.0, 5: 440.0}),
        (
            *(48000, 2, {"channel_map": [-1, 0, -1, -1, 1, -1, -1, 0], "block_frames": 500, "latency": 0.05}),
            {1: 220.0, 7: 220.0, 4: 440.0},
        ),
    ],
)
def test_rate_channels_map_and_block_are_those_of_a_real_stream(
    rate: int, channels: int, settings: dict[str, Any], heard: dict[int, float]
) -> None:
    with Pulse(channels=8) as pulse:
        recorder = pulse.recorder().start()
        done = subprocess.run(
            [sys.executable, "-c", _PLAY_PLACED, str(rate), str(channels), json.dumps(settings)],
            env=pulse.env, capture_output=True, text=True, timeout=300, check=True,
        )  # fmt: skip
        sound = recorder.stop_stereo()
    assert f"{rate} Hz, 8 channels" in done.stdout
    if "block_frames" in settings:
        assert done.stdout.split()[-1] == "500"
    first = int(np.flatnonzero(np.abs(sound).max(axis=1) > 1e-3)[0])
    steady = sound[first + RATE // 4 : first + RATE // 4 + RATE // 2]
    assert {channel for channel in range(8) if np.abs(steady[:, channel]).max() > 1e-6} == set(heard)
    for channel, wanted in heard.items():
        assert abs(1200 * np.log2(f0_hz(steady[:, channel], RATE, wanted) / wanted)) < 1.0
