"""WebRTC connections: makes, answers and closes them for the core. A failure of one never affects another."""

from __future__ import annotations

import asyncio
import gc
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Protocol

from aiortc import RTCConfiguration, RTCDataChannel, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.exceptions import InvalidStateError
from aiortc.sdp import candidate_from_sdp

from formant_net.aio.client.inbound import Inbound, of_guests, only_content
from formant_net.aio.driver import clock
from formant_net.aio.lan.interfaces import read_names_leniently
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
from formant_net.ops.log import get_logger
from formant_net.protocol.bounds import BOUNDS
from formant_net.protocol.codec import Channel, decode_channel, encode
from formant_net.protocol.descriptions.check import clean_candidate, clean_sdp
from formant_net.protocol.descriptions.mdns import split_mdns
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.messages import Candidate, Unknown
from formant_net.timers.allowance import Allowance

COLLECT_S = 10.0
"""Seconds after the end of a link, after which a full garbage collection runs. A closed connection is about 0.1 MB of
reference cycles. Full collections are rare by themselves, so a node would grow by that with every player who leaves."""
TURN_S = 0.05
"""Seconds after which the next offer is begun, although the last one is not complete and waits for a STUN server."""
CLOSE_S = 5.0
"""Seconds after which closing is given up. It may wait for a peer that is gone, so it runs in the background."""
MAX_OPERATIONS = 128
"""Descriptions and candidates waiting for one connection; a browser trickles a dozen."""
MAX_EXTRA_CHANNELS = 8
"""Channels of a later version are left alone; hundreds are no version of ours."""
MAX_UNFINISHED = 256 * 1024
"""Bytes of messages that have begun and not ended: the longest that may be sent is 8 KiB."""
PIECE_BYTES = 256
"""Bytes that a piece of such a message takes in addition to its content. An empty piece takes them, too: aiortc reads
all pieces again whenever one comes."""
WATCH_S = 0.5
BAD_PER_S, BAD_BURST = 5.0, 100
"""A link is closed if a controller sends more unreadable messages a second than this for long, or this many at once.
A client that gets one kind of message wrong, and sends it with each tap for hours, keeps its link."""


def unfinished_bytes(connection: RTCPeerConnection) -> int:
    """How much a peer has sent of messages that are not complete yet, with what their pieces take.

    aiortc advertises a window of 1 MiB and does not enforce it: what comes beyond is kept all the same.
    """
    sctp = connection.sctp
    streams = getattr(sctp, "_inbound_streams", {}).values()
    return sum(PIECE_BYTES + len(chunk.user_data) for stream in streams for chunk in stream.reassembly)


def stream_ids(number: int) -> tuple[int, int]:
    """SCTP streams for the two channels of a link. 250 links in a row have different ones.

    Some pages keep one RTCPeerConnection for all links. There the streams of the last link stay open, also when its
    process was killed, and no new channel can use them. The numbers are odd, as RFC 8832 section 6 requires of the
    DTLS server, and below 1024, because Chromium accepts no larger ones.
    """
    first = 1 + 4 * (number % 250)
    return first, first + 2


class LinkCore(Protocol):
    """The core that is told what happens to links."""

    def described(self, name: str, number: int, sdp: str, now: float) -> None: ...
    def link_reached(self, name: str, number: int, now: float) -> None: ...
    def link_opened(self, name: str, number: int, channel: str, now: float) -> None: ...
    def link_lost(self, name: str, number: int, reason: str, now: float) -> None: ...
    def link_abused(self, name: str, number: int, reason: str, now: float) -> None: ...
    def channel(self, name: str, number: int, channel: str, message: Channel | Unknown, now: float) -> None: ...


def configuration(ice_servers: tuple[Mapping[str, Any], ...]) -> RTCConfiguration:
    """aiortc's configuration. The list is always given, because aiortc otherwise asks a public STUN server."""
    servers = []
    for server in ice_servers:
        urls = server.get("urls")
        if isinstance(urls, str | list) and urls:
            username, credential = server.get("username"), server.get("credential")
            servers.append(
                RTCIceServer(
                    urls=urls,
                    username=username if isinstance(username, str) else None,
                    credential=credential if isinstance(credential, str) else None,
                )
            )
    return RTCConfiguration(iceServers=servers)


