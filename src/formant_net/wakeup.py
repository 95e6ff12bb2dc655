"""When a core wants to be woken: a lower bound that costs nothing to keep while deadlines only move later."""

from __future__ import annotations


class Wakeup:
    """The earliest moment something may fall due, s, or None.

    A touch moves a deadline later a hundred times a second. Instead of searching all deadlines each time, the core
    only notes new ones (`by`); when the moment comes it looks at all, once, and notes what is left.
    """

    __slots__ = ("at",)

    def __init__(self) -> None:
        self.at: float | None = None

    def by(self, moment: float | None) -> None:
        """Be woken at `moment` (s) or earlier; None asks for nothing."""
        if moment is not None and (self.at is None or moment < self.at):
            self.at = moment

    def clear(self) -> None:
        """Forget: the caller looks at all deadlines now and notes them again."""
        self.at = None
