from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace
from typing import Any

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.rtcsctptransport import SCTP_DATA_FIRST_FRAG, SCTP_DATA_UNORDERED
from support.net.loopback import run
from support.virtual import sctp
from support.virtual.clock import at_once

from formant_net.aio.client import rtc
from formant_net.aio.client.rtc import BAD_BURST, BAD_PER_S, MAX_UNFINISHED, Links, configuration, unfinished_bytes
from formant_net.client.effects import (
    COMMANDS,
    PARAMS,
    AcceptAnswer,
    AddCandidate,
    CloseLink,
    MakeAnswer,
    MakeOffer,
    Send,
)
from formant_net.protocol import codec
from formant_net.protocol import messages as m


class Side:
    """One end: its links, and what they tell."""

    def __init__(self) -> None:
        self.links = Links(self, at_once)
        self.sdp: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.opened: set[str] = set()
        self.reached = 0
        self.lost: list[str] = []
        self.messages: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

    def described(self, peer: str, link: int, sdp: str, now: float) -> None:
        self.sdp.set_result(sdp)

    def link_reached(self, peer: str, link: int, now: float) -> None:
        assert not self.opened, "the path comes before the channels"
        self.reached += 1

    def link_opened(self, peer: str, link: int, channel: str, now: float) -> None:
        self.opened.add(channel)

    def link_lost(self, peer: str, link: int, reason: str, now: float) -> None:
        self.lost.append(reason)

    def link_abused(self, peer: str, link: int, reason: str, now: float) -> None:
        self.lost.append(f"abused: {reason}")

    def channel(self, peer: str, link: int, channel: str, message: object, now: float) -> None:
        self.messages.put_nowait((channel, message))


async def until(condition: Any) -> None:
    while not condition():
        await asyncio.sleep(0.005)


@asynccontextmanager
async def pair() -> AsyncIterator[tuple[Side, Side]]:
    """An offerer and an answerer with an open link, number 1 on either side."""
    synth, controller = Side(), Side()
    synth.links.make_offer(MakeOffer("c", 1))
    controller.links.make_answer(MakeAnswer("s", 1, await synth.sdp))
    synth.links.accept_answer(AcceptAnswer("c", 1, await controller.sdp))
    await until(lambda: {PARAMS, COMMANDS} <= synth.opened & controller.opened)
    try:
        yield synth, controller
    finally:
        await synth.links.close()
        await controller.links.close()


def test_without_ice_servers_no_public_one_is_asked() -> None:
    assert configuration(()).iceServers == []


def test_ice_servers_of_a_strange_shape_are_left_out() -> None:
    given: tuple[dict[str, Any], ...] = (
        {"urls": "stun:192.0.2.1"},
        {"urls": 7},
        {},
        {"urls": ["turn:192.0.2.2"], "username": "u", "credential": 5},
    )
    servers = configuration(given).iceServers
    assert servers is not None
    assert [server.urls for server in servers] == ["stun:192.0.2.1", ["turn:192.0.2.2"]]
    assert (servers[1].username, servers[1].credential) == ("u", None)


def test_touches_go_unordered_and_unrepeated_and_commands_reliably() -> None:
    async def main() -> None:
        async with pair() as (synth, controller):
            channels = controller.links._links["s", 1].channels
            assert (channels[PARAMS].ordered, channels[PARAMS].maxRetransmits) == (False, 0)
            assert (channels[COMMANDS].ordered, channels[COMMANDS].maxRetransmits) == (True, None)
            controller.links.send(Send("s", 1, PARAMS, m.Ping(timestamp=1)))
            assert await synth.messages.get() == (PARAMS, m.Ping(timestamp=1))
            controller.links.send(Send("s", 1, COMMANDS, m.Command(name="power", value=False)))
            assert await synth.messages.get() == (COMMANDS, m.Command(name="power", value=False))

    run(main())


def test_a_path_is_told_once_on_either_side() -> None:
    async def main() -> None:
        async with pair() as (synth, controller):
            assert synth.reached == controller.reached == 1

    run(main())


