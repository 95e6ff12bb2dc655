"""What may be passed from client to client: readable, small, and not too often."""

from __future__ import annotations

from msgspec.structs import replace

from formant_net.protocol import codec
from formant_net.protocol import messages as m
from formant_net.protocol.descriptions.check import clean_candidate, clean_sdp
from formant_net.protocol.errors import ProtocolError
from formant_net.server.access.limits import Limits
from formant_net.server.clients import Client
from formant_net.server.offers import OfferMeter
from formant_net.timers.allowances import Allowances

Routed = m.Offer | m.Answer | m.IceCandidate


class Content:
    """Reads descriptions and candidates before they are passed on."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._phones = Allowances(limits.phone_offers_per_min / 60.0, limits.phone_offers_burst)
        self._phones_of_one = Allowances(limits.phone_offers_per_min / 120.0, (limits.phone_offers_burst + 1) // 2)

    def clean(self, message: Routed) -> Routed:
        """The message as it may be passed on.

        error    ProtocolError ("bad-sdp", "bad-candidate"); the message must not be passed on
        """
        limits = self._limits
        if isinstance(message, m.IceCandidate):
            if message.data is None:
                return message
            candidate = clean_candidate(message.data.candidate, limits.candidate_chars)
            if candidate == message.data.candidate:
                return message
            return replace(message, data=replace(message.data, candidate=candidate))
        try:
            sdp = clean_sdp(message.data.sdp, limits.sdp_chars, limits.candidates)
        except ProtocolError as error:
            error.about = codec.wire_name(message)
            raise
        return message if sdp == message.data.sdp else replace(message, data=replace(message.data, sdp=sdp))

    def count_offer(self, client: Client, target: str, now: float, *, guest: bool) -> None:
        """An offer of `client` is about to be passed on to `target`. Raises ProtocolError "too-many-offers".

        Phones of guests are counted together, by token and by address: each offer makes `target` build a connection.
        """
        if client.offers is None:
            client.offers = OfferMeter(self._limits, now)
        client.offers.take(target, now, guest=guest)
        if client.standing.guest:
            of_one, of_all = f"{target} {client.standing.group}", f"{target} {client.standing.credential}"
            if not (self._phones.some(of_all, now) and self._phones_of_one.take(of_one, now)):
                client.offers.give_back(target)
                raise ProtocolError(
                    "too-many-offers",
                    f"{target} gets at most {self._limits.phone_offers_per_min:g} offers a minute of phones with one "
                    "token: wait before the next",
                    "offer",
                )
            self._phones.take(of_all, now)
