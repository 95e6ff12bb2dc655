"""Session descriptions and candidates: what real stacks send passes, what could be read in two ways does not."""

from __future__ import annotations

import pytest
from support.sdp import CANDIDATE, FINGERPRINT, sdp

from formant_net.errors import ProtocolError
from formant_net.sdp_check import check_candidate, check_sdp

CHROMIUM = """v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE L7
a=extmap-allow-mixed
a=msid-semantic: WMS
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
b=AS:30
a=candidate:2998624353 1 udp 2113937151 3a1b7f0e-6f0c-4b8e-9d8a-0a4f5d2c1b00.local 54321 typ host network-cost 999
a=candidate:842163049 1 udp 1677729535 203.0.113.7 54321 typ srflx raddr 0.0.0.0 rport 0 ufrag AbCd
a=candidate:1 1 tcp 1518280447 192.168.1.5 9 typ host tcptype active generation 0
a=ice-ufrag:AbCd
a=ice-pwd:zK7l8mQxT1vYw3p9RnB2c4Dh
a=ice-options:trickle
a=fingerprint:{fingerprint}
a=setup:active
a=mid:L7
a=sctp-port:5000
a=max-message-size:262144
"""
FIREFOX = """v=0
o=mozilla...THIS_IS_SDPARTA-99.0 4611731400430051336 0 IN IP4 0.0.0.0
s=-
t=0 0
a=sendrecv
a=fingerprint:{fingerprint}
a=group:BUNDLE 0
a=ice-options:trickle
a=msid-semantic:WMS *
m=application 50000 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 192.168.1.5
a=candidate:0 1 UDP 2122187007 192.168.1.5 50000 typ host
a=candidate:2 1 TCP 2105458943 192.168.1.5 9 typ host tcptype active
a=candidate:1 1 UDP 1685987327 2001:db8::7 50001 typ relay raddr 203.0.113.9 rport 50001
a=sendrecv
a=end-of-candidates
a=ice-pwd:6c1f0a9e8d7b5c4d3e2f1a0b9c8d7e6f
a=ice-ufrag:5f3c2b1a
a=mid:0
a=setup:active
a=sctp-port:5000
a=max-message-size:1073741823
"""


