"""OSC played on a controller: datagrams go into the OSC core, touches, settings and answers come out of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from formant_net.aio.client.controller import ControllerNode
from formant_net.aio.client.hand import Hand
from formant_net.aio.osc.datagrams import Batch, Datagrams
from formant_net.controller.core import SynthView
from formant_net.osc.clock import NTP_AT_UNIX_EPOCH
from formant_net.osc.codec import Argument
from formant_net.osc.fingers import Sender
from formant_net.osc.player import OscPlayer, Output, Reply
from formant_net.osc.space import Setting, matches, part_of
from formant_net.protocol.messages import Command, Param

REPORT_S = 0.1
"""Seconds between two looks at the settings of the synths."""


class OscBridge(Hand[Output]):
    """Drives an OscPlayer. `listen` opens its port."""

    def __init__(self, node: ControllerNode, player: OscPlayer, say: Callable[[str, bool], None]) -> None:
        super().__init__(node, player, say)
        self.player = player
        self.deliver: Callable[[Sender, bytes], None] = lambda to, data: None
        """Takes what is for connections of OSCQuery; their port is negative."""
        self._datagrams: Datagrams | None = None
        self._report_timer: asyncio.TimerHandle | None = None

    def listen(self, host: str, port: int) -> Sender:
        """Open the UDP port, and return where it is. Raises ListenError."""
        self._datagrams = Datagrams(host, port, self.take)
        self._report()
        return self._datagrams.address

    def take(self, batch: Batch) -> None:
        """Datagrams, in order."""
        now, wall = self.now, time.time() + NTP_AT_UNIX_EPOCH
        for sender, data in batch:
            self.player.receive(sender, data, wall, now)
        self.step()

    def settle(self, output: Output) -> None:
        """Settings to the synths they are for, answers to where they belong."""
        if isinstance(output, Reply):
            if output.to[1] < 0:
                self.deliver(output.to, output.data)
            elif self._datagrams is not None:
                self._datagrams.send(output.to, output.data)
        elif isinstance(output, Setting):
            for synth in self.node.synths():
                if synth.open and (output.box is None or _is(output.box, synth)):
                    self.driver.tell(self.node.core.set, synth.id, _message(output))

    def close(self) -> None:
        """Lift everything and let go of the port."""
        super().close()
        if self._report_timer is not None:
            self._report_timer.cancel()
        if self._datagrams is not None:
            self._datagrams.close()
            self._datagrams = None

    def values(self) -> dict[str, Argument]:
        """The settings of the linked synths by address. Without a box the first one speaks for all."""
        found: dict[str, Argument] = {}
        for synth in self.node.synths():
            if synth.open:
                for name, value in _settings(synth).items():
                    found.setdefault(f"/formant/{name}", value)
                    found[f"/formant/box/{_part(synth)}/{name}"] = value
        return found

    def presets(self) -> list[str]:
        """The presets that every linked synth has, in the order of the first one."""
        lists = [synth.state.get("presets") for synth in self.node.synths() if synth.open]
        known = [[name for name in one if isinstance(name, str)] for one in lists if isinstance(one, list | tuple)]
        return [name for name in known[0] if all(name in one for one in known)] if known else []

    def _report(self) -> None:
        self.player.report(self.values(), self.now)
        self.step()
        self._report_timer = asyncio.get_running_loop().call_later(REPORT_S, self._report)


def _part(synth: SynthView) -> str:
    name = synth.state.get("name")
    return part_of(name if isinstance(name, str) and name else synth.id)


def _is(box: str, synth: SynthView) -> bool:
    return matches(box, _part(synth)) or matches(box, part_of(synth.id))


def _message(setting: Setting) -> Param | Command:
    if setting.name == "volume":
        return Param(name="volume", value=setting.value)
    return Command(name=setting.name, value=setting.value)


def _settings(synth: SynthView) -> dict[str, Argument]:
    """What a synth says of itself; it is remote input."""
    found: dict[str, Argument] = {}
    volume, power, preset = (synth.state.get(name) for name in ("volume", "powered_on", "preset"))
    if isinstance(volume, int | float) and not isinstance(volume, bool):
        found["volume"] = float(volume)
    if isinstance(power, bool):
        found["power"] = power
    if isinstance(preset, str):
        found["preset"] = preset[:64]
    return found
