"""Admission to a server: checks the key or token of a client, and limits the guesses of an address."""

from __future__ import annotations

import hmac

from formant_net.protocol.errors import ProtocolError
from formant_net.server.access.addresses import Addresses
from formant_net.server.access.grant import Grant
from formant_net.server.access.join_keys import Access
from formant_net.server.access.limits import Limits


class Door:
    """The keys and tokens that open a server, and the guesses of each address."""

    def __init__(self, access: Access, limits: Limits) -> None:
        self.access = access
        self.addresses = Addresses(limits)

    def admit(self, given: str | None, address: str, now: float, wall: float, *, in_url: bool = False) -> Grant:
        """The rights that `given`, a key or a token, gives a client at `address`. Raises ProtocolError, always fatal.

        now      s of a monotonic clock; `wall` s since 1970
        in_url   `given` is in the URL of a plain request. Any page can make a browser send such a request. Wrong keys
                 there are counted separately, so that a page cannot lock out the address of its visitor
        """
        refusal: ProtocolError | None = None
        if self.access.reads(given):
            # A token cannot be guessed, so its holder is admitted even while another client at the address guesses.
            try:
                return self.access.admit_token(given, wall)
            except ProtocolError as error:
                if error.code != "bad-key":  # a genuine token that is not valid now
                    raise
                refusal = error
        # Anything but a token may be a guess at the key. After too many guesses even the right key is refused: checking
        # it would confirm the guess.
        self.addresses.may_guess(address, now, in_url=in_url)
        if self.access.opens(given):
            return Grant()
        if given:
            self.addresses.guessed(address, given, now, in_url=in_url)
        raise refusal or self.access.refusal(given)

    def knows(self, given: str | None, address: str, now: float, wall: float, *, in_url: bool = False) -> bool:
        """Whether `admit` would succeed."""
        try:
            self.admit(given, address, now, wall, in_url=in_url)
        except ProtocolError:
            return False
        return True

    def may_scrape(self, given: str | None, token: str | None, address: str, now: float, wall: float) -> bool:
        """Whether `given` opens the metrics: it is the scrape token, or its holder may change settings.

        Anything else counts as a guess at the key.
        """
        if token and given and hmac.compare_digest(given.encode("utf-8", "replace"), token.encode()):
            return True
        try:
            return self.admit(given, address, now, wall).settings
        except ProtocolError:
            return False