@pytest.mark.parametrize("text", [CHROMIUM, FIREFOX], ids=["Chromium", "Firefox"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_browsers_say_passes(text: str, end: str) -> None:
    check_sdp(text.format(fingerprint=FINGERPRINT).replace("\n", end))


def test_what_the_older_draft_of_data_channels_says_passes() -> None:
    check_sdp(
        sdp(more="a=sctpmap:5000 webrtc-datachannel 1024\r\n")
        .replace("UDP/DTLS/SCTP webrtc-datachannel", "DTLS/SCTP 5000")
        .replace("a=sctp-port:5000\r\n", "")
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v=0",
        "no",
        "v=1\r\n" + sdp()[5:],
        sdp().replace("m=application", "m=audio"),
        sdp() + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n",
        sdp() + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n",
        sdp().replace("m=application 50123", "m=application 0"),
        sdp().replace("m=application 50123", "m=application 70000"),
        sdp().replace("webrtc-datachannel", "webrtc-datachannel 5000"),
        sdp(more="a=mid:1\r\n"),
        sdp(more="a=ice-ufrag:evil\r\n"),
        sdp(more="a=setup:active\r\n"),
        sdp(setup="holdconn"),
        sdp(setup=""),
        sdp().replace("a=ice-ufrag:h7Gf\r\n", ""),
        sdp().replace("a=ice-pwd:MCYdBaPtNRys6lbLIgoOGP", "a=ice-pwd:short"),
        sdp().replace(f"a=fingerprint:{FINGERPRINT}\r\n", ""),
        sdp().replace("sha-256", "md5"),
        sdp().replace("sha-256", "sha-1"),
        sdp().replace("00:01:02", "00:01:0"),
        sdp().replace("a=setup:actpass\r\n", ""),
        sdp().replace("a=mid:0", "a=mid:a b"),
        sdp().replace("a=mid:0", "a=mid:" + "x" * 65),
        sdp().replace("BUNDLE 0", "BUNDLE 0 1"),
        sdp().replace("sctp-port:5000", "sctp-port:70000"),
        sdp().replace("sctp-port:5000", "sctp-port:-1"),
        sdp().replace("max-message-size:65536", "max-message-size:" + "9" * 11),
        sdp().replace("c=IN IP4 192.168.1.23", "c=IN IP4 evil.example"),
        sdp().replace("o=- 4611 2", "o=- x 2"),
        sdp(more="a=rtpmap:0 PCMU/8000\r\n"),
        sdp(more="a=ssrc:1 cname:x\r\n"),
        sdp(more="a=\r\n"),
        sdp(more="a\r\n"),
        sdp(more="\r\n"),
        sdp(more="A=x\r\n"),
        sdp(more="v=0\r\n"),
        sdp(more="a=x:" + "y" * 2100 + "\r\n"),
        sdp(more="a=x\r\n" * 400),
        sdp(more="a=x:ä\r\n"),
        sdp(more="a=x:\x00\r\n"),
        sdp(more="a=x:\ta\r\n"),
        sdp(name="a\x0ba=ice-ufrag:evil"),
        sdp(name="a\x85a=ice-ufrag:evil"),
        sdp(name="a\u2028a=ice-ufrag:evil"),
        sdp(name="a\ra=ice-ufrag:evil"),
        sdp(candidates=(CANDIDATE,) * 65),
        sdp(candidates=("candidate:1 1 udp 1 localhost 1 typ host",)),
        sdp(candidates=("candidate",)),
        "v=0\r\na=candidate:1 1 udp 1 192.168.1.1 1 typ host\r\n" + sdp()[5:],
        sdp(more="a=x:" + "y" * 2000 + "\r\n") * 20,
    ],
)
def test_anything_else_is_refused_in_words(text: str) -> None:
    with pytest.raises(ProtocolError, match="this session description cannot be used: ") as caught:
        check_sdp(text)
    assert (caught.value.code, caught.value.fatal) == ("bad-sdp", False)
    assert "evil" not in caught.value.message


def test_the_operators_limits_hold() -> None:
    check_sdp(sdp(candidates=(CANDIDATE,) * 3), 2000, 3)
    for limits in ((2000, 2), (100, 3)):
        with pytest.raises(ProtocolError):
            check_sdp(sdp(candidates=(CANDIDATE,) * 3), *limits)


@pytest.mark.parametrize(
    "text",
    [
        "",
        CANDIDATE,
        CANDIDATE.removeprefix("candidate:"),
        "candidate:1 1 UDP 1 fd00::2 65535 typ host",
        "candidate:1 1 tcp 1 10.0.0.1 9 typ host tcptype active",
        "candidate:a+/1 1 udp 4294967295 abc-def.local 1 typ host generation 0 ufrag x network-id 1 network-cost 10",
        "candidate:1 1 udp 1 203.0.113.5 1 typ relay raddr 10.0.0.1 rport 5",
        "candidate:1 1 udp 1 169.254.1.1 1 typ host",
    ],
)
def test_what_may_be_tried_passes(text: str) -> None:
    check_candidate(text)


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "candidate:1 1 udp 1 192.168.1.1 1",
        "candidate:1 1 udp 1 192.168.1.1 1 typ evil",
        "candidate:1 0 udp 1 192.168.1.1 1 typ host",
        "candidate:1 257 udp 1 192.168.1.1 1 typ host",
        "candidate:1 1 udp 4294967296 192.168.1.1 1 typ host",
        "candidate:1 1 udp -1 192.168.1.1 1 typ host",
        "candidate:1 1 foo 1 192.168.1.1 1 typ host",
        "candidate:1 1 udp 1 192.168.1.1 0 typ host",
        "candidate:1 1 udp 1 192.168.1.1 65536 typ host",
        "candidate:1 1 udp 1 192.168.1.999 1 typ host",
        "candidate:1 1 udp 1 127.0.0.1 1 typ host",
        "candidate:1 1 udp 1 ::1 1 typ host",
        "candidate:1 1 udp 1 ::ffff:127.0.0.1 1 typ host",
        "candidate:1 1 udp 1 0.0.0.0 1 typ host",
        "candidate:1 1 udp 1 :: 1 typ host",
        "candidate:1 1 udp 1 224.0.0.251 5353 typ host",
        "candidate:1 1 udp 1 ff02::fb 5353 typ host",
        "candidate:1 1 udp 1 255.255.255.255 9 typ host",
        "candidate:1 1 udp 1 router.example 80 typ host",
        "candidate:1 1 udp 1 a.b.local 80 typ host",
        "candidate:1 1 udp 1 192.168.1.1 1 typ host generation x",
        "candidate:1 1 udp 1 192.168.1.1 1 typ host ufrag x raddr y",
        "candidate:1 1 udp 1 192.168.1.1 1 typ host rport x",
        "candidate:1 1 udp 1 192.168.1.1 1 typ host raddr",
        "candidate:1 1 udp 1 192.168.1.1 1 typ host\r\na=setup:active",
        "candidate:1  1 udp 1 192.168.1.1 1 typ host",
        "candidate:١ 1 udp 1 192.168.1.1 1 typ host",
        "candidate:1 1 udp 1 192.168.1.1 1 typ host" + " x y" * 9,
        "x" * 1025,
    ],
)
def test_what_may_not_be_tried_is_refused_in_words(text: str) -> None:
    with pytest.raises(ProtocolError, match="this candidate cannot be used: ") as caught:
        check_candidate(text)
    assert (caught.value.code, caught.value.fatal) == ("bad-candidate", False)
