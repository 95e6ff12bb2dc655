"""The expression recognises what stacks usually write, and never disagrees with the careful reader."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection
from support.net.sdp import CANDIDATE, sdp

from formant_net.protocol.descriptions.check import _unreachable, careful_sdp
from formant_net.protocol.descriptions.usual import usual_candidate, usual_sdp

FOLDER = Path(__file__).parents[3] / "data" / "sdp"
USUAL = ("chromium", "firefox", "libdatachannel", "pion", "werift", "gstreamer")


def sample(stack: str) -> str:
    return (FOLDER / f"{stack}.sdp").read_text().replace("\n", "\r\n")


def usual(text: str, most: int = 64) -> str | None:
    return usual_sdp(text, most, _unreachable)


async def _offer_of_aiortc() -> str:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.createDataChannel("params")
    await connection.setLocalDescription(await connection.createOffer())
    text = connection.localDescription.sdp
    await connection.close()
    return text


@pytest.mark.parametrize("stack", USUAL)
def test_what_stacks_write_is_recognised_and_read_alike(stack: str) -> None:
    text = sample(stack)
    assert usual(text) == careful_sdp(text)


def test_the_offer_of_our_own_stack_is_recognised() -> None:
    text = asyncio.run(_offer_of_aiortc())
    assert usual(text) == careful_sdp(text)


def test_a_line_of_sound_is_left_out() -> None:
    assert usual(sdp().replace("a=group", "a=msid-semantic:WMS *\r\na=group")) == sdp()


NOBODY = ("127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "1.2.3", "01.2.3.4", "1.2.3.256", "router.example")
NOBODY_IPV6 = ("fe80::1::2", "f:" * 22 + "ff", "ff02::1", "0:0:0:0:0:0:0:1", "0::1", "a.b.local")


@pytest.mark.parametrize("address", NOBODY + NOBODY_IPV6)
@pytest.mark.parametrize("place", [0, 1])
def test_an_address_where_nobody_can_be_is_for_the_careful_reader(address: str, place: int) -> None:
    """Also if the last address, which the expression remembers, is a good one."""
    candidates = [CANDIDATE.replace("192.168.1.23", "fd00::2")] * 2
    candidates[place] = CANDIDATE.replace("192.168.1.23", address)
    assert usual(sdp(candidates=tuple(candidates))) is None


@pytest.mark.parametrize("name", ["mid", "ice-ufrag", "ice-pwd", "setup", "sctp-port", "max-message-size"])
def test_an_attribute_that_stands_twice_is_for_the_careful_reader(name: str) -> None:
    (line,) = [line for line in sdp().split("\r\n") if line.startswith(f"a={name}:")]
    assert usual(sdp(more=f"{line}\r\n")) is None
    assert usual(sdp().replace("a=group", f"{line}\r\na=group")) is None


@pytest.mark.parametrize("name", ["mid", "ice-ufrag", "ice-pwd", "setup", "fingerprint"])
def test_an_attribute_that_lacks_is_for_the_careful_reader(name: str) -> None:
    assert usual("".join(f"{line}\r\n" for line in sdp().splitlines() if not line.startswith(f"a={name}:"))) is None


@pytest.mark.parametrize("address", NOBODY + NOBODY_IPV6)
def test_a_candidate_alone_is_judged_as_in_a_description(address: str) -> None:
    assert usual_candidate(CANDIDATE, _unreachable)
    assert not usual_candidate(CANDIDATE.replace("192.168.1.23", address), _unreachable)
    assert not usual_candidate(f"{CANDIDATE} ufrag raddr network-id 1", _unreachable)


def test_the_limit_of_candidates_holds() -> None:
    three = sdp(candidates=(CANDIDATE,) * 3)
    assert [usual(three, most) for most in (2, 3)] == [None, three]


def _changed(text: str, chance: random.Random, alphabet: str) -> str:
    """One to three small changes: of lines, and of characters."""
    for _ in range(chance.randint(1, 3)):
        lines = text.split("\r\n")
        where = chance.randrange(len(lines))
        match chance.randrange(6):
            case 0:
                lines.insert(chance.randrange(len(lines)), lines[where])
            case 1:
                del lines[where]
            case 2:
                lines.insert(chance.randrange(len(lines)), lines.pop(where))
            case _:
                line = lines[where]
                at = chance.randrange(len(line) + 1)
                lines[where] = line[:at] + chance.choice(alphabet) + line[at + chance.randrange(2) :]
        text = "\r\n".join(lines)
    return text


def test_both_ways_of_reading_agree_on_thousands_of_changed_descriptions() -> None:
    """Candidates, lines and characters of one stack get into the description of another."""
    texts = [sample(stack) for stack in USUAL] + [sdp(), sdp(candidates=(CANDIDATE,) * 3)]
    lines = [line for text in texts for line in text.splitlines()]
    alphabet = "".join(map(chr, range(0x20, 0x7F))) + "\r\n\t\0é\u2028" + "0123456789" * 3 + ":. =-" * 3
    recognised = 0
    for number in range(6000):
        chance = random.Random(number)
        parts = chance.choice(texts).split("\r\n")
        if chance.random() < 0.3:
            parts.insert(chance.randrange(len(parts)), chance.choice(lines))
        text = _changed("\r\n".join(parts), chance, alphabet)
        most = chance.choice((1, 2, 64))
        found = usual(text, most)
        assert found is None or found == careful_sdp(text, most), text
        recognised += found is not None
    assert recognised > 200
