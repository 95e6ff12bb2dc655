"""Drives the core of a bridge on the event loop of a controller: what is due is carried out at its moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Generic, Protocol, TypeVar

from formant_net.aio.client.controller import ControllerNode
from formant_net.hand.outputs import Said, Touches

Output = TypeVar("Output")


class Player(Protocol[Output]):
    """The core of a bridge. Times are s of the controller's clock."""

    def next_deadline(self) -> float | None:
        """When `on_deadline` has something to do; in the past: at once; None: nothing is waiting."""

    def on_deadline(self, now: float) -> None:
        """Time passes."""

    def drain(self) -> list[Output]:
        """What came out since the last call."""

    def panic(self, now: float) -> None:
        """Every finger up."""


class Hand(Generic[Output]):
    """Carries out touches and words, and hands every other output to `settle`. All methods belong to the loop.

    say       words for the player, and whether they are a warning
    fingers   what the ids of its fingers begin with, if the controller has others as well
    """

    def __init__(
        self, node: ControllerNode, core: Player[Output], say: Callable[[str, bool], None], *, fingers: str = ""
    ) -> None:
        self.sent = 0
        """Messages of touches."""
        self.node = node
        self.driver = node.client.driver
        self.say = say
        self._core, self._fingers = core, fingers
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def now(self) -> float:
        """The clock of the controller, s."""
        return self.driver.now

    def settle(self, output: Output) -> None:
        """Carry out an output that is neither touches nor words."""

    def step(self) -> None:
        """Carry out everything that is due, and set the timer for the rest."""
        now = self.now
        self._carry_out(self._core.drain())
        while (due := self._core.next_deadline()) is not None and due <= now:
            self._core.on_deadline(now)
            self._carry_out(self._core.drain())
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if due is None else self._loop.call_later(due - now, self.step)

    def close(self) -> None:
        """Lift everything; no timer runs any more."""
        with suppress(Exception):
            self._core.panic(self.now)
            self.step()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _carry_out(self, outputs: Sequence[Output]) -> None:
        for output in outputs:
            if isinstance(output, Touches):
                self.sent += 1
                touches = output.touches
                if self._fingers:
                    touches = [replace(touch, id=f"{self._fingers}{touch.id}") for touch in touches]
                self.driver.tell(self.node.core.touch, touches)
            elif isinstance(output, Said):
                self.say(output.text, output.warning)
            else:
                self.settle(output)
