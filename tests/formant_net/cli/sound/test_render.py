"""`formant-node render`: the file is what was asked for, and depends on nothing else."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from support.sound.praat import CEILING_HZ, formants
from support.sound.spectrum import alias_db, closest_sung_vowel, f0_hz, harmonic_levels_db, odd_f0, third_difference_db
from support.suite.cases import ALL_CASES
from support.virtual.midi_file import midi_file

from formant_dsp import SUNG_VOICES, SUNG_VOWELS, sung
from formant_dsp.model.params import RANGES
from formant_net.cli.sound.render import command

RATE = 48000


def render(path: Path, *options: object) -> np.ndarray:
    result = CliRunner().invoke(command, [*map(str, options), "-o", str(path)])
    assert result.exit_code == 0, result.output
    sound, rate = soundfile.read(path)
    assert rate == RATE or "--rate" in options
    return np.asarray(sound)


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_note_has_its_length_pitch_and_end(tmp_path: Path, suffix: str) -> None:
    y = render(tmp_path / f"a.{suffix}", "--vowel", "a", "--f0", 110, "--seconds", 2, "--vibrato", 0)
    assert len(y) == 2 * RATE
    assert abs(1200 * np.log2(f0_hz(y[24000:72000], RATE, 110.0) / 110.0)) < 0.01
    assert np.abs(y[-480:]).max() < 1e-4
    assert third_difference_db(y) < -20.0


ALIKE = {("alto", "e")}
"""A witness that takes formants for lone resonances has this 2 dB from the alto's i; a voice is farther from those."""


@pytest.mark.parametrize("voice", SUNG_VOICES)
def test_vowel_can_be_read_off_its_harmonics(tmp_path: Path, voice: str) -> None:
    for name in SUNG_VOWELS:
        for f0 in (80.0, 110.0) if ALL_CASES or voice == "bass" else (110.0,):
            y = render(
                tmp_path / "v.wav", "--voice", voice, "--vowel", name, "--f0", f0, "--vibrato", 0, "--seconds", 1.3
            )
            if (voice, name) not in ALIKE:
                levels = harmonic_levels_db(y[24000:60000], RATE, f0, int(4000 / f0))
                assert closest_sung_vowel(levels, f0, voice) == name


def test_vowels_that_are_nearly_alike_are_told_apart_by_praat(tmp_path: Path) -> None:
    table = {name: np.array(sung("alto")[name].frequency_hz[:2]) for name in ("e", "i")}
    for name in table:
        for f0 in (80.0, 110.0):
            y = render(tmp_path / "v.wav", "--voice", "alto", "--vowel", name, "--f0", f0, "--vibrato", 0)
            found = formants(y[24000:60000], RATE, sung("alto")[name].frequency_hz[:3], CEILING_HZ["alto"])[:2]
            off = {each: np.abs(np.log(found / asked)).sum() for each, asked in table.items()}
            assert min(off, key=off.__getitem__) == name, (f0, found)


def test_glide_and_vowel_arrive(tmp_path: Path) -> None:
    y = render(
        tmp_path / "g.wav",
        "--vowel",
        "u",
        "--to-vowel",
        "i",
        "--f0",
        110,
        "--glide",
        220,
        "--vibrato",
        0,
        "--seconds",
        3,
    )
    assert f0_hz(y[2400:4800], RATE, 112.0) == pytest.approx(110 * 2 ** (3600 / RATE / 2.6), rel=0.01)
    end = y[int(2.55 * RATE) : int(2.6 * RATE)]
    assert f0_hz(end, RATE, 218.0) == pytest.approx(110 * 2 ** (2.563 / 2.6), rel=0.01)


@pytest.mark.parametrize("algorithm", ["voice", "modfm", "chowning"])
def test_block_size_and_run_change_nothing(tmp_path: Path, algorithm: str) -> None:
    sounds = [
        render(
            tmp_path / "b.wav",
            "--algorithm",
            algorithm,
            "--seconds",
            1,
            "--glide",
            300,
            "--blocksize",
            block,
            "--drift",
            5,
        )
        for block in (1, 64, 1000, 1000, 1 << 20)
    ]
    assert all(np.array_equal(sounds[0], sound) for sound in sounds[1:])


def test_seed_says_where_a_note_starts_and_no_more_unless_something_is_random(tmp_path: Path) -> None:
    def sung_with(seed: int, drift: float) -> np.ndarray:
        return render(tmp_path / "s.wav", "--float", "--seconds", 1, "--vibrato", 0, "--drift", drift, "--seed", seed)

    assert np.array_equal(sung_with(2, 0.0), sung_with(2, 0.0))
    for drift in (0.0, 20.0):
        one, other = (_harmonics(sung_with(seed, drift), 30) for seed in (1, 2))
        turn = np.angle(other[0] / one[0])
        assert abs(turn) > 0.1
        off = np.abs(other * np.exp(-1j * turn * np.arange(1, 31)) / one - 1.0).max()
        assert (off > 0.1) if drift else (off < 1e-5)


