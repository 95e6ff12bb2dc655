"""MIDI ports played on a controller: bytes go into the MIDI core, touches come out of it, and it is woken in time."""

from __future__ import annotations

from collections.abc import Callable

from formant_net.aio.client.controller import ControllerNode
from formant_net.aio.client.hand import Hand
from formant_net.aio.midi.inbox import Batch
from formant_net.controller.core import SynthView
from formant_net.midi.player import MidiPlayer, Output, Preset, Volume
from formant_net.protocol.messages import Command


class Bridge(Hand[Output]):
    """Drives a MidiPlayer."""

    def __init__(
        self, node: ControllerNode, player: MidiPlayer, say: Callable[[str, bool], None], *, fingers: str = ""
    ) -> None:
        super().__init__(node, player, say, fingers=fingers)
        self.player = player
        self.received = 0
        """MIDI messages."""
        self._missing: set[tuple[str, str]] = set()
        """Synths and presets that they lack, as was said."""

    def take(self, batch: Batch, lost: bool) -> None:
        """Messages of ports, in order. If some before them were lost, every key is lifted first."""
        now = self.now
        if lost:
            self.say("messages were lost because this machine was stuck: all keys are lifted", True)
            self.player.panic(now)
        self.received += len(batch)
        for port, data in batch:
            self.player.feed(port, data, now)
        self.step()

    def plugged(self, port: str) -> None:
        """A port is open."""
        self.player.plug(port, self.now)
        self.step()

    def unplugged(self, port: str) -> None:
        """A port is gone."""
        self.player.unplug(port, self.now)
        self.step()

    def settle(self, output: Output) -> None:
        """Volumes and presets, to every synth."""
        if isinstance(output, Volume):
            self.driver.tell(self._set_volume, output.value)
        elif isinstance(output, Preset):
            command = Command(name="preset", value=output.name)
            for synth in self.node.synths():
                if synth.open and self._has(synth, output.name):
                    self.driver.tell(self.node.core.set, synth.id, command)

    def _has(self, synth: SynthView, preset: str) -> bool:
        """Whether a synth has a preset, as far as it says; if not, the player is told once."""
        known = synth.state.get("presets")
        if not isinstance(known, list | tuple) or not known or preset in known:
            return True
        if (synth.id, preset) not in self._missing:
            self._missing.add((synth.id, preset))
            names = ", ".join(map(str, known))
            self.say(f"{synth.name} has no preset {preset!r}: write another one under [programs], of {names}", True)
        return False

    def _set_volume(self, value: float, now: float) -> None:
        self.node.core.set_volume(value)
