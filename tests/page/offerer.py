"""A synth without sound: offers, notes what comes, answers pings; written from the protocol's table alone."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

from aiortc import RTCConfiguration, RTCDataChannel, RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed


@dataclass
class Heard:
    """One message of a data channel."""

    at: float
    channel: str
    message: dict[str, Any]


@dataclass
class Offerer:
    """One synth; `channels` without "commands" makes the simplest peer that the protocol knows."""

    id: str = "synth-fake"
    channels: tuple[str, ...] = ("params", "commands")
    name: str = ""
    answers_pings: bool = True
    stamps: bool = True
    """Its pongs carry its clock, to be echoed."""
    trickles: bool = False
    """Sends its candidates one by one after an offer without any."""
    deaf_to: int = 0
    """So many messages that want something of it are lost."""
    state: dict[str, Any] = field(default_factory=lambda: {"audio_enabled": True, "volume": 0.7, "powered_on": True})
    heard: list[Heard] = field(default_factory=list)
    offers: int = 0
    answers: list[str] = field(default_factory=list)
    """The SDP of each answer."""
    pc: RTCPeerConnection | None = None
    controller: str = ""
    joined_again: bool = False
    """The controller came again while its link seemed alive: it gets an offer when that link ends."""
    _all: list[RTCPeerConnection] = field(default_factory=list)
    _channels: dict[str, RTCDataChannel] = field(default_factory=dict)
    _socket: ClientConnection | None = None
    _reader: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int) -> None:
        self._socket = await connect(f"ws://{host}:{port}/ws", compression=None)
        await self._signal({"type": "register", "client_id": self.id})
        await self._signal({"type": "request-controllers", "source": self.id})
        self._reader = asyncio.create_task(self._read(self._socket))

    async def stop(self) -> None:
        if self._reader:
            self._reader.cancel()
        if self._socket:
            await self._socket.close()
        self.joined_again = False
        for pc in self._all:
            await pc.close()

    async def close_link(self) -> None:
        self.joined_again = False
        if self.pc:
            await self.pc.close()
            self.pc = None

    async def offer(self, *, close_old: bool = False) -> None:
        """Offer to the controller; the old connection stays open unless told otherwise, as after a crash."""
        if close_old:
            await self.close_link()
        pc = self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._all.append(pc)
        self.joined_again = False

        @pc.on("connectionstatechange")
        async def on_connectionstatechange() -> None:
            # A page that was loaded again is listed before its old link is known to be gone.
            if pc is self.pc and self.joined_again and pc.connectionState in ("failed", "closed"):
                await self.offer()

        self._channels = {}
        for label in self.channels:
            unreliable: dict[str, Any] = {"ordered": False, "maxRetransmits": 0} if label == "params" else {}
            self._watch(pc.createDataChannel(label, **unreliable))
        await pc.setLocalDescription(await pc.createOffer())
        self.offers += 1
        lines = pc.localDescription.sdp.splitlines(keepends=True)
        own = [line for line in lines if line.startswith(("a=candidate:", "a=end-of-candidates"))]
        kept = [line for line in lines if not (self.trickles and line in own)]
        await self._relay("offer", {"type": "offer", "sdp": "".join(kept)})
        if self.trickles:
            for line in own:
                if line.startswith("a=candidate:"):
                    candidate = {"candidate": line[2:].strip(), "sdpMid": "0", "sdpMLineIndex": 0}
                    await self._relay("ice-candidate", candidate)
            await self._relay("ice-candidate", None)

    async def _relay(self, kind: str, data: dict[str, Any] | None) -> None:
        await self._signal({"type": kind, "source": self.id, "target": self.controller, "data": data})

    def _watch(self, channel: RTCDataChannel) -> None:
        self._channels[channel.label] = channel

        @channel.on("message")
        def on_message(text: str) -> None:
            message = json.loads(text)
            self.heard.append(Heard(time.monotonic(), channel.label, message))
            if message["type"] in ("param", "command") and self.deaf_to > 0:
                self.deaf_to -= 1
                return
            if message["type"] == "param" and message["name"] == "volume":
                self.state["volume"] = message["value"]
            if message["type"] == "command" and message["name"] == "power":
                self.state["powered_on"] = message["value"]
            if message["type"] == "command" and message["name"] == "preset":
                self.state["preset"] = message["value"]
            # Firefox sends as soon as it knows the channel, before we know that it does.
            if message["type"] == "ping" and self.answers_pings and channel.readyState == "open":
                self.pong(message.get("timestamp"), channel.label)

    def pong(self, timestamp: object, channel: str = "params") -> None:
        """Answer a ping, or say so unasked with a timestamp of any clock."""
        state = {**self.state, **({"name": self.name} if self.name else {})}
        stamp = {"t": round(1000.0 * time.monotonic(), 3)} if self.stamps else {}
        self.send_raw(json.dumps({"type": "pong", "timestamp": timestamp, **stamp, "state": state}), channel)

    def send_raw(self, text: str, channel: str = "params") -> None:
        self._channels[channel].send(text)

    async def _signal(self, message: dict[str, Any]) -> None:
        assert self._socket is not None
        await self._socket.send(json.dumps(message))

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for text in socket:
                message = json.loads(text)
                if message["type"] == "controllers-list" and message["controllers"]:
                    self.controller = message["controllers"][0]
                    await self.offer()
                elif message["type"] == "controller-joined":
                    known = message["controller_id"] == self.controller
                    self.controller = message["controller_id"]
                    # A joined notice of a controller whose link is alive changes nothing.
                    if not known or self.pc is None or self.pc.connectionState != "connected":
                        await self.offer()
                    else:
                        self.joined_again = True
                elif message["type"] == "answer" and self.pc:
                    self.answers.append(message["data"]["sdp"])
                    await self.pc.setRemoteDescription(RTCSessionDescription(**message["data"]))
                elif message["type"] == "ice-candidate" and self.pc and message["data"]:
                    data = message["data"]
                    candidate = candidate_from_sdp(data["candidate"].removeprefix("candidate:"))
                    candidate.sdpMid, candidate.sdpMLineIndex = data["sdpMid"], data["sdpMLineIndex"]
                    await self.pc.addIceCandidate(candidate)
        except ConnectionClosed:
            pass

    # --- what was heard ------------------------------------------------------------------------------------------

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [heard.message for heard in self.heard if heard.message["type"] == kind]

    def is_seen(self, since: float) -> bool:
        """Whether the page has had a pong that was sent after this moment of `time.monotonic`: it has echoed its stamp.
        Pings alone do not say so. They come without answers, too."""
        return any(ping.get("echo", -1.0) >= 1000.0 * since for ping in self.of_type("ping"))

    def touches(self) -> list[dict[str, Any]]:
        return self.of_type("touch")
