"""An OSC player on a virtual clock: datagrams at moments, and what is down at any moment."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from formant_net.hand.outputs import Said, Touches
from formant_net.osc.codec import Argument, encode
from formant_net.osc.fingers import Sender
from formant_net.osc.player import OscPlayer, Output, Reply
from formant_net.osc.space import Setting
from formant_net.protocol.gesture import TimedTouch

PAD = ("127.0.0.1", 5000)
WALL = 4.0e9
"""The wall clock (s since 1900) at the moment 0."""


def bundle(tag: float | None, *elements: bytes) -> bytes:
    """A bundle of packets. `tag` is s since 1900; None: at once."""
    stamp = 1 if tag is None else round(tag * 2**32)
    return b"#bundle\0" + struct.pack(">Q", stamp) + b"".join(struct.pack(">I", len(one)) + one for one in elements)


class OscHand:
    """Plays datagrams and keeps the fingers that a synth would have. Times are s."""

    def __init__(self, **options: object) -> None:
        self.player = OscPlayer(b"secret", **options)  # type: ignore[arg-type]
        self.now = 0.0
        self.down: dict[int | str, TimedTouch] = {}
        self.messages: list[tuple[float, list[TimedTouch]]] = []
        self.ups: list[tuple[float, TimedTouch]] = []
        self.settings: list[Setting] = []
        self.replies: list[Reply] = []
        self.said: list[str] = []

    def send(self, address: str, *arguments: Argument, at: float | None = None, sender: Sender = PAD) -> OscHand:
        return self.data(encode(address, *arguments), at=at, sender=sender)

    def data(self, data: bytes, at: float | None = None, sender: Sender = PAD) -> OscHand:
        self.run(self.now if at is None else at)
        self.player.receive(sender, data, WALL + self.now, self.now)
        self.settle()
        return self

    def run(self, until: float) -> OscHand:
        """Everything that falls due until then, each at its own moment."""
        while (due := self.player.next_deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self.player.on_deadline(self.now)
            self._take(self.player.drain())
        self.now = max(self.now, until)
        return self

    def settle(self) -> None:
        """Everything that is due now."""
        while (due := self.player.next_deadline()) is not None and due <= self.now:
            self.player.on_deadline(self.now)
            self._take(self.player.drain())
        self._take(self.player.drain())

    def notes(self) -> list[float | None]:
        """The pitches that are down, oldest first."""
        return [touch.note for touch in self.down.values()]

    def one(self) -> TimedTouch:
        (finger,) = self.down.values()
        return finger

    def _take(self, outputs: Sequence[Output]) -> None:
        for output in outputs:
            if isinstance(output, Touches):
                self.messages.append((self.now, output.touches))
                for touch in output.touches:
                    if touch.active:
                        self.down[touch.id] = touch
                    else:
                        del self.down[touch.id]
                        self.ups.append((self.now, touch))
            elif isinstance(output, Setting):
                self.settings.append(output)
            elif isinstance(output, Reply):
                self.replies.append(output)
            elif isinstance(output, Said):
                self.said.append(output.text)
