"""Players for the ensemble in memory: fingers that come down, move and lift."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from support.virtual.ensemble import Node

from formant_net.controller.core import Controller
from formant_net.protocol.gesture import TimedTouch
from formant_net.synth.core import Synth


def controller_of(node: Node) -> Controller:
    assert isinstance(node.core, Controller)
    return node.core


def synth_of(node: Node) -> Synth:
    assert isinstance(node.core, Synth)
    return node.core


def press(node: Node, x: float = 0.5, y: float = 0.25, finger: int | str = 0) -> None:
    """A finger comes down, or moves."""
    node.call(controller_of(node).touch, [TimedTouch(0.0, finger, x, y)])


def lift(node: Node, finger: int | str = 0) -> None:
    """A finger is lifted."""
    node.call(controller_of(node).touch, [TimedTouch(0.0, finger, 0.0, 0.0, active=False)])


def numbered() -> Callable[[float], int]:
    """Keys for voices: 1, 2, 3 … at any rate."""
    numbers = itertools.count(1)
    return lambda now: next(numbers)
