"""Settings of one synth, changed remotely: sent, and waited for until the synth says that it took them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from formant_net.aio.client.controller import ControllerNode
from formant_net.protocol.messages import Command, Param

TAKES_S = 4.0
"""Seconds after which a setting counts as refused. Opening a device takes the longest; others need a round trip."""
AGAIN_S = 0.5
"""Seconds after which a volume is sent again, because its channel may lose it."""

State = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """What is sent, and how the synth's state before and now shows that it was taken."""

    name: str
    value: object
    message: Param | Command
    taken: Callable[[State, State], bool]


def volume(value: float, *, remember: bool = False) -> Setting:
    """Master volume, 0…1. `remember`: it counts after a restart of the synth, too, also if nobody has played."""
    message = Param(name="volume", value=value, remember=remember)
    return Setting("volume", value, message, lambda _, now: now.get("volume") == value)


def power(on: bool, *, remember: bool = False) -> Setting:
    """Power on or off."""
    message = Command(name="power", value=on, remember=remember)
    return Setting("power", "on" if on else "off", message, lambda _, now: now.get("powered_on") is on)


def preset(name: str, *, remember: bool = False) -> Setting:
    """The preset of the next notes."""
    message = Command(name="preset", value=name, remember=remember)
    return Setting("preset", name, message, lambda _, now: now.get("preset") == name)


def audio(device: str) -> Setting:
    """The sound device."""
    message = Command(name="audio", value=device)
    return Setting("audio", device, message, lambda before, now: now.get("audio") != before.get("audio"))


async def change(node: ControllerNode, synth: str, setting: Setting) -> str:
    """Change a setting of the synth with this id. Returns what failed, as a sentence that names it; else empty."""
    loop = asyncio.get_running_loop()

    def state() -> State:
        return next((each.state for each in node.synths() if each.id == synth), before)

    before: State = {}
    before = state()
    if setting.name == "preset" and setting.value not in (known := before.get("presets", ())):
        name = before.get("name", synth)
        return f"{name} has no preset {setting.value!r}: choose one of {', '.join(map(str, known))}"
    began = loop.time()
    node.client.driver.tell(node.core.set, synth, setting.message)
    while not await _within(AGAIN_S, lambda: setting.taken(before, state())):
        if loop.time() - began > TAKES_S:
            return f"{state().get('name', synth)} did not take {setting.name} {setting.value!r}: it is unchanged"
        if setting.name == "volume":
            node.client.driver.tell(node.core.set, synth, setting.message)
    return ""


async def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    try:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.02)
    except TimeoutError:
        return False
    return True
