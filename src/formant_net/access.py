"""The join key: whoever knows it may register, nobody else."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from formant_net.errors import ProtocolError

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""No i, l, o, 0 and 1: a key may have to be read out across a room."""
_GROUPS, _GROUP = 3, 4


def make_key(choice: Callable[[Sequence[str]], str]) -> str:
    """A key such as `abcd-efgh-jkmn`, 59 bits of `choice` (`secrets.choice`)."""
    return "-".join("".join(choice(ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))


@dataclass(frozen=True, slots=True)
class Access:
    """Who may register. `key` is None for an open server; never part of `repr`, so that it cannot slip into a log."""

    key: str | None = field(default=None, repr=False)

    def check(self, given: str | None) -> None:
        """Raises ProtocolError "bad-key" (fatal) unless `given` is the key or the server is open."""
        if self.key is None:
            return
        # Compared in constant time: how long a refusal takes must not tell how much of a guess was right.
        if not hmac.compare_digest(self.key.encode(), (given or "").encode()):
            fault = "that is not the join key of this server" if given else "this server asks for a join key"
            raise ProtocolError(
                "bad-key", f"{fault}: use the join URL that it printed when it started", "register", fatal=True
            )
