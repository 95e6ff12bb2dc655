"""What a key or a token allows its holder."""

from __future__ import annotations

from dataclasses import dataclass

from formant_net.errors import ProtocolError
from formant_net.messages import Role

ROLES: frozenset[Role] = frozenset({"synth", "controller"})


@dataclass(frozen=True, slots=True)
class Grant:
    """Roles, ids and settings that are open to a client.

    roles      it may register as one of these
    ids        the id it must have; with `*` at the end, how that begins; "" is any
    settings   whether it may change what everybody hears: volume, power, preset
    until      end of all this, s since 1970, or None
    token      True when a token says so: its holder need not be trusted, as those who know the join key are
    """

    roles: frozenset[Role] = ROLES
    ids: str = ""
    settings: bool = True
    until: float | None = None
    token: bool = False

    def check(self, client_id: str, role: Role) -> None:
        """Raises ProtocolError "not-allowed" (fatal)."""
        if role not in self.roles:
            allowed = " or ".join(sorted(self.roles)) or "nothing"
            raise ProtocolError(
                "not-allowed",
                f"your token is for a {allowed}, not for a {role}: ask the operator for another",
                "register",
                fatal=True,
            )
        if self.ids and not self._fits(client_id):
            raise ProtocolError(
                "not-allowed",
                f"your token is for the id {self.ids}, not for {client_id}: use that",
                "register",
                fatal=True,
            )

    def _fits(self, client_id: str) -> bool:
        return client_id.startswith(self.ids[:-1]) if self.ids.endswith("*") else client_id == self.ids