def test_a_link_that_the_other_side_closes_is_told_once_and_sending_on_it_is_harmless() -> None:
    async def main() -> None:
        async with pair() as (synth, controller):
            controller.links.close_link(CloseLink("s", 1))
            await until(lambda: synth.lost)
            synth.links.send(Send("c", 1, PARAMS, m.Pong()))
            controller.links.send(Send("s", 1, PARAMS, m.Ping()))
            assert synth.links.dropped == controller.links.dropped == 1
            assert controller.lost == [], "who closes does not hear of it"

    run(main())


def test_what_strangers_send_to_the_port_of_a_link_changes_nothing() -> None:
    """An empty datagram from anywhere ended the link: aiortc looks at its first byte."""

    async def main() -> None:
        async with pair() as (synth, controller):
            link = synth.links._links["c", 1]._pc.sctp
            assert link is not None
            places = [(each.host, each.port) for each in link.transport.transport._connection.local_candidates]
            for host, port in places:
                family = socket.AF_INET6 if ":" in host else socket.AF_INET
                with socket.socket(family, socket.SOCK_DGRAM) as stranger, suppress(OSError):
                    for datagram in (b"", b"\x16", b"\x80", b"\xff" * 1400, b""):
                        stranger.sendto(datagram, (host, port))
            controller.links.send(Send("s", 1, PARAMS, m.Ping(timestamp=7)))
            await until(lambda: synth.lost or not synth.messages.empty())
            assert synth.lost == []
            assert synth.messages.get_nowait() == (PARAMS, m.Ping(timestamp=7))

    run(main())


def test_closing_a_link_whose_peer_is_gone_holds_nobody_up() -> None:
    async def main() -> None:
        side = Side()
        side.links.make_offer(MakeOffer("c", 1))
        await side.sdp
        began = time.thread_time()  # of this thread: what others have of the machine meanwhile is no part of it
        side.links.close_link(CloseLink("c", 1))
        assert time.thread_time() - began < 0.05
        await side.links.close()

    run(main())


def test_a_description_that_makes_no_sense_ends_only_its_own_link() -> None:
    async def main() -> None:
        async with pair() as (synth, controller):
            controller.links.make_answer(MakeAnswer("mallory", 2, "v=0\r\nnonsense"))
            await until(lambda: controller.lost)
            controller.links.close_link(CloseLink("mallory", 2))
            controller.links.send(Send("s", 1, PARAMS, m.Ping(timestamp=2)))
            assert (await synth.messages.get())[1] == m.Ping(timestamp=2)

    run(main())


def test_messages_that_cannot_be_read_are_skipped_and_too_many_end_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtc, "clock", lambda: 0.0)  # all of them at one moment

    async def main() -> None:
        async with pair() as (synth, controller):
            channel = controller.links._links["s", 1].channels[COMMANDS]
            wrong: list[str | bytes] = ["{", b"\xff\xfe", '{"type": "touch", "x": NaN}', "x" * 9000, "", b""]
            wrong += ['{"type":"touch","x":"0.5","y":0,"active":true}', "[" * 5000]
            for text in wrong:
                channel.send(text)
            channel.send('{"type":"ping","timestamp":3}')
            assert (await synth.messages.get())[1] == m.Ping(timestamp=3)
            assert synth.lost == []
            for _ in range(2 * BAD_BURST):
                channel.send("{")
            await until(lambda: synth.lost)
            assert "could not be read" in synth.lost[0]

    run(main())


