"""Candidates with hidden addresses leave a description, and nothing else does."""

from __future__ import annotations

from formant_net.protocol.descriptions.mdns import split_mdns

SDP = (
    "v=0\r\na=group:BUNDLE 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n"
    "a=candidate:1 1 udp 2113937151 5f2c1a3e-aaaa.local 54321 typ host generation 0\r\n"
    "a=candidate:2 1 udp 2113937150 192.0.2.7 54322 typ host\r\na=end-of-candidates\r\na=sctp-port:5000\r\n"
)


def test_hidden_candidates_are_taken_out_and_kept() -> None:
    rest, hidden = split_mdns(SDP)
    assert hidden == ["candidate:1 1 udp 2113937151 5f2c1a3e-aaaa.local 54321 typ host generation 0"]
    assert "192.0.2.7" in rest
    assert ".local" not in rest
    assert "end-of-candidates" not in rest
    assert rest.endswith("a=sctp-port:5000\r\n")


def test_a_description_without_hidden_candidates_stays_as_it_is() -> None:
    plain = SDP.replace("5f2c1a3e-aaaa.local", "192.0.2.8")
    assert split_mdns(plain) == (plain, [])
