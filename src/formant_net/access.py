"""Who may register, and as what: join keys, which open everything, and signed tokens, which say what they open.

Several join keys may be valid at a time, and both kinds can be exchanged while the server runs: that is how a key is
rotated without sending everybody away.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Sequence

from formant_net.errors import ProtocolError
from formant_net.grant import Grant
from formant_net.tokens import KeySet, looks_like_token

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""No i, l, o, 0 and 1: a key may have to be read out across a room."""
_GROUPS, _GROUP = 3, 4


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
        """From now on these further keys, these signing keys; None leaves what there is."""
        self._more = self._more if more is None else tuple(more)
        self._tokens = self._tokens if tokens is None else tokens

    def admit(self, given: str | None, wall: float) -> Grant:
        """What `given` (a join key or a token) opens at `wall`, s since 1970.

        Raises ProtocolError "bad-key" or "token-expired", both fatal.
        """
        if self.open:
            return Grant()
        right = False
        # Each is compared, and in constant time: how long a refusal takes must not tell how much of a guess was right.
        for key in (self._key, *self._more):
            right |= key is not None and hmac.compare_digest(_bytes(key), _bytes(given or ""))
        if right:
            return Grant()
        if self.reads(given):
            return self._tokens.admit(given, wall)  # type: ignore[union-attr, arg-type]
        fault = "that is not the join key of this server" if given else "this server asks for a join key"
        raise ProtocolError(
            "bad-key", f"{fault}: use the join URL that it printed when it started", "register", fatal=True
        )

    def reads(self, given: str | None) -> bool:
        """Whether `given` is looked at as a token."""
        return self._tokens is not None and given is not None and looks_like_token(given)

    def still(self, given: str | None, wall: float) -> bool:
        """Whether what opened once opens still: keys may have been withdrawn."""
        try:
            self.admit(given, wall)
        except ProtocolError:
            return False
        return True


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
