"""WebRTC connections: makes, answers and closes what the core asks for; the end of one is never the end of more."""

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

from formant_net.effects import COMMANDS, PARAMS, AcceptAnswer, AddCandidate, CloseLink, MakeAnswer, MakeOffer, Send
from formant_net.errors import ProtocolError
from formant_net.log import get_logger
from formant_net.messages import Candidate, Channel, Unknown, decode_channel, encode
from formant_net.sdp import split_mdns
from formant_net.sdp_check import check_candidate, check_sdp

COLLECT_S = 10.0
"""So long after the end of a link its memory is asked back: a closed connection is a knot of cycles of about 0.1 MB,
and full collections by themselves come so rarely that a node would grow by as much with every player who leaves."""
CLOSE_S = 5.0
"""Closing may wait for a peer that is gone; it happens aside and is given up then."""
MAX_BUFFERED = 4096
"""Bytes on `params` that wait for the network. A touch is about 150: what waits behind more is history."""
MAX_BUFFERED_COMMANDS = 65536
MAX_CANDIDATES = 64
MAX_OPERATIONS = 128
"""Descriptions and candidates waiting for one connection; a browser trickles a dozen."""
MAX_EXTRA_CHANNELS = 8
"""Channels of a later version are left alone; hundreds are no version of ours."""
MAX_UNFINISHED = 256 * 1024
"""Bytes of messages that have begun and not ended: the longest that may be sent is 8 KiB."""
WATCH_S = 0.5
BAD_MESSAGES = 100
"""A link is closed after so many messages that cannot be read; a healthy peer sends none."""


def unfinished_bytes(connection: RTCPeerConnection) -> int:
    """How much a peer has sent of messages that are not complete yet.

    aiortc advertises a window of 1 MiB and does not enforce it: what comes beyond is kept all the same.
    """
    sctp = connection.sctp
    streams = getattr(sctp, "_inbound_streams", {}).values()
    return sum(len(chunk.user_data) for stream in streams for chunk in stream.reassembly)


class LinkEvents(Protocol):
    """Whom the links tell what happened (the core's methods, through the driver)."""

    def described(self, peer: str, link: int, sdp: str) -> None: ...
    def link_reached(self, peer: str, link: int) -> None: ...
    def link_opened(self, peer: str, link: int, channel: str) -> None: ...
    def link_lost(self, peer: str, link: int, reason: str) -> None: ...
    def link_abused(self, peer: str, link: int, reason: str) -> None: ...
    def channel_message(self, peer: str, link: int, channel: str, message: Channel | Unknown) -> None: ...


def configuration(ice_servers: tuple[Mapping[str, Any], ...]) -> RTCConfiguration:
    """aiortc's configuration. The list is always given: without one aiortc asks a public STUN server."""
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


