"""How many messages a client may send, alone and together with all others of its address."""

from __future__ import annotations

from formant_net.protocol import codec
from formant_net.protocol import messages as m
from formant_net.protocol import steering as s
from formant_net.protocol.errors import ProtocolError
from formant_net.server.access.addresses import Addresses
from formant_net.server.access.limits import Limits
from formant_net.server.clients import Client, State

_COST: dict[type, int] = {
    m.Register: 10, m.RequestControllers: 10, s.DeskOpen: 50, s.DeskRecall: 20, s.DeskUndo: 20, s.DeskSet: 2,
    s.DeskSolo: 2, s.DeskIdentify: 5, s.DeskMeters: 5,
    s.SettingsApplied: 5, s.Health: 10,
}  # fmt: skip
"""Cost of the messages that make the server do more than pass one on, counted in ordinary messages."""


class Rates:
    """Counts messages. Costs two allowances each."""

    def __init__(self, limits: Limits, addresses: Addresses) -> None:
        self._limits = limits
        self._addresses = addresses

    def message(self, client: Client, now: float) -> None:
        """Count one message. Raises ProtocolError "too-fast": it is not to be read; fatal for a lasting flood."""
        if not client.allowance.take(now):
            if client.state is State.NEW:
                text = f"{self._limits.newcomer_messages} messages are accepted before `register`: register first"
                raise ProtocolError("too-fast", text, fatal=True)
            text = f"more than {self._limits.rate_per_s:g} messages a second are dropped: send less"
            raise ProtocolError("too-fast", text, fatal=client.allowance.refused > self._limits.burst)
        if client.state is State.NEW:
            return  # what it may say is bounded, and others of its address have to get in
        if not self._addresses.message(client.address, now, guest=client.standing.guest):
            rate = self._limits.address_rate_per_s
            raise ProtocolError(
                "too-fast", f"more than {rate:g} messages a second from your address are dropped: send less"
            )

    @staticmethod
    def charge(client: Client, message: codec.Signaling | m.Unknown) -> None:
        """Take more for an expensive message."""
        if (cost := _COST.get(type(message))) is not None:
            client.allowance.charge(cost)
