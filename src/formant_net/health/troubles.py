"""What needs attention at a box, by the newest that it says; and what to do about each, in one place.

The words travel in `health`, and pages, the monitor and the documentation use the same ones. An unknown figure is no
trouble, and it is no sign that all is well. A clock that the network does not set is none, because that is usual in an
ensemble without internet.
"""

from __future__ import annotations

from msgspec import UnsetType

from formant_net.protocol.steering import Health

HOT_C = 78.0
"""A Raspberry Pi begins to slow down at 80 °C."""
BUSY = 0.8
"""Parts of a block's period. Above, the next program that starts breaks the sound."""
WEAK_DBM = -75.0
BREAKS_A_MINUTE = 1.0
HEARD = ("underflows", "overruns", "shed", "ring_dropped")
"""Counters of what can be heard or loses a touch."""

WORDS = {
    "no-sound": ("it has no sound device", "plug one in, or choose one: formant-node desk set BOX audio=NAME"),
    "breaks": ("the sound breaks", "start it with a larger --latency or fewer --voices, and run formant-node doctor"),
    "busy": ("its processor has hardly any time left", "start it with fewer --voices, or end other programs"),
    "hot": ("the processor is hot", "give it air, or a heat sink: it slows down at 80 °C"),
    "undervoltage": ("the power supply is too weak", "use the supply made for this board, and a short cable"),
    "throttled": ("the processor is held back", "see to the power supply and to cooling"),
    "wifi-weak": ("the Wi-Fi signal is weak", "move the access point nearer, or use a cable"),
    "wifi-power-save": (
        "the Wi-Fi sleeps between packets",
        "put `[connection]` and `wifi.powersave=2` into /etc/NetworkManager/conf.d/formant.conf, then restart it",
    ),
    "state": (
        "what it keeps is lost at a power cut",
        "let FORMANT_STATE_DIR name a folder on a disk that stays, with room, that the service may write",
    ),
}
"""Of each trouble: what it is, and what to do."""


def known(value: object) -> bool:
    """Whether a figure of `health` is there."""
    return not isinstance(value, UnsetType)


def breaks(health: Health) -> int:
    """How often the sound broke or lost something since the start, as far as is known."""
    counts = (getattr(health, name) for name in HEARD)
    return sum(count for count in counts if isinstance(count, int))


def troubles(now: Health, before: Health | None, passed_s: float) -> list[str]:
    """What needs attention.

    before     what the box said earlier in this run, to count breaks between both
    passed_s   seconds between both
    """
    broke = 0 if before is None else breaks(now) - breaks(before)
    found = {
        "no-sound": now.audible is False,
        "breaks": broke > 0 and 60.0 * broke > BREAKS_A_MINUTE * passed_s,
        "busy": _above(now.busy, BUSY),
        "hot": _above(now.temperature_c, HOT_C),
        "undervoltage": now.undervoltage is True,
        "throttled": isinstance(now.throttled, list) and any(cause != "voltage" for cause in now.throttled),
        "wifi-weak": _above(WEAK_DBM, now.wifi_dbm),
        "wifi-power-save": now.wifi_power_save is True,
        "state": now.state_writable is False,
    }
    return [name for name, is_so in found.items() if is_so]


def _above(value: float | UnsetType, limit: float | UnsetType) -> bool:
    return not isinstance(value, UnsetType) and not isinstance(limit, UnsetType) and value > limit
