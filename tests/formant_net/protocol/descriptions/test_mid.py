"""The number of a link in a description."""

from __future__ import annotations

from formant_net.protocol.descriptions.mid import mid_of, with_mid

SDP = (
    "v=0\r\na=group:BUNDLE 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n"
    "a=candidate:1 1 udp 2113937151 5f2c1a3e-aaaa.local 54321 typ host generation 0\r\n"
    "a=candidate:2 1 udp 2113937150 192.0.2.7 54322 typ host\r\na=end-of-candidates\r\na=sctp-port:5000\r\n"
)


def test_the_number_of_a_link_travels_in_section_name_and_group() -> None:
    marked = with_mid(SDP, "L77")
    assert mid_of(marked) == "L77"
    assert "a=group:BUNDLE L77\r\n" in marked
    assert with_mid(marked, "0") == SDP


def test_a_description_without_section_name_has_none() -> None:
    assert mid_of("v=0\r\n") is None
