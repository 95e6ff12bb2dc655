"""A list of controllers, put together from the messages in which the server sends it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from formant_net.protocol.messages import ControllerDetail, ControllersList
from formant_net.synth.linking.roster import MAX_CONTROLLERS


class Listing:
    """The part of a list that has come so far, at most `MAX_CONTROLLERS` controllers."""

    def __init__(self) -> None:
        self._so_far: dict[str, ControllerDetail | None] = {}

    def take(self, message: ControllersList) -> dict[str, ControllerDetail | None] | None:
        """Add a message. Returns the whole list with what is known of each controller, or None if more has to come.

        Then the server has to be asked for the rest, after the last controller of this message.
        """
        if not message.after:
            self._so_far = {}
        details = message.details if isinstance(message.details, dict) else {}
        for name in itertools.islice(message.controllers, MAX_CONTROLLERS - len(self._so_far)):
            self._so_far[name] = details.get(name)
        if message.more and message.controllers and len(self._so_far) < MAX_CONTROLLERS:
            return None
        whole, self._so_far = self._so_far, {}
        return whole

    def left(self, name: str) -> None:
        """A controller left while the list is coming."""
        self._so_far.pop(name, None)


def run_of(meta: Mapping[str, Any] | None) -> str | None:
    """The run that a controller names in its `meta`, or None."""
    run = (meta or {}).get("run")
    return run if isinstance(run, str) else None
