"""Offers to controllers that name no run: how many of them may still be answered, and when the next one may be made.

Each offer to a controller that names a run (`meta.run`) has its own `a=mid`, which identifies the answer. Simple
controllers name no run. Some of them keep one RTCPeerConnection for ever, and it accepts no second offer with another
`mid`. So all offers to them have the same `mid`, and their answers are told apart by counting. The next offer is made
only when the last one was answered or has timed out.
"""

from __future__ import annotations

from collections.abc import Container

PLAIN_MID = "0"
"""The `a=mid` of every offer to a controller that names no run."""
MOST_ANSWER_S = 40.0
"""Most seconds that such a controller has for an answer."""


class OpenOffers:
    """The open offers of one synth, by the id of the controller. `now` and moments are seconds."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        """Controllers whose last offer may still be answered, and until when."""
        self._open: dict[str, int] = {}
        """How many offers to each controller have had no answer so far."""

    def offered(self, name: str, answer_s: float, linked: Container[str], now: float) -> None:
        """An offer to `name` is being made; it may be answered for `answer_s` seconds.

        linked    controllers that the synth still knows; what is known of others is forgotten
        """
        self.named_run(name, linked, now)
        self._until[name] = now + answer_s
        self._open[name] = self._open.get(name, 0) + 1

    def named_run(self, name: str, linked: Container[str], now: float) -> None:
        """An offer to `name` is being made that its own `mid` identifies: it waits for no other answer."""
        self._until = {n: until for n, until in self._until.items() if until > now and n != name}
        self._open = {n: count for n, count in self._open.items() if n in linked or n in self._until}

    def answered(self, name: str) -> int:
        """One of the offers to `name` is answered or will never be. Returns how many were open before."""
        count = self._open.pop(name, 0)
        if count > 1:
            self._open[name] = count - 1
        else:
            self._until.pop(name, None)
        return count

    def opened(self, name: str) -> None:
        """The link to `name` is open: all its offers are settled."""
        self._open.pop(name, None)
        self._until.pop(name, None)

    def wait(self, name: str, until: float) -> None:
        """The last offer to `name` may be answered until then."""
        self._until[name] = until

    def until(self, name: str, now: float) -> float | None:
        """When the next offer to `name` may be made, or None if at once."""
        until = self._until.get(name, now)
        return until if until > now else None

    def __contains__(self, name: object) -> bool:
        """Whether the last offer to `name` has had no answer."""
        return name in self._until
