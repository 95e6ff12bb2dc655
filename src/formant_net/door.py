"""The door of a server: who comes in with what, and how often somebody may try."""

from __future__ import annotations

from formant_net.access import Access
from formant_net.addresses import Addresses
from formant_net.errors import ProtocolError
from formant_net.grant import Grant
from formant_net.limits import Limits


class Door:
    """Keys, tokens and addresses together."""

    def __init__(self, access: Access, limits: Limits) -> None:
        self.access = access
        self.addresses = Addresses(limits)

    def admit(self, given: str | None, address: str, now: float, wall: float) -> Grant:
        """What `given` opens for somebody at `address`. Raises ProtocolError, always fatal.

        `now` is s of a monotonic clock, `wall` s since 1970.
        """
        if not self.access.reads(given):
            # Even a right key is not looked at then: the answer would tell. A token cannot be guessed, so its holders
            # get in although somebody behind the same address is guessing.
            self.addresses.may_guess(address, now)
        try:
            return self.access.admit(given, wall)
        except ProtocolError as error:
            if error.code == "bad-key" and given:
                self.addresses.guessed(address, now)
            raise

    def knows(self, given: str | None, address: str, now: float, wall: float) -> bool:
        """The same as a question."""
        try:
            self.admit(given, address, now, wall)
        except ProtocolError:
            return False
        return True