def _harmonics(sound: np.ndarray, count: int) -> np.ndarray:
    """Amplitudes and phases of the first harmonics of 110 Hz over 0.4 s (44 periods), after the attack."""
    part = sound[4800:24000]
    return np.fft.rfft(part * np.hanning(len(part)))[44 * np.arange(1, count + 1)]


def test_file_keeps_what_the_bank_makes(tmp_path: Path) -> None:
    """24 bits: aliases of the file stay below -110 dB."""
    y = render(tmp_path / "k.wav", "--f0", odd_f0(301), "--vibrato", 0, "--seconds", 3)
    assert alias_db(y[24000 : 24000 + 65536 + 100], 301) < -110.0
    assert (
        alias_db(
            render(tmp_path / "f.wav", "--float", "--f0", odd_f0(301), "--vibrato", 0, "--seconds", 3)[
                : 2 * RATE + 20000
            ],
            301,
        )
        < -125.0
    )


def test_other_sample_rate(tmp_path: Path) -> None:
    y = render(tmp_path / "r.wav", "--rate", 44100, "--f0", 220, "--vibrato", 0)
    assert f0_hz(y[22050:66150], 44100, 220.0) == pytest.approx(220.0, rel=1e-5)


def test_gesture_is_played(tmp_path: Path) -> None:
    lines = [
        {"t": 0.0, "id": 1, "x": 0.0, "y": 0.0},
        {"t": 0.5, "id": 2, "x": 1 / 3, "y": 0.5},
        {"t": 1.0, "id": 1, "active": False},
        {"t": 1.5, "id": 2, "active": False},
    ]
    gesture = tmp_path / "g.jsonl"
    gesture.write_text("\n".join(map(json.dumps, lines)))
    still: list[object] = ["--vibrato", 0, "--drift", 0, "--jitter", 0]
    for chance in ("wander", "shimmer_db", "flutter", "air"):
        still += ["--set", f"{chance}=0"]
    y = render(tmp_path / "g.wav", "--gesture", gesture, *still)
    assert len(y) == round(1.9 * RATE)
    assert f0_hz(y[7200:24000], RATE, 110.0) == pytest.approx(110.0, rel=1e-4)
    assert f0_hz(y[int(1.4 * RATE) : int(1.5 * RATE)], RATE, 220.0) == pytest.approx(220.0, rel=1e-3)


def test_a_midi_file_is_rendered(tmp_path: Path) -> None:
    (tmp_path / "song.mid").write_bytes(midi_file("00 90 39 7F 87 40 80 39 00"))
    y = render(tmp_path / "m.wav", "--gesture", tmp_path / "song.mid", "--vibrato", 0)
    assert len(y) == round(1.4 * RATE)
    assert f0_hz(y[12_000:40_000], RATE, 220.0) == pytest.approx(220.0, rel=1e-3)


def test_gesture_is_sung_by_a_preset_with_all_its_singers(tmp_path: Path) -> None:
    gesture = tmp_path / "g.jsonl"
    gesture.write_text('{"t": 0, "x": 0.5, "y": 0}\n{"t": 1.5, "active": false}\n')
    result = CliRunner().invoke(
        command, ["--gesture", str(gesture), "--preset", "choir", "-o", str(tmp_path / "c.wav")]
    )
    assert result.exit_code == 0, result.output
    assert "6 notes" in result.output
    missing = CliRunner().invoke(
        command, ["--gesture", str(gesture), "--preset", "kazoo", "-o", str(tmp_path / "c.wav")]
    )
    assert missing.exit_code == 2
    assert "glassy" in missing.output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["-o", "x.mp3"], ".wav or .flac"),
        (["-o", "x.wav", "--vowel", "q"], "a, e, i, o, u"),
        (["-o", "x.wav", "--f0", "5"], "20.0"),
        (["-o", "x.wav", "--voice", "alto", "--table", "h95_published:women"], "leave it out with --table"),
        (["-o", "x.wav", "--preset", "choir", "--set", "skrt=0.1"], "effort, falsetto"),
        (["-o", "x.wav", "--preset", "choir", "--set", "vibrato_cents=5"], "its own: --vibrato"),
        (["-o", "x.wav", "--set", "effort=0.5"], "--preset plain"),
        (["-o", "x.wav", "--preset", "even-odd", "--voice", "alto"], "vowels of its own"),
        (["-o", "x.wav", "--preset", "child", "--voice", "alto"], "men, women, children"),
        (["-o", "x.wav", "--preset", "choir", "--set", "effort=2"], "0 … 1"),
        (["-o", "x.wav", "--preset", "tenor", "--f0", "880"], "tenor sings 110 … 523 Hz"),
        (["-o", "x.wav", "--preset", "tenor", "--to-vowel", "y"], "a, e, i, o, u"),
        (["-o", "x.wav", "--preset", "child", "--vowel", "a"], "a place X,Y"),
        (["-o", "/tmp/formant-rate.flac", "--rate", "70001"], "cannot write"),
        (["-o", "x.flac", "--float"], "use a name that ends in .wav"),
        (["-o", "/no/such/folder/x.wav"], "cannot write"),
    ],
)
def test_bad_options_are_refused_in_words(options: list[str], words: str) -> None:
    result = CliRunner().invoke(command, options)
    assert result.exit_code != 0
    assert words in result.output