class _Connection:
    """One connection. Its operations run one after another in one task. If one fails, the link ends."""

    def __init__(
        self, links: Links, peer: str, number: int, ice_servers: tuple[Mapping[str, Any], ...], guest: bool
    ) -> None:
        self.peer, self.number, self._guest = peer, number, guest
        self.channels: dict[str, RTCDataChannel] = {}
        self.bad = 0
        """Messages that could not be read."""
        self._bad_left = Allowance(BAD_PER_S, BAD_BURST, clock())
        self._links = links
        read_names_leniently()  # of the interfaces whose addresses become candidates
        self._pc = RTCPeerConnection(configuration(ice_servers))
        self._pc.on("connectionstatechange", self._on_state)
        self._pc.on("iceconnectionstatechange", self._on_ice_state)
        self._pc.on("datachannel", self._add_channel)
        self._described = False
        self._inbound: Inbound | None = None
        self._early: deque[Candidate | None] = deque(maxlen=BOUNDS.candidates)
        self._operations: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue(MAX_OPERATIONS)
        self._task = asyncio.create_task(self._run())
        self._closed = False
        self._candidates = 0
        self._extra_channels = 0
        self._watch: asyncio.TimerHandle | None = asyncio.get_running_loop().call_later(WATCH_S, self._look)

    def do(self, operation: Callable[[], Awaitable[None]]) -> None:
        try:
            self._operations.put_nowait(operation)
        except asyncio.QueueFull:
            self._lost("flooded with signaling")

    async def offer(self) -> None:
        params, commands = stream_ids(self.number)
        self._add_channel(self._pc.createDataChannel(PARAMS, ordered=False, maxRetransmits=0, id=params))
        self._add_channel(self._pc.createDataChannel(COMMANDS, id=commands))
        self._count()
        await self._pc.setLocalDescription(await self._pc.createOffer())
        self._tell_description()

    async def answer(self, sdp: str) -> None:
        hidden = await self._take(sdp, "offer")
        await self._pc.setLocalDescription(await self._pc.createAnswer())
        self._tell_description()
        # After the answer: without multicast each name costs two seconds, and the browser finds our plain addresses.
        await self._propose(hidden)

    async def accept(self, sdp: str) -> None:
        await self._propose(await self._take(sdp, "answer"))

    async def candidate(self, candidate: Candidate | None) -> None:
        if not self._described:
            self._early.append(candidate)
            return
        self._candidates += 1
        if self._candidates > BOUNDS.candidates:
            return  # each is an address that packets are sent to
        try:
            text = "" if candidate is None else clean_candidate(candidate.candidate)
            if candidate is None or not text:
                await self._pc.addIceCandidate(None)
                return
            parsed = candidate_from_sdp(text.removeprefix("candidate:"))
            parsed.sdpMLineIndex = 0  # there is one section; stacks write a wrong name of it, an empty one or none
            await self._pc.addIceCandidate(parsed)
        except Exception as error:  # a candidate is only a proposal: any other may still do
            self._links.log.debug("candidate not usable", id=self.peer, reason=repr(error))

    def send(self, channel: str, text: str) -> bool:
        open_channel = self.channels.get(channel) or self.channels.get(PARAMS)
        if open_channel is None or open_channel.readyState != "open":
            return False
        limit = BOUNDS.unsent_bytes if open_channel.label == PARAMS else BOUNDS.unsent_command_bytes
        if open_channel.bufferedAmount > limit:
            return False
        try:
            open_channel.send(text)
        except (InvalidStateError, ConnectionError, ValueError):
            return False
        return True

    def detach(self) -> Awaitable[None]:
        """Report no further event of this link. The caller awaits the rest of the closing."""
        self._closed = True
        self._task.cancel()
        if self._watch is not None:
            self._watch.cancel()
        return self._pc.close()

    async def _take(self, sdp: str, kind: str) -> list[str]:
        """Take a description in. Returns the candidates in it that are hidden behind names."""
        # The server has checked it as well, but this node must not depend on that.
        sdp, hidden = split_mdns(clean_sdp(sdp))
        await self._pc.setRemoteDescription(RTCSessionDescription(sdp=sdp, type=kind))
        self._count()
        return hidden

    async def _propose(self, hidden: list[str]) -> None:
        """Add the candidates of a description, and those that came before it."""
        self._described = True
        for text in hidden:
            await self.candidate(Candidate(candidate=text, sdp_m_line_index=0))
        while self._early:
            await self.candidate(self._early.popleft())

    def _count(self) -> None:
        """From now on everything that the peer sends is counted."""
        if self._inbound is None and self._pc.sctp is not None:
            only_content(self._pc.sctp.transport.transport._connection)
            self._inbound = Inbound(self._pc.sctp, self._abused, self._links.guests if self._guest else None)

    def _tell_description(self) -> None:
        if not self._closed:
            self._links.tell(self._links.core.described, self.peer, self.number, self._pc.localDescription.sdp)

    async def _run(self) -> None:
        try:
            while True:
                await (await self._operations.get())()
        except Exception as error:
            self._lost(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)

    def _add_channel(self, channel: RTCDataChannel) -> None:
        if self._closed or channel.label not in (PARAMS, COMMANDS) or channel.label in self.channels:
            self._extra_channels += 1
            if self._extra_channels > MAX_EXTRA_CHANNELS:
                self._abused(f"more than {MAX_EXTRA_CHANNELS} channels that this side did not open")
            return
        self.channels[channel.label] = channel
        channel.on("message", partial(self._on_message, channel.label))
        if channel.label == PARAMS:
            channel.on("close", lambda: self._lost("channel closed"))
        if channel.readyState == "open":
            self._on_open(channel.label)
        else:
            channel.on("open", partial(self._on_open, channel.label))

    def _on_open(self, label: str) -> None:
        if not self._closed:
            self._links.tell(self._links.core.link_opened, self.peer, self.number, label)

    def _on_message(self, label: str, data: str | bytes) -> None:
        if self._closed:
            return
        try:
            message = decode_channel(data)
        except ProtocolError as error:
            self.bad += 1
            if self.bad in (1, 10, 100, 1000):
                self._links.log.warning("peer's message ignored", id=self.peer, count=self.bad, reason=str(error))
            if not self._bad_left.take(clock()):
                self._abused(f"{self.bad} messages could not be read")
            return
        self._links.tell(self._links.core.channel, self.peer, self.number, label, message)

    def _on_ice_state(self) -> None:
        if self._pc.iceConnectionState == "completed" and not self._closed:
            self._links.tell(self._links.core.link_reached, self.peer, self.number)

    def _on_state(self) -> None:
        if self._pc.connectionState in ("failed", "closed"):
            self._lost(f"connection {self._pc.connectionState}")

    def _look(self) -> None:
        """Ends the link of a peer that sends beginnings of messages without their ends: they would fill our memory."""
        self._watch = None
        if self._closed:
            return
        if unfinished_bytes(self._pc) > MAX_UNFINISHED:
            self._abused("endless messages")
        else:
            self._watch = asyncio.get_running_loop().call_later(WATCH_S, self._look)

    def _abused(self, reason: str) -> None:
        if not self._closed:
            self._links.tell(self._links.core.link_abused, self.peer, self.number, reason)

    def _lost(self, reason: str) -> None:
        if not self._closed:
            self._links.tell(self._links.core.link_lost, self.peer, self.number, reason)


