"""Sinks: real time without a device, recording, fades, and words instead of failures."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.sound.spectrum import f0_hz, third_difference_db
from support.suite.patience import PATIENCE_S

from formant_dsp import Bank, VoiceParams
from formant_dsp.output.callback import StreamState
from formant_dsp.output.paced import PACE_FRAMES
from formant_dsp.output.stream import SinkError, best_sample_rate, open_sink

RATE = 48000


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_paced_sink_runs_in_real_time_and_counts() -> None:
    bank = Bank()
    sink = open_sink(bank, "none")
    began = time.monotonic()
    sink.start()
    until(lambda: sink.counters()["frames"] > 0.4 * RATE)
    counters = sink.counters()
    lasted_s = time.monotonic() - began
    assert sink.running
    sink.stop()
    sink.stop()
    assert not sink.running
    assert counters["frames"] <= lasted_s * RATE + 2 * PACE_FRAMES, "a busy machine may be late, and never early"
    assert sum(counters["render_histogram"]) == counters["blocks"]
    assert counters["render_us_max"] > 0.0


def test_recording_holds_what_was_played_and_fades_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    bank = Bank()
    sink = open_sink(bank, f"wav:{path}")
    assert bank.note_on(1, VoiceParams(f0_hz=220.0, vibrato_cents=0.0))
    sink.start()
    until(lambda: sink.counters()["frames"] > 0.8 * RATE)
    sink.stop()  # the note is still held: the fade alone ends it
    sound, rate = soundfile.read(path)
    assert rate == RATE
    assert len(sound) > 0.7 * RATE
    assert f0_hz(sound[9600:28800], RATE, 220.0) == pytest.approx(220.0, rel=1e-4)
    assert np.abs(sound[-480:]).max() < 1e-4
    assert third_difference_db(sound) < -20.0


def test_recording_can_be_read_while_it_is_being_made(tmp_path: Path) -> None:
    """A killed process leaves a file that opens: its header is kept up to date."""
    path = tmp_path / "take.wav"
    sink = open_sink(Bank(), f"wav:{path}")
    sink.start()
    until(lambda: sink.counters()["frames"] > 0)  # not before its header was written
    until(lambda: soundfile.info(path).frames >= 0.2 * RATE)
    assert sink.running
    sink.stop()


def test_recording_that_cannot_be_written_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="choose another path"):
        open_sink(Bank(), f"wav:{tmp_path}/no/such/folder/take.wav")


def test_missing_device_is_said_in_one_line_and_silence_is_paced_instead() -> None:
    lines: list[str] = []
    sink = open_sink(Bank(), "no such device at all", on_note=lines.append)
    assert "no sound device" in sink.describe()
    assert len(lines) == 1
    assert "Continuing without sound" in lines[0]
    sink.start()
    sink.stop()


def test_missing_portaudio_is_said_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What sounddevice does where the library is missing, done by a module in its place."""
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    lines: list[str] = []
    sink = open_sink(Bank(), "auto", on_note=lines.append)
    assert not sink.audible
    assert len(lines) == 1
    assert "apt-get install libportaudio2" in lines[0]
    sink.start()
    sink.stop()


def test_a_bank_is_played_by_one_sink_at_a_time() -> None:
    bank = Bank()
    sink = open_sink(bank, "none")
    with pytest.raises(RuntimeError, match="stop"):
        open_sink(bank, "none")
    with pytest.raises(RuntimeError, match="stop the sink first"):
        bank.render(64)
    sink.start()
    sink.stop()
    assert bank.render(64).shape == (64,)
    again = open_sink(bank, "none")
    again.start()
    again.stop()


def test_sample_rate_without_a_device_is_the_wanted_one() -> None:
    assert best_sample_rate("none", 44100) == 44100
    assert best_sample_rate("wav:x.wav") == 48000
    assert best_sample_rate("no such device at all") == 48000


def test_every_channel_gets_the_sound_and_any_block_will_do() -> None:
    want = Bank()
    assert want.note_on(1, VoiceParams())
    mono = want.render(3000)
    for channels in (1, 2, 8):
        bank = Bank()
        state = StreamState(bank, channels)
        assert bank.note_on(1, VoiceParams())
        out = np.zeros((3000, channels), np.float32)
        for at, upto in ((0, 1), (1, 700), (700, 3000)):
            block = np.zeros((upto - at, channels), np.float32)
            state.render_into(block)
            out[at:upto] = block
        assert np.array_equal(out, np.repeat(mono[:, None], channels, axis=1))
        state.release()


@pytest.mark.parametrize("channels", [0, 9])
def test_channels_out_of_range_are_refused(channels: int) -> None:
    with pytest.raises(ValueError, match="channels"):
        StreamState(Bank(), channels)


def played(bank: Bank, channels: int, channel_map: list[int] | None = None) -> np.ndarray:
    state = StreamState(bank, channels, channel_map)
    for key, pan in ((1, -1.0), (2, 1.0)):
        assert bank.note_on(key, VoiceParams(f0_hz=110.0 * 2**key, vibrato_cents=0.0, pan=pan))
    out = np.zeros((4800, channels), np.float32)
    state.render_into(out)
    state.release()
    return out


def test_channels_of_the_bank_reach_those_of_the_device() -> None:
    one, two = Bank(), Bank(channels=2)
    mono, stereo = played(one, 1)[:, 0], played(two, 2)
    assert np.abs(stereo[:, 0] - stereo[:, 1]).max() > 0.05
    assert (played(Bank(), 3) == mono[:, None]).all()  # one channel: everywhere
    four = played(Bank(channels=2), 4)
    assert (four[:, :2] == stereo).all()  # more: the first ones
    assert not four[:, 2:].any()
    folded = played(Bank(channels=2), 1)  # fewer: nothing is lost, nothing can clip
    assert np.allclose(folded[:, 0], stereo.mean(axis=1), atol=1e-7)
    mapped = played(Bank(channels=2), 4, [1, -1, 0, 0])
    assert (mapped[:, 0] == stereo[:, 1]).all()
    assert not mapped[:, 1].any()
    assert (mapped[:, 2] == stereo[:, 0]).all()


@pytest.mark.parametrize(
    ("channels", "channel_map", "says"),
    [(2, [0], "for each of 2"), (1, [2], "0 … 1"), (1, [-2], "0 … 1"), (9, None, "1 … 8")],
)
def test_a_map_that_does_not_fit_is_refused_and_the_bank_stays_free(
    channels: int, channel_map: list[int] | None, says: str
) -> None:
    bank = Bank(channels=2)
    with pytest.raises(ValueError, match=says):
        StreamState(bank, channels, channel_map)
    assert bank.streaming is None


def test_a_recording_has_the_channels_of_its_bank(tmp_path: Path) -> None:
    bank = Bank(channels=2)
    sink = open_sink(bank, f"wav:{tmp_path / 'stereo.wav'}")
    assert bank.note_on(1, VoiceParams(pan=-1.0))
    sink.start()
    until(lambda: sink.counters()["frames"] > 0.3 * RATE)
    sink.stop()
    sound, _ = soundfile.read(tmp_path / "stereo.wav")
    assert sound.shape[1] == 2
    assert np.abs(sound[:, 0]).max() > 0.05
    assert not sound[:, 1].any()
