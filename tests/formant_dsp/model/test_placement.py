"""Where voices stand: the law itself, and the bank that follows it."""

from __future__ import annotations

import numpy as np
import pytest
from support.sound.spectrum import high_band_db, third_difference_db

from formant_dsp import HOP, Bank, VoiceParams, isas
from formant_dsp.model.placement import gains

RATE = 48000


def sung(pan: float, channels: int, layout: str = "line", isa: str | None = None, **more: float) -> np.ndarray:
    bank = Bank(channels=channels, layout=layout, isa=isa)
    assert bank.note_on(1, VoiceParams(vibrato_cents=0.0, pan=pan, **more), frame=100)  # type: ignore[arg-type]
    assert bank.note_off(1, frame=9_001)
    return bank.render(20_000)


@pytest.mark.parametrize("layout", ["line", "ring"])
@pytest.mark.parametrize("channels", range(1, 9))
def test_power_is_the_same_everywhere_and_two_neighbours_carry_it(channels: int, layout: str) -> None:
    for pan in np.linspace(-1.0, 1.0, 201):
        g = gains(pan, channels, layout)
        assert np.sum(g**2) == pytest.approx(1.0, abs=1e-12)
        assert np.count_nonzero(g > 1e-9) <= 2
        assert (g >= 0.0).all()


def test_the_ends_of_a_line_and_the_seam_of_a_ring() -> None:
    assert gains(-1.0, 4) == pytest.approx([1, 0, 0, 0])
    assert gains(1.0, 4) == pytest.approx([0, 0, 0, 1], abs=1e-12)
    assert gains(0.0, 2) == pytest.approx([0.5**0.5] * 2)
    assert gains(-1.0, 4, "ring") == pytest.approx([1, 0, 0, 0])
    assert gains(1.0, 4, "ring") == pytest.approx([1, 0, 0, 0])
    assert gains(0.0, 4, "ring") == pytest.approx([0, 0, 1, 0], abs=1e-12)
    assert gains(0.9999, 4, "ring") == pytest.approx(gains(-1.0001, 4, "ring"))


@pytest.mark.parametrize(("channels", "layout"), [(9, "line"), (0, "line"), (2, "circle")])
def test_what_cannot_be_placed_is_refused(channels: int, layout: str) -> None:
    with pytest.raises(ValueError, match=r"channels|layout"):
        gains(0.0, channels, layout)
    with pytest.raises(ValueError, match=r"channels|layout"):
        Bank(channels=channels, layout=layout)


@pytest.mark.parametrize("isa", isas())
@pytest.mark.parametrize(("channels", "layout"), [(2, "line"), (3, "line"), (8, "line"), (4, "ring")])
def test_every_channel_has_the_mono_voice_times_its_gain(channels: int, layout: str, isa: str) -> None:
    mono = sung(0.0, 1, isa=isa)
    for pan in (-1.0, -0.71, 0.0, 0.3, 1.0):
        placed = sung(pan, channels, layout, isa)
        assert placed.shape == (20_000, channels)
        want = mono[:, None] * gains(pan, channels, layout)[None, :]
        assert np.abs(placed - want).max() < 1e-6 * np.abs(mono).max()


def test_a_moving_voice_neither_clicks_nor_changes_its_power() -> None:
    """pan from -1 to 1 in one step: smoothed with 50 ms, it crosses all four channels."""
    still = Bank()
    moving = Bank(channels=4)
    for bank, pan in ((still, 0.0), (moving, -1.0)):
        assert bank.note_on(1, VoiceParams(vibrato_cents=0.0, pan=pan))
    assert moving.update(1, VoiceParams(vibrato_cents=0.0, pan=1.0), frame=RATE)
    y, one = moving.render(2 * RATE).astype(np.float64), still.render(2 * RATE).astype(np.float64)
    assert np.abs(y[RATE - HOP : RATE, 0]).max() > 0.01 > np.abs(y[-HOP:, 0]).max()
    assert np.abs(y[-HOP:, 3]).max() > 0.01
    sounding = np.abs(one) > 0.01
    assert np.sum(y**2, axis=1)[sounding] == pytest.approx(one[sounding] ** 2, rel=0.01)
    for channel in range(4):
        assert third_difference_db(y[RATE // 2 :, channel]) < -20.0
        assert high_band_db(y[RATE // 2 :, channel], RATE, 9000.0) < -70.0
    assert high_band_db(y.sum(axis=1), RATE, 9000.0) < -70.0


def test_a_ring_is_crossed_the_short_way() -> None:
    bank = Bank(channels=4, layout="ring")
    assert bank.note_on(1, VoiceParams(vibrato_cents=0.0, pan=0.9))
    assert bank.update(1, VoiceParams(vibrato_cents=0.0, pan=-0.9), frame=RATE // 2)
    y = bank.render(RATE)
    assert not y[:, 2].any()  # channel 2 is opposite to where it moves
    assert np.abs(y[-HOP:, 1]).max() > 0.0


def test_the_limiter_moves_nobody() -> None:
    """Six loud voices at the left, one soft at the right: both channels get the same gain."""
    bank, alone = Bank(channels=2), Bank(channels=2)
    right = VoiceParams(f0_hz=330.0, vibrato_cents=0.0, pan=1.0, level_db=-6.0)
    for key in range(1, 13):
        assert bank.note_on(key, VoiceParams(f0_hz=110.0, vibrato_cents=0.0, pan=-1.0, level_db=12.0))
    for each in (bank, alone):
        assert each.note_on(20, right)
    y, soft = bank.render(RATE)[RATE // 2 :], alone.render(RATE)[RATE // 2 :]
    assert bank.counters()["limited"] > 0
    assert 0.5 < np.abs(y[:, 0]).max() <= 0.841
    ratio = np.abs(y[:, 1]).max() / np.abs(soft[:, 1]).max()
    assert ratio < 0.7  # turned down with the left one, though it would not need it


def test_many_voices_at_any_place_stay_below_the_ceiling() -> None:
    bank = Bank(voices=64, channels=3)
    for key in range(1, 65):
        assert bank.note_on(key, VoiceParams(f0_hz=100.0 + key, pan=-1.0 + key / 32.0, level_db=6.0))
    assert np.abs(bank.render(RATE)).max() <= 0.841


def test_render_takes_a_buffer_of_the_right_shape_only() -> None:
    bank = Bank(channels=2)
    out = np.ones((100, 2), np.float32)
    assert bank.render(100, out) is out
    assert not out.any()
    with pytest.raises(ValueError, match=r"shape \(100, 2\)"):
        bank.render(100, np.ones(100, np.float32))
