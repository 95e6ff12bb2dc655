"""A MIDI player on a virtual clock: bytes at moments, and what is down at any moment."""

from __future__ import annotations

from formant_net.hand.gathering import Pace
from formant_net.hand.limits import Limits
from formant_net.hand.outputs import Said, Touches
from formant_net.midi.mapping import Mapping
from formant_net.midi.player import MidiPlayer, Output, Preset, Volume
from formant_net.protocol.gesture import TimedTouch
from formant_net.tuning.kbm import Keys
from formant_net.tuning.snap import Snap


class MidiHand:
    """Plays bytes and keeps the fingers that a synth would have. Times are s."""

    def __init__(
        self,
        mapping: Mapping | None = None,
        *,
        limits: Limits | None = None,
        pace: Pace | None = None,
        keys: Keys | None = None,
        snap: Snap | None = None,
    ) -> None:
        self.player = MidiPlayer(mapping, limits=limits, pace=pace, keys=keys, snap=snap)
        self.now = 0.0
        self.down: dict[int | str, TimedTouch] = {}
        self.messages: list[tuple[float, list[TimedTouch]]] = []
        """Each message that went out: when, and its touches."""
        self.began: dict[int | str, float] = {}
        self.lengths: dict[int | str, float] = {}
        """How long each finger that is up was down, s."""
        self.said: list[str] = []
        self.volumes: list[float] = []
        self.presets: list[str] = []

    def bytes(self, data: str | bytes, at: float | None = None, port: str = "A") -> MidiHand:
        """Bytes, as hexadecimal text, at a moment; None: now."""
        self.run(self.now if at is None else at)
        self.player.feed(port, bytes.fromhex(data) if isinstance(data, str) else data, self.now)
        self.settle()
        return self

    def unplug(self, port: str = "A") -> None:
        self.player.unplug(port, self.now)
        self.settle()

    def panic(self) -> None:
        self.player.panic(self.now)
        self.settle()

    def run(self, until: float) -> MidiHand:
        """Everything that falls due until then, each at its own moment."""
        while (due := self.player.next_deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self._step()
        self.now = max(self.now, until)
        return self

    def settle(self) -> None:
        """Everything that is due now."""
        while (due := self.player.next_deadline()) is not None and due <= self.now:
            self._step()
        self._take(self.player.drain())

    def notes(self) -> list[float]:
        """The pitches that are down, lowest first."""
        return sorted(touch.note for touch in self.down.values() if touch.note is not None)

    def one(self) -> TimedTouch:
        """The only finger that is down."""
        (finger,) = self.down.values()
        return finger

    def _step(self) -> None:
        self.player.on_deadline(self.now)
        self._take(self.player.drain())

    def _take(self, outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, Touches):
                self.messages.append((self.now, output.touches))
                for touch in output.touches:
                    self._touch(touch)
            elif isinstance(output, Said):
                self.said.append(output.text)
            elif isinstance(output, Volume):
                self.volumes.append(output.value)
            elif isinstance(output, Preset):
                self.presets.append(output.name)

    def _touch(self, touch: TimedTouch) -> None:
        if touch.active:
            self.began.setdefault(touch.id, self.now)
            self.down[touch.id] = touch
        else:
            del self.down[touch.id]
            self.lengths[touch.id] = self.now - self.began[touch.id]
