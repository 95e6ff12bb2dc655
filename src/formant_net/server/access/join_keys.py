"""Who may register, and as what: join keys, which open everything, and signed tokens, which say what they open.

Several join keys may be valid at a time, and both kinds can be exchanged while the server runs: that is how a key is
rotated without sending everybody away.
"""

from __future__ import annotations

import hmac
import math
import re
from collections.abc import Callable, Iterable, Sequence

from formant_net.protocol.errors import ProtocolError
from formant_net.server.access.grant import Grant
from formant_net.server.access.tokens import KeySet, looks_like_token

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""No i, l, o, 0 and 1: a key may have to be read out across a room."""
_GROUPS, _GROUP = 3, 4
STRONG_BITS = 40.0
"""Bits of a key. A thousand addresses with six guesses a minute each need 170 years to try half of all such keys."""


def make_key(choice: Callable[[Sequence[str]], str]) -> str:
    """A key such as `abcd-efgh-jkmn`, 59 bits of `choice` (`secrets.choice`)."""
    return "-".join("".join(choice(ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))


def read_keys(text: str) -> list[str]:
    """The join keys of a key file: one a line; empty lines and lines that begin with # do not count."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


class Access:
    """The keys of one server.

    key       the join key, None for a server that is open to everybody
    more      further join keys, as valid as the first
    tokens    the keys that sign tokens, None for a server that takes none
    """

    def __init__(self, key: str | None = None, more: Iterable[str] = (), tokens: KeySet | None = None) -> None:
        self._key = key
        self._more = tuple(more)
        self._tokens = tokens
        # Decided once: a key file that is emptied by mistake must not open the server to everybody.
        self.open = key is None and not self._more and tokens is None
        """True when nobody needs a key."""

    def __repr__(self) -> str:
        return "Access(open)" if self.open else "Access(…)"

    def change(self, *, more: Iterable[str] | None = None, tokens: KeySet | None = None) -> None:
        """Replaces the further join keys and the signing keys; None leaves the present ones."""
        self._more = self._more if more is None else tuple(more)
        self._tokens = self._tokens if tokens is None else tokens

    def admit(self, given: str | None, wall: float) -> Grant:
        """What `given` (a join key or a token) opens at `wall`, s since 1970.

        Raises ProtocolError "bad-key" or "token-expired", both fatal.
        """
        if self.reads(given):
            try:
                return self.admit_token(given, wall)
            except ProtocolError:
                if not self.opens(given):
                    raise
        if self.opens(given):
            return Grant()
        raise self.refusal(given)

    def admit_token(self, given: str | None, wall: float) -> Grant:
        """What a token opens; only for what `reads` says may be one. Raises ProtocolError as `admit` does."""
        if self._tokens is None or given is None:
            raise self.refusal(given)
        return self._tokens.admit(given, wall)

    def opens(self, given: str | None) -> bool:
        """Whether `given` is a join key, or none is needed."""
        right = self.open
        # All keys are compared, in constant time: the time of a refusal must not show how much of a guess was right.
        for key in (self._key, *self._more):
            right |= key is not None and hmac.compare_digest(_bytes(key), _bytes(given or ""))
        return right

    @staticmethod
    def refusal(given: str | None) -> ProtocolError:
        """What is said of a wrong key, or of none."""
        fault = "that is not the join key of this server" if given else "this server asks for a join key"
        return ProtocolError(
            "bad-key", f"{fault}: use the join URL that it printed when it started", "register", fatal=True
        )

    def reads(self, given: str | None) -> bool:
        """Whether `given` is looked at as a token."""
        return self._tokens is not None and given is not None and looks_like_token(given)

    def still(self, given: str | None, wall: float) -> bool:
        """Whether a key that was accepted is still valid: keys may have been withdrawn."""
        try:
            self.admit(given, wall)
        except ProtocolError:
            return False
        return True


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def weakness(key: str | None) -> str | None:
    """Why a join key can be guessed, in words, or None. The bits are an upper bound: a word has fewer."""
    if not key:
        return None
    kinds = ((r"[a-z]", 26), (r"[A-Z]", 26), (r"[0-9]", 10), (r"[^a-zA-Z0-9]", 32))
    letters = sum(size for pattern, size in kinds if re.search(pattern, key))
    bits = len(set(key)) and len(key) * math.log2(letters) if len(set(key)) > 1 else 1.0
    if bits >= STRONG_BITS:
        return None
    return f"the join key is short ({len(key)} characters, at most {bits:.0f} bits): it can be guessed"
