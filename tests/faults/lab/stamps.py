"""What a controller's stamps show: its clock, in steps as browsers give it, and set by whoever sets clocks."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

from msgspec.structs import replace

from formant_net.protocol.messages import Message, Ping, Touch

STEPS_MS = (0.0, 0.0, 0.0, 0.0, 0.1, 1.0, 50.0 / 3.0, 50.0, 100.0)
"""0: as fine as it is. The others are what browsers with and without protection against fingerprinting give."""


@dataclass
class Stamps:
    """How the stamps of one host's clock look."""

    step_ms: float = 0.0
    sets: list[tuple[float, float]] = field(default_factory=list)
    """When it was set, and by how much, both in ms."""
    shuffled: bool = False
    """Whether a moment is drawn in each step, from which on it shows the next one, as Firefox does."""

    @classmethod
    def draw(cls, seed: str) -> Stamps:
        """Of its own source of chance, so that what else a seed means stays."""
        source = random.Random(seed)
        return cls(source.choice(STEPS_MS), shuffled=source.random() < 0.3)

    @property
    def step_s(self) -> float:
        """How much older a touch may be for it."""
        return min(self.step_ms / 1000.0, 0.1) * (1 + self.shuffled)

    def shown(self, ms: float) -> float:
        """What it shows at the moment `ms` of the host's clock."""
        ms += sum(by for at, by in self.sets if at <= ms)
        if not self.step_ms:
            return ms
        steps = math.floor(ms / self.step_ms)
        early = self.shuffled and ms / self.step_ms - steps >= random.Random(steps).random()
        return round((steps + early) * self.step_ms, 3)

    def on(self, message: Message) -> Message:
        """A message as it is stamped by this clock."""
        if not isinstance(message, Touch | Ping) or message.t is None:
            return message
        points = message.points and [
            point if point.since is None else replace(point, since=self.shown(point.since)) for point in message.points
        ]
        if isinstance(message, Ping) and message.held is not None:
            held = self.shown(message.t) - self.shown(message.t - message.held)
            message = replace(message, held=round(held, 3))
        return replace(message, t=self.shown(message.t), points=points)  # type: ignore[arg-type]
