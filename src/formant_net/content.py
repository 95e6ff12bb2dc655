"""What may be passed from client to client: readable, small, and not too often."""

from __future__ import annotations

from formant_net import messages as m
from formant_net.clients import Client
from formant_net.errors import ProtocolError
from formant_net.limits import Limits
from formant_net.offers import OfferMeter
from formant_net.sdp_check import check_candidate, check_sdp


class Content:
    """Reads descriptions and candidates before they are passed on."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def check(self, client: Client, message: m.Offer | m.Answer | m.IceCandidate, now: float) -> None:
        """Raises ProtocolError ("bad-sdp", "bad-candidate", "too-many-offers"); the message is not to be passed on."""
        limits = self._limits
        if isinstance(message, m.IceCandidate):
            if message.data is not None:
                check_candidate(message.data.candidate, limits.candidate_chars)
            return
        if isinstance(message, m.Offer):
            if client.offers is None:
                client.offers = OfferMeter(limits, now)
            client.offers.take(message.target, now)
        try:
            check_sdp(message.data.sdp, limits.sdp_chars, limits.candidates)
        except ProtocolError as error:
            error.about = m.wire_name(message)
            raise
