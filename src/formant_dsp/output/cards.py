"""The sound cards of a Linux machine by their ids, which stay the same when the numbers change.

A Raspberry Pi numbers its cards anew at every start, and number 0, which ALSA takes if nobody chooses, is often HDMI.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

CARDS = Path("/proc/asound/cards")
CHOSEN = (Path("/etc/asound.conf"), Path("~/.asoundrc"), Path("~/.config/alsa/asoundrc"))
"""Where a person tells ALSA which card to use. With one of them ALSA's own choice counts."""
PREFIX = "card:"
"""How a card is named by its id: `card:Device`."""
_CARD = re.compile(r"^\s*(\d+) \[(\S+)\s*\]: (.*?) - (.*)$", re.M)
_NUMBER = re.compile(r"\(hw:(\d+),\d+\)")


class Kind(IntEnum):
    """What a card is; the least is preferred."""

    USB = 0
    I2S = 1
    BUILT_IN = 2
    HDMI = 3


@dataclass(frozen=True, slots=True)
class Card:
    """One card: its number now, its id, and its name for people."""

    number: int
    id: str
    name: str
    kind: Kind


def read_cards(text: str) -> list[Card]:
    """The cards of /proc/asound/cards, by number."""
    return [
        Card(int(number), id, name.strip(), _kind(id, driver, name)) for number, id, driver, name in _CARD.findall(text)
    ]


def cards(path: Path = CARDS) -> list[Card]:
    """The cards of this machine; none on a system without ALSA."""
    try:
        return read_cards(path.read_text("utf-8", errors="replace"))
    except OSError:
        return []


def _kind(id: str, driver: str, name: str) -> Kind:
    said = f"{id} {driver} {name}".lower()
    if "usb" in driver.lower():
        return Kind.USB
    if "hdmi" in said:
        return Kind.HDMI
    if re.search(r"headpho|hda|loopback|dummy|bcm2835|ac97", said):
        return Kind.BUILT_IN
    return Kind.I2S  # each sound board has a driver of its own


def card_number(device: str) -> int | None:
    """The number of the card in PortAudio's name of a device, `USB Audio: - (hw:2,0)`; None: it names none."""
    found = _NUMBER.search(device)
    return int(found[1]) if found else None


def better_card(there: list[Card], chosen: bool) -> Card | None:
    """The card to use instead of ALSA's number 0; None: number 0 is right, or a person has `chosen` one."""
    if chosen or not there or there[0].kind is not Kind.HDMI:
        return None
    best = min(there, key=lambda card: (card.kind, card.number))
    return None if best.kind is Kind.HDMI else best


def is_chosen() -> bool:
    """Whether a file tells ALSA which card to use."""
    for path in CHOSEN:
        with suppress(OSError, RuntimeError):  # a home that is closed, or none
            if path.expanduser().exists():
                return True
    return False