@pytest.mark.parametrize("option", ["--vowel=a", "--to-vowel=a", "--f0=200", "--glide=200", "--seconds=2"])
def test_what_a_gesture_says_itself_is_not_said_again(tmp_path: Path, option: str) -> None:
    gesture = tmp_path / "g.jsonl"
    gesture.write_text('{"t": 0, "x": 0.5, "y": 0}\n{"t": 0.2, "active": false}\n')
    result = CliRunner().invoke(command, ["--gesture", str(gesture), option, "-o", str(tmp_path / "x.wav")])
    assert result.exit_code == 2
    assert "leave it out with --gesture" in result.output
    assert not (tmp_path / "x.wav").exists()


def test_preset_sings_a_note_where_and_as_it_is_told(tmp_path: Path) -> None:
    options = ("--preset", "tenor", "--f0", 220, "--seconds", 1.5)
    plain = render(tmp_path / "n.wav", *options)
    assert f0_hz(plain[30000:40000], RATE, 220.0) == pytest.approx(220.0, rel=0.03)  # vibrato
    for more in (
        ("--vowel", "i"), ("--to-vowel", "o"), ("--glide", 330), ("--set", "effort=0.2"), ("--seed", 7),
        ("--vibrato", 0), ("--algorithm", "natural"), ("--voice", "bass"), ("--set", "skirt=0.3"), ("--level", -6),
        ("--table", "h95_published:women", "--vowel", "i"),
    ):  # fmt: skip
        assert np.abs(render(tmp_path / "m.wav", *options, *more) - plain).max() > 0.01, more
    place = ("--vowel", "0.1,0.9", "--to-vowel", "1,0")
    plane = [render(tmp_path / "p.wav", "--preset", "child", *more) for more in ((), place)]
    assert np.abs(plane[0] - plane[1]).max() > 0.01
    result = CliRunner().invoke(command, ["--preset", "choir", "--channels", "2", "-o", str(tmp_path / "c.wav")])
    assert "6 notes" in result.output


def test_gesture_of_a_day_is_not_rendered(tmp_path: Path) -> None:
    gesture = tmp_path / "long.jsonl"
    gesture.write_text('{"t": 80000, "x": 0.5, "y": 0}\n')
    result = CliRunner().invoke(command, ["--gesture", str(gesture), "-o", str(tmp_path / "x.wav")])
    assert result.exit_code == 2
    assert "at most 3600 s" in result.output


def test_bad_gesture_names_its_line(tmp_path: Path) -> None:
    gesture = tmp_path / "bad.jsonl"
    gesture.write_text('{"t": 0, "x": 0.1, "y": 0.1}\n{"t": 1, "x": 7}\n')
    result = CliRunner().invoke(command, ["--gesture", str(gesture), "-o", str(tmp_path / "x.wav")])
    assert result.exit_code != 0
    assert "line 2" in result.output


