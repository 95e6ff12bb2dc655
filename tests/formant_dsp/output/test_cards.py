"""Cards by their ids: the same card whatever its number is today, and never HDMI if there is another."""

from __future__ import annotations

from pathlib import Path

import pytest

from formant_dsp.output import cards, devices
from formant_dsp.output.cards import Kind, better_card, card_number, read_cards
from formant_dsp.output.devices import Device, select
from formant_dsp.output.sink import SinkError

HDMI = "{} [vc4hdmi{}       ]: vc4-hdmi - vc4-hdmi-{}\n                      vc4-hdmi-{}\n"
USB = " {} [Device         ]: USB-Audio - USB Audio Device\n                      C-Media at usb-1.2, full speed\n"
BOARD = " {} [sndrpihifiberry]: RPi-simple - snd_rpi_hifiberry_dac\n                      snd_rpi_hifiberry_dac\n"
JACK_SOCKET = " {} [Headphones     ]: bcm2835_headpho - bcm2835 Headphones\n                      bcm2835 Headphones\n"


def listed(*lines: str) -> str:
    """/proc/asound/cards with these cards, numbered in this order."""
    return "".join(line.format(number, number, number, number) for number, line in enumerate(lines))


def output(index: int, name: str, *, default: bool = False, api: str = "ALSA") -> Device:
    return Device(index, name, api, 2, 48000, 0.01, default)


PLAIN = [output(0, "default", default=True)]
"""What PortAudio lists beside the cards themselves."""


def there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *lines: str, more: list[Device] | None = None) -> None:
    """A machine with these cards, each with one output."""
    (tmp_path / "cards").write_text(listed(*lines))
    found = read_cards(listed(*lines))
    outputs = [output(10 + card.number, f"{card.name}: - (hw:{card.number},0)") for card in found]
    monkeypatch.setattr(devices, "devices", lambda: [*outputs, *(PLAIN if more is None else more)])
    monkeypatch.setattr(cards.cards, "__defaults__", (tmp_path / "cards",))
    monkeypatch.setattr(cards, "CHOSEN", (tmp_path / "asound.conf",))


def test_cards_and_their_kinds_are_read() -> None:
    found = read_cards(listed(HDMI, JACK_SOCKET, USB, BOARD))
    assert [(card.number, card.id, card.kind) for card in found] == [
        (0, "vc4hdmi0", Kind.HDMI),
        (1, "Headphones", Kind.BUILT_IN),
        (2, "Device", Kind.USB),
        (3, "sndrpihifiberry", Kind.I2S),
    ]
    assert read_cards("--- no soundcards ---\n") == []


@pytest.mark.parametrize(
    ("lines", "best"),
    [
        ([HDMI, HDMI, USB], "USB Audio Device: - (hw:2,0)"),
        ([HDMI, BOARD, USB], "USB Audio Device: - (hw:2,0)"),
        ([HDMI, JACK_SOCKET, BOARD], "snd_rpi_hifiberry_dac: - (hw:2,0)"),
        ([HDMI, JACK_SOCKET], "bcm2835 Headphones: - (hw:1,0)"),
        ([HDMI, HDMI], "default"),
        ([USB, HDMI], "default"),
        ([JACK_SOCKET, USB], "default"),
        ([], "default"),
    ],
)
def test_auto_prefers_usb_and_sound_boards_to_hdmi(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lines: list[str], best: str
) -> None:
    there(monkeypatch, tmp_path, *lines)
    assert select("auto").name == best


def test_a_person_and_a_sound_server_have_the_choice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    there(monkeypatch, tmp_path, HDMI, USB, more=[*PLAIN, output(1, "pipewire")])
    assert select("auto").name == "default"
    there(monkeypatch, tmp_path, HDMI, USB, more=[output(1, "Built-in", default=True, api="JACK Audio Connection Kit")])
    assert select("auto").name == "Built-in"
    there(monkeypatch, tmp_path, HDMI, USB)
    (tmp_path / "asound.conf").write_text("defaults.pcm.card 0\n")
    assert select("auto").name == "default"


def test_a_card_by_its_id_is_the_same_after_its_number_has_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for lines, name in (((HDMI, USB), "USB Audio Device: - (hw:1,0)"), ((USB, HDMI), "USB Audio Device: - (hw:0,0)")):
        there(monkeypatch, tmp_path, *lines)
        assert select("card:Device").name == name


def test_a_card_that_is_missing_is_said_with_those_that_are_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    there(monkeypatch, tmp_path, HDMI)
    with pytest.raises(SinkError, match=r"'Device' is not there; there are: card:vc4hdmi0 \(vc4-hdmi-0\)"):
        select("card:Device")
    monkeypatch.setattr(devices, "devices", lambda: [])
    with pytest.raises(SinkError, match="is busy, or has no output"):
        select("card:vc4hdmi0")


def test_the_number_in_a_name_of_portaudio() -> None:
    assert card_number("USB Audio Device: - (hw:12,0)") == 12
    assert card_number("default") is None
    assert better_card([], chosen=False) is None
