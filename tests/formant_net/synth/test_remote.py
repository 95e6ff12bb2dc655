"""What players set: what is taken, and what of it counts after a restart."""

from __future__ import annotations

import pytest

from formant_net.client.effects import Notice
from formant_net.protocol.messages import Command, Param
from formant_net.synth.remote import Kept, Remote, SetAudio, SetMono, SetPower, SetPreset, SetVolume


def remote() -> Remote:
    return Remote(0.8, ("choir", "tenor"), "tenor")


def test_a_setting_may_count_now_and_not_after_a_restart() -> None:
    box = remote()
    assert box.take("a page", Param(name="volume", value=0.2), remember=False) == [SetVolume(0.2)]
    box.take("a page", Command(name="power", value=False), remember=False)
    box.take("a page", Command(name="preset", value="choir"), remember=False)
    assert box.state() == {
            "volume": 0.2, "powered_on": False, "mono": False, "legato": True, "preset": "choir",
            "presets": ("choir", "tenor"),
        }  # fmt: skip
    assert box.kept == Kept(0.8, powered_on=True, preset="tenor")


def test_what_is_remembered_is_that_setting_alone() -> None:
    box = remote()
    box.take("a page", Param(name="volume", value=0.2), remember=False)
    box.take("a person", Command(name="preset", value="choir"), remember=True)
    assert box.kept == Kept(0.8, powered_on=True, preset="choir")
    box.take("a person", Command(name="power", value=False), remember=True)
    assert box.kept == Kept(0.8, powered_on=False, preset="choir")
    box.take("a person", Param(name="volume", value=0.5), remember=True)
    assert box.kept == Kept(0.5, powered_on=False, preset="choir")


def test_a_person_who_chooses_what_a_page_has_set_already_is_remembered() -> None:
    box = remote()
    box.take("a page", Command(name="power", value=False), remember=False)
    assert box.take("a person", Command(name="power", value=False), remember=True) == []
    assert not box.kept.powered_on


@pytest.mark.parametrize(
    "message",
    [
        Param(name="volume", value=2.0),
        Command(name="preset", value="kazoo"),
        Command(name="power", value="on"),
        Command(name="audio", value="wav:/etc/passwd"),
    ],
)
def test_what_makes_no_sense_changes_and_keeps_nothing(message: Param | Command) -> None:
    box = remote()
    assert box.take("a person", message, remember=True) is None
    assert box.kept == Kept(0.8, powered_on=True, preset="tenor")


def test_a_sound_device_is_never_kept() -> None:
    box = remote()
    assert box.take("a person", Command(name="audio", value="USB"), remember=True)
    assert box.kept == Kept(0.8, powered_on=True, preset="tenor")


def test_it_goes_on_with_what_was_kept_and_leaves_out_a_preset_that_is_gone() -> None:
    box = remote()
    box.resume(Kept(0.3, powered_on=False, preset="choir"))
    assert (box.volume, box.powered_on, box.preset) == (0.3, False, "choir")
    assert box.take("a person", Command(name="power", value=True), remember=False)[0] == SetPower(True)  # type: ignore[index]
    assert box.kept == Kept(0.3, powered_on=False, preset="choir")
    box.resume(Kept(0.3, powered_on=True, preset="kazoo"))
    assert box.kept == Kept(0.3, powered_on=True, preset="choir")


def test_mono_and_legato_are_set_and_kept() -> None:
    box = Remote(1.0, ["tenor"], "tenor")
    changes = box.take("a page", Param(name="mono", value=True), remember=True)
    assert changes is not None
    assert SetMono(on=True) in changes
    assert box.take("a page", Param(name="mono", value=True), remember=True) == []
    assert box.take("a page", Param(name="legato", value=False), remember=True) == []
    assert box.take("a page", Param(name="mono", value=0.5), remember=True) is None
    assert box.take("a page", Command(name="legato", value="x"), remember=True) is None
    assert (box.state()["mono"], box.state()["legato"]) == (True, False)
    again = Remote(1.0, ["tenor"], "tenor")
    again.resume(box.kept)
    assert (again.mono, again.legato) == (True, False)


def test_another_sound_device_is_told_with_who_asked_for_it() -> None:
    assert remote().take("ctrl-a", Command(name="audio", value="USB"), remember=True) == [
        SetAudio("USB"),
        Notice("sound device", {"wanted": "USB", "by": "ctrl-a"}),
    ]


def test_the_power_is_told_as_it_is_and_by_whom() -> None:
    box = remote()
    for on, words in ((False, "power off"), (True, "power on")):
        changes = box.take("ctrl-a", Command(name="power", value=on), remember=False)
        assert changes == [SetPower(on), Notice(words, {"by": "ctrl-a"})]


def test_another_preset_and_one_voice_a_player_are_told_with_who_asked_for_them() -> None:
    box = remote()
    assert box.take("ctrl-a", Command(name="preset", value="choir"), remember=False) == [
        SetPreset("choir"),
        Notice("preset", {"name": "choir", "by": "ctrl-a"}),
    ]
    for on, words in ((True, "one voice a player"), (False, "a voice a finger")):
        changes = box.take("ctrl-a", Command(name="mono", value=on), remember=False)
        assert changes == [SetMono(on), Notice(words, {"by": "ctrl-a"})]


@pytest.mark.parametrize("name", ["mono", "legato", "power"])
def test_a_switch_is_turned_over_without_a_value_and_set_by_one(name: str) -> None:
    box = remote()
    field = "powered_on" if name == "power" else name
    before = box.state()[field]
    for value, after in ((None, not before), (None, before), (before, before), (not before, not before)):
        assert box.take("ctrl-a", Command(name=name, value=value), remember=False) is not None
        assert box.state()[field] is after
