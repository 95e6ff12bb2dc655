"""The rights that a key or a token gives its holder."""

from __future__ import annotations

from dataclasses import dataclass

from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.messages import Role
from formant_net.protocol.standing import PHONE, is_phone

ROLES: frozenset[Role] = frozenset({"synth", "controller"})


@dataclass(frozen=True, slots=True)
class Grant:
    """The roles, ids and settings that a client may use.

    roles      the roles that it may register in
    ids        the id that it must have; with `*` at the end, the beginning of the id; "" is any id
    settings   whether it may change settings that everybody hears: volume, power, preset; and be a desk
    until      when the rights end, s since 1970, or None
    phone      as a synth it must be a browser, which the id tells (standing.py)
    token      True if a token gives the rights; its holder is trusted less than a holder of the join key
    """

    roles: frozenset[Role] = ROLES
    ids: str = ""
    settings: bool = True
    until: float | None = None
    token: bool = False
    phone: bool = False

    def check(self, client_id: str, role: Role) -> None:
        """Check that a client may register with this id and role. Raises ProtocolError "not-allowed" (fatal)."""
        if role == "desk" and "controller" in self.roles and self.settings:
            role = "controller"  # who may set what everybody hears may do it for all boxes at once
        if role not in self.roles:
            allowed = " or ".join(sorted(self.roles)) or "nothing"
            raise ProtocolError(
                "not-allowed",
                f"your token is for a {allowed}, not for a {role}: ask the operator for another",
                "register",
                fatal=True,
            )
        if role == "synth" and self.phone and not is_phone(client_id):
            raise ProtocolError(
                "not-allowed",
                f"your token lets a browser sing, with an id that begins with {PHONE}, not {client_id}: open /sing",
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