def test_stereo_has_low_notes_at_the_left_and_a_note_where_pan_says(tmp_path: Path) -> None:
    out = tmp_path / "pan.wav"
    sound = render(out, "--channels", 2, "--pan", -1, "--seconds", 1)
    assert sound.shape == (48000, 2)
    assert np.abs(sound[:, 0]).max() > 0.05
    assert not sound[:, 1].any()
    gesture = tmp_path / "low-then-high.jsonl"
    lines = [
        {"t": 0.0, "id": 1, "x": 0.0, "y": 0.2, "active": True},
        {"t": 1.0, "id": 1, "x": 0.0, "y": 0.2, "active": False},
        {"t": 1.5, "id": 2, "x": 1.0, "y": 0.2, "active": True},
        {"t": 2.5, "id": 2, "x": 1.0, "y": 0.2, "active": False},
    ]
    gesture.write_text("".join(json.dumps(line) + "\n" for line in lines))
    sound = render(out, "--gesture", gesture, "--channels", 2, "--width", 1)
    power = np.sum(sound[: RATE // 2] ** 2, axis=0), np.sum(sound[2 * RATE : round(2.4 * RATE)] ** 2, axis=0)
    assert power[0][1] < 1e-6 * power[0][0]
    assert power[1][0] < 1e-6 * power[1][1]


OF_SEVERAL = ("legato", "unison_cents")
"""Heard where a pitch jumps, or where two notes meet: judges/test_legato.py, judges/test_unison.py."""

LATER = ("release_s", "delay_s")
"""With these a note ends later, and the file with it."""


@pytest.mark.parametrize("name", [name for name in RANGES if name not in ("f0_hz", "lease_s", *OF_SEVERAL)])
def test_every_number_of_a_voice_can_be_set(tmp_path: Path, name: str) -> None:
    """Each of them changes the file, and the file is what the bank makes of such a voice."""
    bounds, own = (
        RANGES[name],
        {
            "level_db": "--level",
            "vibrato_cents": "--vibrato",
            "drift_cents": "--drift",
            "jitter_percent": "--jitter",
            "pan": "--pan",
        },
    )
    # what another one needs to be heard
    needs = {
        "vibrato_hz": {"vibrato_cents": 60.0}, "vibrato_delay_s": {"vibrato_cents": 60.0}, "zing_morph": {"zing": 0.5},
        "vibrato_fade_s": {"vibrato_cents": 60.0}, "vibrato_drift_percent": {"vibrato_cents": 60.0},
        "scoop_s": {"scoop_cents": 80.0}, "tilt_db": {"algorithm": "natural"}, "portamento_s": {"glide": 220.0},
        "vibrato_spread": {"vibrato_cents": 60.0}, "swell": {"vibrato_cents": 60.0},
        "air_hz": {"air": 1.0},
    }.get(name, {})  # fmt: skip
    value = round(bounds.low + 0.3 * (min(bounds.high, bounds.low + 10.0 * abs(bounds.default) + 1.0) - bounds.low), 3)
    value = value if abs(value - bounds.default) > 1e-3 else round(1.5 * bounds.default, 3)
    flags = {**own, "algorithm": "--algorithm", "glide": "--glide"}
    options: list[object] = ["--float", "--seconds", 0.8, "--channels", 2]
    for key, wanted in {"vibrato_cents": 0.0, **needs}.items():  # type: ignore[dict-item]
        options += [flags[key], wanted] if key in flags else ["--set", f"{key}={wanted}"]
    plain = render(tmp_path / "plain.wav", *options)
    got = render(tmp_path / "set.wav", *options, *([own[name], value] if name in own else ["--set", f"{name}={value}"]))
    common = min(len(got), len(plain))
    assert np.abs(got[:common] - plain[:common]).max() > 1e-4
    assert (len(got) > len(plain)) if name in LATER else (len(got) == len(plain))


def test_a_vowel_of_any_table_and_any_place_on_the_plane(tmp_path: Path) -> None:
    open_back, front = (render(tmp_path / "p.wav", "--vowel", place, "--vibrato", 0) for place in ("0.3,1", "1,0"))
    want = render(tmp_path / "a.wav", "--vowel", "i", "--vibrato", 0)
    assert np.abs(front - want).max() < 0.1 < np.abs(open_back - want).max()
    women, men = (
        render(tmp_path / "t.wav", "--table", f"h95_published:{who}", "--vowel", "æ", "--to-vowel", "0.2,0.1")
        for who in ("women", "men")
    )
    assert np.abs(women - men).max() > 0.05


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--set", "skrt=1"], "skirt"), (["--set", "skirt=7"], "0 … "), (["--set", "skirt"], "skirt"),
     (["--vowel", "y"], "a, e, i, o, u"), (["--vowel", "2,0"], "0 … 1"),
     (["--table", "klingon:men"], "h95_published:women")],
    ids=str,
)  # fmt: skip
def test_what_is_not_there_is_said_with_what_is(tmp_path: Path, options: list[str], said: str) -> None:
    result = CliRunner().invoke(command, [*options, "-o", str(tmp_path / "x.wav")])
    assert result.exit_code == 2
    assert said in result.output


def test_told_to_end_twice_it_still_removes_its_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unlink = Path.unlink

    def told_again(path: Path, missing_ok: bool = False) -> None:
        signal.raise_signal(signal.SIGTERM)
        unlink(path, missing_ok)

    monkeypatch.setattr(os, "fsync", lambda _: signal.raise_signal(signal.SIGTERM))
    monkeypatch.setattr(Path, "unlink", told_again)
    result = CliRunner().invoke(command, ["--seconds", "0.1", "-o", str(tmp_path / "x.wav")])
    assert result.exit_code == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