class _Link:
    """One connection. Its operations run one after another in one task; a failure of any is the end of the link."""

    def __init__(self, links: Links, peer: str, number: int, ice_servers: tuple[Mapping[str, Any], ...]) -> None:
        self.peer, self.number = peer, number
        self.channels: dict[str, RTCDataChannel] = {}
        self.bad = 0
        self._links = links
        self._pc = RTCPeerConnection(configuration(ice_servers))
        self._pc.on("connectionstatechange", self._on_state)
        self._pc.on("iceconnectionstatechange", self._on_ice_state)
        self._pc.on("datachannel", self._add_channel)
        self._described = False
        self._early: deque[Candidate | None] = deque(maxlen=MAX_CANDIDATES)
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
        self._add_channel(self._pc.createDataChannel(PARAMS, ordered=False, maxRetransmits=0))
        self._add_channel(self._pc.createDataChannel(COMMANDS))
        await self._pc.setLocalDescription(await self._pc.createOffer())
        self._tell_description()

    async def answer(self, sdp: str) -> None:
        await self._take(sdp, "offer")
        await self._pc.setLocalDescription(await self._pc.createAnswer())
        self._tell_description()

    async def accept(self, sdp: str) -> None:
        await self._take(sdp, "answer")

    async def candidate(self, candidate: Candidate | None) -> None:
        if not self._described:
            self._early.append(candidate)
            return
        if candidate is not None and not candidate.candidate:
            candidate = None  # some browsers say "no more" with an empty text
        self._candidates += 1
        if self._candidates > MAX_CANDIDATES:
            return  # each is an address that packets are sent to
        try:
            if candidate is not None:
                check_candidate(candidate.candidate)
            if candidate is None:
                await self._pc.addIceCandidate(None)
                return
            parsed = candidate_from_sdp(candidate.candidate.removeprefix("candidate:"))
            parsed.sdpMid, parsed.sdpMLineIndex = candidate.sdp_mid, candidate.sdp_m_line_index
            await self._pc.addIceCandidate(parsed)
        except Exception as error:  # a candidate is only a proposal: any other may still do
            self._links.log.debug("candidate not usable", id=self.peer, reason=repr(error))

    def send(self, channel: str, text: str) -> bool:
        open_channel = self.channels.get(channel) or self.channels.get(PARAMS)
        if open_channel is None or open_channel.readyState != "open":
            return False
        limit = MAX_BUFFERED if open_channel.label == PARAMS else MAX_BUFFERED_COMMANDS
        if open_channel.bufferedAmount > limit:
            return False
        try:
            open_channel.send(text)
        except (InvalidStateError, ConnectionError, ValueError):
            return False
        return True

    def detach(self) -> Awaitable[None]:
        """From now on nothing is told of this link; the rest of its end is awaited by the caller."""
        self._closed = True
        self._task.cancel()
        if self._watch is not None:
            self._watch.cancel()
        return self._pc.close()

    async def _take(self, sdp: str, kind: str) -> None:
        check_sdp(sdp)  # the server has read it, too; but it is not the server that would suffer
        sdp, hidden = split_mdns(sdp)
        await self._pc.setRemoteDescription(RTCSessionDescription(sdp=sdp, type=kind))
        self._described = True
        for text in hidden:
            await self.candidate(Candidate(candidate=text, sdp_m_line_index=0))
        while self._early:
            await self.candidate(self._early.popleft())

    def _tell_description(self) -> None:
        if not self._closed:
            self._links.events.described(self.peer, self.number, self._pc.localDescription.sdp)

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
                self._abused(f"more than {MAX_EXTRA_CHANNELS} channels that nobody asked for")
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
            self._links.events.link_opened(self.peer, self.number, label)

    def _on_message(self, label: str, data: str | bytes) -> None:
        if self._closed:
            return
        try:
            message = decode_channel(data)
        except ProtocolError as error:
            self.bad += 1
            if self.bad in (1, 10):
                self._links.log.warning("peer's message ignored", id=self.peer, count=self.bad, reason=str(error))
            if self.bad >= BAD_MESSAGES:
                self._abused(f"{self.bad} messages could not be read")
            return
        self._links.events.channel_message(self.peer, self.number, label, message)

    def _on_ice_state(self) -> None:
        if self._pc.iceConnectionState == "completed" and not self._closed:
            self._links.events.link_reached(self.peer, self.number)

    def _on_state(self) -> None:
        if self._pc.connectionState in ("failed", "closed"):
            self._lost(f"connection {self._pc.connectionState}")

    def _look(self) -> None:
        """A peer that sends beginnings of messages and never their ends fills our memory, unless somebody looks."""
        self._watch = None
        if self._closed:
            return
        if unfinished_bytes(self._pc) > MAX_UNFINISHED:
            self._abused("messages without an end")
        else:
            self._watch = asyncio.get_running_loop().call_later(WATCH_S, self._look)

    def _abused(self, reason: str) -> None:
        if not self._closed:
            self._links.events.link_abused(self.peer, self.number, reason)

    def _lost(self, reason: str) -> None:
        if not self._closed:
            self._links.events.link_lost(self.peer, self.number, reason)


class Links:
    """All connections of one node, by peer and number."""

    def __init__(self, events: LinkEvents) -> None:
        self.events = events
        self.log = get_logger()
        self.dropped = 0
        """Messages that were not sent because the channel was congested, closed or gone."""
        self._links: dict[tuple[str, int], _Link] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._collector: asyncio.TimerHandle | None = None

    def make_offer(self, effect: MakeOffer) -> None:
        """A new connection with both channels; tells its offer."""
        link = self._make(effect.peer, effect.link, effect.ice_servers)
        if link is not None:
            link.do(link.offer)

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
        """The end of one connection, aside: whoever asks does not wait."""
        link = self._links.pop((effect.peer, effect.link), None)
        if link is not None:
            task = asyncio.create_task(self._close(link))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
            if self._collector is None:
                self._collector = asyncio.get_running_loop().call_later(COLLECT_S, self._collect)

    async def close(self) -> None:
        """The end of all connections, those that were being closed included."""
        for peer, number in list(self._links):
            self.close_link(CloseLink(peer, number))
        await asyncio.gather(*self._closing, return_exceptions=True)
        if self._collector is not None:
            self._collector.cancel()
            self._collector = None

    def _make(self, peer: str, number: int, ice_servers: tuple[Mapping[str, Any], ...]) -> _Link | None:
        try:
            link = self._links[peer, number] = _Link(self, peer, number, ice_servers)
        except Exception as error:  # for example an ICE server's address that aiortc cannot read
            self.log.warning("no connection can be made", id=peer, reason=repr(error))
            self.events.link_lost(peer, number, repr(error))
            return None
        return link

    def _collect(self) -> None:
        self._collector = None
        gc.collect()

    async def _close(self, link: _Link) -> None:
        try:
            await asyncio.wait_for(link.detach(), CLOSE_S)
        except TimeoutError:
            self.log.debug("closing took too long", id=link.peer)
        except Exception as error:
            self.log.debug("closing failed", id=link.peer, reason=repr(error))
