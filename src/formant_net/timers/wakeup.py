"""When a core wants to be woken: a lower bound that need not change while deadlines only move later."""

from __future__ import annotations


class Wakeup:
    """The earliest moment something may fall due, s, or None.

    A touch moves a deadline later a hundred times a second. The core does not search all deadlines each time; it only
    notes new ones (`by`). When the moment comes, it looks at all of them once and notes those that remain.
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