class Links:
    """All connections of one node, by peer and number.

    core    is told what happens to them
    tell    calls a method of the core with arguments and the time, and carries out what it asks for (Driver.tell)
    """

    def __init__(self, core: LinkCore, tell: Callable[..., None]) -> None:
        self.core, self.tell = core, tell
        self.log = get_logger()
        self.dropped = 0
        """Messages that were not sent because the channel was congested, closed or gone."""
        self.guests = of_guests()
        """What all guests together may send beyond their shares."""
        self._links: dict[tuple[str, int], _Connection] = {}
        self._offers: dict[tuple[str, int], MakeOffer] = {}
        """Those that wait for their turn."""
        self._offering: _Connection | None = None
        self._turn: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._collector: asyncio.TimerHandle | None = None

    def make_offer(self, effect: MakeOffer) -> None:
        """A new connection with both channels; tells its offer.

        Offers are made one after another, those to guests last. Each takes some milliseconds, in a few steps. Between
        two offers touches have as much time as an offer took.
        """
        self._offers[effect.peer, effect.link] = effect
        self._next_offer()

    def make_answer(self, effect: MakeAnswer) -> None:
        """A new connection for an offer; tells its answer."""
        link = self._make(effect.peer, effect.link, effect.ice_servers)
        if link is not None:
            link.do(partial(link.answer, effect.sdp))

    def accept_answer(self, effect: AcceptAnswer) -> None:
        """The other half of an offer of ours."""
        link = self._links.get((effect.peer, effect.link))
        if link is not None:
            link.do(partial(link.accept, effect.sdp))

    def add_candidate(self, effect: AddCandidate) -> None:
        """A trickled candidate, now or as soon as it can be used."""
        link = self._links.get((effect.peer, effect.link))
        if link is not None:
            link.do(partial(link.candidate, effect.candidate))

    def send(self, effect: Send) -> None:
        """A message on a channel; on `params` where a peer has no such channel. Dropped rather than queued."""
        link = self._links.get((effect.peer, effect.link))
        if link is None or not link.send(effect.channel, encode(effect.message)):
            self.dropped += 1

    def close_link(self, effect: CloseLink) -> None:
        """Close one connection in the background; the caller does not wait."""
        self._offers.pop((effect.peer, effect.link), None)
        link = self._links.pop((effect.peer, effect.link), None)
        if link is not None:
            task = asyncio.create_task(self._close(link))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
            if self._collector is None:
                self._collector = asyncio.get_running_loop().call_later(COLLECT_S, self._collect)

    async def close(self) -> None:
        """Close all connections, and wait for those that are closing already."""
        self._offers.clear()
        self._offering = None
        if self._turn is not None:
            self._turn.cancel()
        for peer, number in list(self._links):
            self.close_link(CloseLink(peer, number))
        await asyncio.gather(*self._closing, return_exceptions=True)
        if self._collector is not None:
            self._collector.cancel()
            self._collector = None

    def _next_offer(self) -> None:
        while self._turn is None and self._offers:
            first = next((key for key, effect in self._offers.items() if not effect.guest), next(iter(self._offers)))
            effect = self._offers.pop(first)
            begun = clock()
            link = self._make(effect.peer, effect.link, effect.ice_servers, effect.guest)
            if link is not None:
                self._offering = link
                self._turn = asyncio.get_running_loop().call_later(TURN_S, self._turn_over, link, begun)
                link.do(partial(self._offer, link, begun))

    async def _offer(self, link: _Connection, begun: float) -> None:
        try:
            await link.offer()
        finally:
            self._turn_over(link, begun)

    def _turn_over(self, link: _Connection, begun: float) -> None:
        """The offer is made, or takes long: touches have as much time as it took, then the next offer begins."""
        if self._offering is link:
            self._offering = None
            if self._turn is not None:
                self._turn.cancel()
            self._turn = asyncio.get_running_loop().call_later(min(clock() - begun, TURN_S), self._rested)

    def _rested(self) -> None:
        self._turn = None
        self._next_offer()

    def _make(
        self, peer: str, number: int, ice_servers: tuple[Mapping[str, Any], ...], guest: bool = False
    ) -> _Connection | None:
        try:
            link = self._links[peer, number] = _Connection(self, peer, number, ice_servers, guest)
        except Exception as error:  # for example an ICE server's address that aiortc cannot read
            self.log.warning("no connection can be made", id=peer, reason=repr(error))
            self.tell(self.core.link_lost, peer, number, repr(error))
            return None
        return link

    def _collect(self) -> None:
        self._collector = None
        gc.collect()

    async def _close(self, link: _Connection) -> None:
        try:
            await asyncio.wait_for(link.detach(), CLOSE_S)
        except TimeoutError:
            self.log.debug("closing took too long", id=link.peer)
        except Exception as error:
            self.log.debug("closing failed", id=link.peer, reason=repr(error))
