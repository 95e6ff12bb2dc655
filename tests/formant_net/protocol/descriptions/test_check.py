"""Session descriptions and candidates: what real stacks send passes, what could be read in two ways does not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from aiortc.sdp import SessionDescription
from support.net.sdp import CANDIDATE, FINGERPRINT, sdp

from formant_net.protocol.descriptions.check import clean_candidate, clean_sdp
from formant_net.protocol.descriptions.mdns import split_mdns
from formant_net.protocol.descriptions.mid import mid_of
from formant_net.protocol.errors import ProtocolError

SAMPLES = sorted((Path(__file__).parents[3] / "data" / "sdp").glob("*.sdp"))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_other_stacks_write_passes_with_all_that_decides(path: Path, end: str) -> None:
    text = path.read_text()
    clean = clean_sdp(text.replace("\n", end))
    assert clean_sdp(clean) == clean
    decisive = re.compile(
        r"(?:[vostmc]=|a=(?:ice-(?:ufrag|pwd)|fingerprint|setup|mid|sctp|max-message-size|candidate|group)).*"
    )
    assert [line for line in clean.split("\r\n") if decisive.fullmatch(line)] == [
        line for line in text.split("\n") if decisive.fullmatch(line)
    ]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_what_other_stacks_write_is_read_by_ours(path: Path) -> None:
    plain, hidden = split_mdns(clean_sdp(path.read_text()))
    (section,) = SessionDescription.parse(plain).media
    assert section.kind == "application"
    assert section.rtp.muxId == mid_of(plain)
    assert len(section.ice_candidates) + len(hidden) == path.read_text().count("a=candidate:")


def test_there_is_a_sample_of_every_stack() -> None:
    stacks = {"chromium", "firefox", "safari", "libdatachannel", "pion", "werift", "gstreamer", "amazon-c-sdk"}
    assert {path.stem for path in SAMPLES} == stacks | {"safari-14"}


@pytest.mark.parametrize(
    ("more", "kept"),
    [
        ("a=rtcp:9 IN IP4 0.0.0.0\r\n", ""),
        ("a=rtpmap:0 PCMU/8000\r\na=ssrc:1 cname:x\r\na=extmap:1 urn:x\r\n", ""),
        ("a=ice-options:ice2,trickle\r\na=ice-options:renomination\r\n",) * 2,
        ("a=ice-lite\r\na=x-of-tomorrow:anything at all;=,\r\n",) * 2,
        ("a=mid:0\r\na=setup:actpass\r\n",) * 2,
        ("a=sendrecv  \r\n", "a=sendrecv\r\n"),
        ("\r\n\r\n", ""),
        ("\r\na=sendrecv\r\n\r\n", "a=sendrecv\r\n"),
        ("a=group:LS 0\r\n", ""),
        ("a=group:BUNDLE\r\n", ""),
        ("a=group\r\n", ""),
        ("a=candidate:1 1 udp 1 127.0.0.1 1 typ host\r\na=candidate:rubbish\r\na=candidate\r\n", ""),
        ("a=candidate:1 1 udp 1 224.0.0.1 1 typ host\r\na=candidate:1 1 udp 1 router.example 1 typ host\r\n", ""),
        ("a=candidate:1 1 tcp 1 10.0.0.1 0 typ host tcptype active\r\n", ""),
        ("a=end-of-candidates\r\n",) * 2,
        ("b=\r\ni= \r\nk=\r\nu= x\r\n", ""),
        (
            "a=fingerprint:sha-1 " + ":".join(["AB"] * 20) + "\r\na=fingerprint:MD5 " + ":".join(["0c"] * 16) + "\r\n",
            "",
        ),
    ],
)
def test_what_decides_nothing_is_passed_on_or_left_out(more: str, kept: str) -> None:
    assert clean_sdp(sdp(more=more)) == sdp(more=kept)


def test_a_hidden_address_is_no_address_of_the_connection() -> None:
    hidden = sdp().replace("c=IN IP4 192.168.1.23", "c=IN IP4 826782df-73ad-4a61-a685-f1f02d224ec9.local")
    assert clean_sdp(hidden) == sdp().replace("c=IN IP4 192.168.1.23", "c=IN IP4 0.0.0.0")


@pytest.mark.parametrize("name", ["", " ", "   "])
def test_a_session_without_a_name_gets_a_dash(name: str) -> None:
    """RFC 8866 lets it be a blank. Without any character Chromium refuses the whole description."""
    assert clean_sdp(sdp(name=name)) == sdp(name="-")


def test_the_name_of_a_hash_may_be_written_in_capitals() -> None:
    assert clean_sdp(sdp().replace("sha-256", "SHA-256")) == sdp()


def test_a_candidate_outside_the_media_section_is_left_out() -> None:
    assert clean_sdp("v=0\r\na=" + CANDIDATE + "\r\n" + sdp()[5:]) == sdp()


def test_what_the_older_draft_of_data_channels_says_passes() -> None:
    clean_sdp(
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
        "v=0\r\na=ice-pwd:" + "x" * 22 + "\r\n" + sdp()[5:],
        sdp().replace("a=mid:0\r\n", "\r\n"),
        sdp(setup="holdconn"),
        sdp(setup=""),
        sdp().replace("a=ice-ufrag:h7Gf\r\n", ""),
        sdp().replace("a=ice-pwd:MCYdBaPtNRys6lbLIgoOGP", "a=ice-pwd:short"),
        sdp().replace(f"a=fingerprint:{FINGERPRINT}\r\n", ""),
        sdp().replace("sha-256", "md5"),
        sdp().replace(FINGERPRINT, "sha-1 " + ":".join(["AB"] * 20)),
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
        sdp(more="a=\r\n"),
        sdp(more="a\r\n"),
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
        sdp(more="a=x:" + "y" * 2000 + "\r\n") * 20,
    ],
)
def test_anything_else_is_refused_in_words(text: str) -> None:
    with pytest.raises(ProtocolError, match="this session description cannot be used: ") as caught:
        clean_sdp(text)
    assert (caught.value.code, caught.value.fatal) == ("bad-sdp", False)
    assert "evil" not in caught.value.message


def test_candidates_beyond_the_limit_are_left_out() -> None:
    many = tuple(CANDIDATE.replace("50123", str(50000 + n)) for n in range(70))
    assert clean_sdp(sdp(candidates=many)) == sdp(candidates=many[:64])
    assert clean_sdp(sdp(candidates=many), 10000, 3) == sdp(candidates=many[:3])


def test_candidates_of_every_spelling_count_for_the_limit() -> None:
    """Also those that only the full reading understands."""
    unusual = tuple(f"candidate:{n} 10 udp 1 192.0.2.{n} 9 typ host ufrag x" for n in range(1, 9))
    assert clean_sdp(sdp(candidates=unusual), max_candidates=3) == sdp(candidates=unusual[:3])
    mixed = tuple(one for n in range(1, 9) for one in (unusual[n - 1], CANDIDATE.replace("50123", str(n))))
    assert clean_sdp(sdp(candidates=mixed), max_candidates=5) == sdp(candidates=mixed[:5])


def test_the_operators_limit_of_length_holds() -> None:
    clean_sdp(sdp(), 2000)
    with pytest.raises(ProtocolError):
        clean_sdp(sdp(), 100)


@pytest.mark.parametrize("text", ["", "\r\n", "end-of-candidates", "a=end-of-candidates"])
def test_every_way_to_say_that_no_candidate_follows_is_the_empty_text(text: str) -> None:
    assert clean_candidate(text) == ""


@pytest.mark.parametrize("start", ["candidate:", "a=candidate:", "", "a="])
@pytest.mark.parametrize("end", ["", "\r\n", " "])
def test_a_candidate_may_begin_and_end_as_in_a_description(start: str, end: str) -> None:
    assert clean_candidate(start + CANDIDATE.removeprefix("candidate:") + end) == CANDIDATE


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
    assert clean_candidate(text).removeprefix("candidate:") == text.removeprefix("candidate:")


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
        "candidate:1 1 udp 1 ::127.0.0.1 1 typ host",
        "candidate:1 1 udp 1 64:ff9b::7f00:1 1 typ host",
        "candidate:1 1 udp 1 2002:7f00:1::1 1 typ host",
        "candidate:1 1 udp 1 64:ff9b::224.0.0.251 5353 typ host",
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
        "candidate:1 1 udp 1 192.168.1.1 1 typ host network-id generation generation x",
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
        clean_candidate(text)
    assert (caught.value.code, caught.value.fatal) == ("bad-candidate", False)


@pytest.mark.parametrize("address", ["64:ff9b::c000:221", "2002:c000:221::1", "::ffff:192.0.2.33", "2001:db8::7f00:1"])
def test_an_ipv6_address_that_stands_for_a_usable_one_may_be_tried(address: str) -> None:
    text = f"candidate:1 1 udp 1 {address} 5000 typ host"
    assert clean_candidate(text) == text


def test_what_is_kept_of_earlier_descriptions_changes_no_verdict() -> None:
    """The same lines in another place, and the same description again, after many others."""
    good = sdp()
    for _ in range(3):
        assert clean_sdp(good) == good
        assert clean_sdp(good, max_candidates=1).count("a=candidate") == 1
        with pytest.raises(ProtocolError, match="section"):
            clean_sdp(good + "m=application 50123 UDP/DTLS/SCTP webrtc-datachannel\r\n")
        with pytest.raises(ProtocolError, match="two values"):
            clean_sdp(good + "a=mid:1\r\n")
        with pytest.raises(ProtocolError, match="characters"):
            clean_sdp(good, max_chars=100)
        for n in range(5000):
            clean_sdp(sdp(name=f"other-{n}"))


def test_a_candidate_is_read_alike_in_a_description_and_alone() -> None:
    """Most are read in one look there; every port, priority and address that decides is tried in both ways."""
    ports = [0, 1, 9, 9999, 10000, 59999, 60000, 65535, 65536, 99999]
    priorities = [0, 1, 999_999_999, 2_113_937_151, 3_999_999_999, 2**32 - 1, 2**32, 9_999_999_999]
    addresses = [
        "10.0.0.1",
        "127.0.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fe80::1",
        "::ffff:127.0.0.1",
        "64:ff9b::127.0.0.1",
    ]
    addresses += ["a-b.local", "router.example", "1.2.3", "01.2.3.4"]
    for component in (0, 1, 9, 10, 256, 257):
        for port in ports:
            for priority in priorities:
                for address in addresses:
                    text = f"candidate:1 {component} udp {priority} {address} {port} typ host"
                    try:
                        alone = [f"a={clean_candidate(text)}"]
                    except ProtocolError:
                        alone = []
                    lines = clean_sdp(sdp(candidates=(text,))).splitlines()
                    assert [line for line in lines if "candidate" in line] == alone, text


def test_a_mid_of_the_session_is_none_of_the_section() -> None:
    lines = sdp().splitlines()
    (mid,) = (line for line in lines if line.startswith("a=mid:"))
    lines.remove(mid)
    lines.insert(next(at for at, line in enumerate(lines) if line.startswith("m=")), mid)
    with pytest.raises(ProtocolError, match="lacks a=mid"):
        clean_sdp("\r\n".join(lines) + "\r\n")


def test_a_long_description_is_cleaned_as_a_short_one() -> None:
    """It is not kept for the next time, but read in the same way."""
    long = sdp(more="a=x-of-tomorrow:" + "y" * 1500 + "\r\n") + "a=z:1\r\n" * 300 + "a=x-of-then:" + "y" * 5000
    assert len(long) > 8192
    with pytest.raises(ProtocolError, match="too long"):
        clean_sdp(long)
    long = sdp(more=("a=x-of-tomorrow:" + "y" * 1500 + "  \r\n") * 6 + "a=rtcp-mux\r\n")
    assert len(long) > 8192
    assert clean_sdp(long) == sdp(more=("a=x-of-tomorrow:" + "y" * 1500 + "\r\n") * 6)
    many = tuple(f"candidate:{n} 1 udp 1 192.0.2.{n} 9 typ host" for n in range(1, 9))
    assert (
        clean_sdp(
            sdp(candidates=many, more="a=x:" + "y" * 1500 + "\r\n") + ("a=w:" + "y" * 1500 + "\r\n") * 5,
            max_candidates=3,
        ).count("a=candidate:")
        == 3
    )