def test_one_bad_message_with_each_tap_for_hours_is_no_abuse(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(rtc, "clock", lambda: now)

    async def main() -> None:
        nonlocal now
        async with pair() as (synth, controller):
            channel = controller.links._links["s", 1].channels[COMMANDS]
            for tap in range(3 * BAD_BURST):
                now = tap / (0.9 * BAD_PER_S)
                channel.send('{"type":"touch","active":true}')
                channel.send(f'{{"type":"ping","timestamp":{tap}}}')
                assert (await synth.messages.get())[1] == m.Ping(timestamp=tap)
            assert synth.lost == []

    run(main())


def test_a_release_without_coordinates_is_read() -> None:
    async def main() -> None:
        async with pair() as (synth, controller):
            controller.links._links["s", 1].channels[COMMANDS].send('{"type":"touch","active":false}')
            assert (await synth.messages.get())[1] == m.Touch(active=False)
            assert synth.links._links["c", 1].bad == 0

    run(main())


def test_candidates_before_the_description_are_held_and_bad_ones_do_no_harm() -> None:
    async def main() -> None:
        synth, controller = Side(), Side()
        synth.links.make_offer(MakeOffer("c", 1))
        offer = await synth.sdp
        for text in ("candidate:1 1 udp 1 192.0.2.1 9 typ host", "candidate:rubbish", ""):
            synth.links.add_candidate(AddCandidate("c", 1, m.Candidate(candidate=text, sdp_mid="0")))
        synth.links.add_candidate(AddCandidate("c", 1, m.Candidate(candidate="candidate:1 1 udp 1 nowhere 9 typ host")))
        synth.links.add_candidate(AddCandidate("c", 1, None))
        controller.links.make_answer(MakeAnswer("s", 1, offer))
        synth.links.accept_answer(AcceptAnswer("c", 1, await controller.sdp))
        await until(lambda: PARAMS in synth.opened & controller.opened)
        assert synth.lost == controller.lost == []
        await synth.links.close()
        await controller.links.close()

    run(main())


@pytest.mark.parametrize(
    ("mid", "index"), [("", None), (None, None), (None, 0), ("sdparta_0", 0), ("data", None), ("data", 1)]
)
def test_a_candidate_counts_however_it_names_its_section(mid: str | None, index: int | None) -> None:
    """EricssonResearch/openwebrtc#163 and pion/webrtc#1833 (sdpMid is empty or null), floe/surfacecast#35 (GStreamer
    has the index alone), mpromonet/webrtc-streamer#264 (neither), uProxy-p2p#2143 (the name of another stack)."""

    async def main() -> None:
        synth, controller = Side(), Side()
        synth.links.make_offer(MakeOffer("c", 1))
        controller.links.make_answer(MakeAnswer("s", 1, await synth.sdp))
        answer = await controller.sdp
        candidates = [line for line in answer.splitlines() if line.startswith("a=candidate:")]
        bare = "".join(f"{line}\r\n" for line in answer.splitlines() if "candidate" not in line)
        synth.links.accept_answer(AcceptAnswer("c", 1, bare))
        for text in candidates:
            synth.links.add_candidate(
                AddCandidate("c", 1, m.Candidate(candidate=text, sdp_mid=mid, sdp_m_line_index=index))
            )
        transport = synth.links._links["c", 1]._pc.sctp
        assert transport is not None
        await until(lambda: len(transport.transport.transport.getRemoteCandidates()) == len(candidates) > 0)
        await until(lambda: PARAMS in synth.opened & controller.opened)
        await synth.links.close()
        await controller.links.close()

    run(main())


def test_hidden_names_of_browsers_that_cannot_be_resolved_do_no_harm() -> None:
    async def main() -> None:
        synth, controller = Side(), Side()
        synth.links.make_offer(MakeOffer("c", 1))
        controller.links.make_answer(MakeAnswer("s", 1, await synth.sdp))
        answer = await controller.sdp
        hidden = "a=candidate:9 1 udp 2113937151 0badcafe-0000.local 9 typ host\r\na=end-of-candidates\r\n"
        synth.links.accept_answer(AcceptAnswer("c", 1, answer.replace("a=end-of-candidates\r\n", "") + hidden))
        await until(lambda: PARAMS in synth.opened & controller.opened)
        await synth.links.close()
        await controller.links.close()

    run(main())


def test_hidden_names_do_not_hold_up_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without multicast a browser's name is looked for in vain, for seconds."""

    async def main() -> None:
        synth, controller = Side(), Side()
        synth.links.make_offer(MakeOffer("c", 1))
        hidden = "a=candidate:9 1 udp 2113937151 0badcafe-0000.local 9 typ host\r\n"
        resolving = asyncio.Event()

        async def never(*_: Any) -> None:
            resolving.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(RTCPeerConnection, "addIceCandidate", never)
        controller.links.make_answer(MakeAnswer("s", 1, await synth.sdp + hidden))
        answer = await controller.sdp
        await resolving.wait()
        monkeypatch.undo()
        synth.links.accept_answer(AcceptAnswer("c", 1, answer))
        await until(lambda: PARAMS in synth.opened & controller.opened)
        await synth.links.close()
        await controller.links.close()

    run(main())


def test_a_peer_that_offers_only_params_gets_an_open_link_and_hears_commands_there() -> None:
    async def main() -> None:
        simple = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        channel = simple.createDataChannel(PARAMS, ordered=False, maxRetransmits=0)
        heard: asyncio.Queue[str] = asyncio.Queue()
        channel.on("message", heard.put_nowait)
        await simple.setLocalDescription(await simple.createOffer())
        controller = Side()
        controller.links.make_answer(MakeAnswer("s", 1, simple.localDescription.sdp))
        await simple.setRemoteDescription(RTCSessionDescription(await controller.sdp, "answer"))
        await until(lambda: PARAMS in controller.opened)
        controller.links.send(Send("s", 1, COMMANDS, m.Command(name="power", value=True)))
        assert codec.decode_channel(await heard.get()) == m.Command(name="power", value=True)
        await controller.links.close()
        await simple.close()

    run(main())


def test_a_congested_channel_drops_touches_instead_of_queueing_them() -> None:
    async def main() -> None:
        async with pair() as (_, controller):
            for i in range(2000):  # in one step of the loop: nothing can leave
                controller.links.send(Send("s", 1, PARAMS, m.Ping(timestamp=i)))
            assert controller.links.dropped > 1000
            await until(lambda: controller.links._links["s", 1].channels[PARAMS].bufferedAmount == 0)
            before = controller.links.dropped
            controller.links.send(Send("s", 1, PARAMS, m.Ping(timestamp=0)))
            assert controller.links.dropped == before

    run(main())


def test_the_memory_of_links_that_ended_is_asked_back_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("formant_net.aio.client.rtc.COLLECT_S", 0.05)
    collected: list[str] = []
    monkeypatch.setattr("formant_net.aio.client.rtc.gc.collect", lambda: collected.append("x"))

    async def main() -> None:
        async with pair() as (synth, controller):
            synth.links.close_link(CloseLink("c", 1))
            controller.links.close_link(CloseLink("s", 1))
            await until(lambda: len(collected) == 2)  # one for each side
            await asyncio.sleep(0.1)
            assert len(collected) == 2

    run(main())


def test_offers_are_made_one_after_another_and_one_that_is_not_wanted_any_more_never(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Twenty at once kept everything that is played waiting for a third of a second."""
    monkeypatch.setattr(rtc, "TURN_S", 60.0)
    at_work, most, made = 0, 0, []
    offer = rtc._Connection.offer

    async def watched(self: rtc._Connection) -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        made.append(self.peer)
        if self.peer == "fails":
            at_work -= 1
            raise ValueError("no offer")
        await offer(self)
        at_work -= 1

    monkeypatch.setattr(rtc._Connection, "offer", watched)

    class Many(Side):
        def described(self, peer: str, link: int, sdp: str, now: float) -> None:
            self.opened.add(peer)

    async def story() -> None:
        side = Many()
        names = ["a", "fails", "b", "gone", "c", "d"]
        for name in names:
            side.links.make_offer(MakeOffer(name, 1, ()))
        side.links.close_link(CloseLink("gone", 1))
        await until(lambda: len(side.opened) == 4)
        assert made == ["a", "fails", "b", "c", "d"]
        assert most == 1
        assert len(side.lost) == 1
        await side.links.close()

    run(story())


def test_a_player_does_not_wait_for_the_offers_to_guests_that_were_asked_for_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A storm of guests has as many offers under way as there are set-ups; each takes a few milliseconds."""
    monkeypatch.setattr(rtc, "TURN_S", 60.0)
    made = []
    offer = rtc._Connection.offer

    async def watched(self: rtc._Connection) -> None:
        made.append(self.peer)
        await offer(self)

    monkeypatch.setattr(rtc._Connection, "offer", watched)

    async def story() -> None:
        side = Side()
        guests = [f"guest-{n}" for n in range(5)]
        for name in guests:
            side.links.make_offer(MakeOffer(name, 1, guest=True))
        for name in ("player-1", "player-2"):
            side.links.make_offer(MakeOffer(name, 1))
        await until(lambda: len(made) == 7)
        assert made == [guests[0], "player-1", "player-2", *guests[1:]]
        await side.links.close()

    run(story())


def test_a_connection_that_cannot_be_made_holds_up_none_that_is_asked_for_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The core may ask for the next one while it hears of the loss."""
    monkeypatch.setattr(rtc, "TURN_S", 60.0)
    make = rtc._Connection.__init__

    def strict(self: rtc._Connection, links: Links, peer: str, *more: Any) -> None:
        if peer == "fails":
            raise ValueError("an ICE server without a port")
        make(self, links, peer, *more)

    monkeypatch.setattr(rtc._Connection, "__init__", strict)

    class Eager(Side):
        def link_lost(self, peer: str, link: int, reason: str, now: float) -> None:
            self.links.make_offer(MakeOffer("next", 1))

        def described(self, peer: str, link: int, sdp: str, now: float) -> None:
            self.opened.add(peer)

    async def story() -> None:
        side = Eager()
        side.links.make_offer(MakeOffer("fails", 1))
        side.links.make_offer(MakeOffer("last", 1))
        await until(lambda: side.opened == {"next", "last"})
        await side.links.close()

    run(story())


def test_an_offer_that_waits_for_a_stun_server_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtc, "TURN_S", 0.01)
    offer = rtc._Connection.offer

    async def slow(self: rtc._Connection) -> None:
        if self.peer == "slow":
            await asyncio.Event().wait()
        await offer(self)

    monkeypatch.setattr(rtc._Connection, "offer", slow)

    async def story() -> None:
        side = Side()
        side.links.make_offer(MakeOffer("slow", 1, ()))
        side.links.make_offer(MakeOffer("quick", 1, ()))
        assert "a=fingerprint" in await side.sdp
        await side.links.close()

    run(story())


@pytest.mark.parametrize("guest", [True, False])
def test_what_guests_send_counts_together_and_what_players_send_does_not(guest: bool) -> None:
    async def story() -> None:
        side = Side()
        side.links.make_offer(MakeOffer("c", 1, guest=guest))
        await side.sdp
        counted = side.links._links["c", 1]._inbound
        assert counted is not None
        assert (counted._guests is side.links.guests) == guest
        await side.links.close()

    run(story())


def test_empty_pieces_of_messages_that_never_end_take_room_too() -> None:
    """They have no bytes, and each is looked at again with each that follows: 50,000 kept a core busy."""

    def piece(n: int) -> bytes:
        body = struct.pack("!LHHL", sctp.FIRST + n, 1, 0, 51)
        return sctp.packet(sctp.chunk(0, body, flags=SCTP_DATA_FIRST_FRAG | SCTP_DATA_UNORDERED))

    few, many = (sctp.after(piece(n) for n in range(count)) for count in (100, 1100))
    assert few.abused == many.abused == []
    assert unfinished_bytes(SimpleNamespace(sctp=few.sctp)) < MAX_UNFINISHED  # type: ignore[arg-type]
    assert unfinished_bytes(SimpleNamespace(sctp=many.sctp)) > MAX_UNFINISHED  # type: ignore[arg-type]
