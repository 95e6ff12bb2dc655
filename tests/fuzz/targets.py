"""What is fuzzed: every decoder of the network, and the cores with raw input. A target raises when a rule is broken.

Each takes bytes and knows which errors are an answer (`ProtocolError` and the like); anything else ends the run with
the input. Rules beyond "does not raise" stand as assertions.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from fuzz.more import MORE
from support.virtual.feed import by_library, by_server
from support.virtual.osc_hand import PAD, OscHand
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHeader

from formant_net.aio.server.gate import Proxies
from formant_net.aio.server.http import Pages
from formant_net.aio.server.static import read_page
from formant_net.client.servers import Server
from formant_net.controller.core import Controller
from formant_net.fleet import document as fleet_document
from formant_net.protocol import codec
from formant_net.protocol import messages as m
from formant_net.protocol.descriptions.check import (
    _unreachable,
    careful_candidate,
    careful_sdp,
    clean_candidate,
    clean_sdp,
)
from formant_net.protocol.descriptions.mdns import split_mdns
from formant_net.protocol.descriptions.mid import mid_of, with_mid
from formant_net.protocol.descriptions.usual import usual_candidate
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.gesture import GestureError, GestureReader
from formant_net.protocol.ice import IceServerError, IceServers, parse_ice_server
from formant_net.protocol.join import JoinUrl, JoinUrlError
from formant_net.protocol.settings import SettingError
from formant_net.protocol.timing import Timing
from formant_net.protocol.trust import TrustError, parse_pin
from formant_net.server.access.headers import content_policy
from formant_net.server.access.join_keys import Access
from formant_net.server.access.limits import Limits
from formant_net.server.access.origin import OriginError, Origins
from formant_net.server.access.tokens import KeySet, TokenKeyError
from formant_net.server.hub import Hub
from formant_net.server.outputs import Close, Probe, Send, SendAll
from formant_net.server.registry import bus, stored
from formant_net.server.registry.engine_url import EngineUrl
from formant_net.server.registry.leases import Place
from formant_net.server.registry.memory import MemoryRegistry
from formant_net.synth.core import Synth
from formant_net.synth.play_limits import PlayLimits
from formant_net.synth.touches import NoteMove, NoteOn
from formant_net.tuning.kbm import keys_of, parse_kbm, rooted
from formant_net.tuning.scales import degrees_of
from formant_net.tuning.scl import TuningError, parse_scl
from formant_net.tuning.steps import steps_of

Target = Callable[[bytes], None]
PAGE = read_page()
SECRET = base64.urlsafe_b64encode(b"k" * 32).decode().rstrip("=")
KEYS = KeySet.parse(json.dumps({"keys": [{"kty": "oct", "kid": "k", "alg": "HS256", "k": SECRET}]}))


def _text(data: bytes) -> str:
    """Text of any bytes: UTF-8, also with lone surrogates (JSON may hold them), else each byte a character."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("latin-1")


# --- decoders --------------------------------------------------------------------------------------------------------


def signaling(data: bytes) -> None:
    """What travels on the WebSocket, as bytes and as text; what was read is written and read again as the same."""
    for form in (data, _text(data)):
        try:
            message = codec.decode_signaling(form)
        except ProtocolError as error:
            assert error.code in ("bad-message", "too-large")
            assert error.message
            continue
        if not isinstance(message, m.Unknown):
            assert codec.decode_signaling(codec.encode(message)) == message


def channel(data: bytes) -> None:
    """What travels on the data channels; numbers are finite and in range."""
    for form in (data, _text(data)):
        try:
            message = codec.decode_channel(form)
        except ProtocolError as error:
            assert error.code in ("bad-message", "too-large")
            continue
        if isinstance(message, m.Unknown):
            continue
        if isinstance(message, m.Touch):
            for value in (message.x, message.y, message.z, message.vel):
                assert value is None or 0.0 <= value <= 1.0
            assert message.note is None or 0.0 <= message.note <= 135.0
            assert message.place is None or all(0.0 <= u <= 1.0 for u in message.place)
            assert not message.active or message.points is not None or message.point() is not None
            assert message.t is None or math.isfinite(message.t)
        assert codec.decode_channel(codec.encode(message)) == message


def description(data: bytes) -> None:
    """Session descriptions: what our check lets pass, aiortc reads without a complaint, and as one section."""
    from aiortc.sdp import SessionDescription

    sdp = _text(data)
    mid_of(sdp)
    split_mdns(sdp)
    try:
        clean = clean_sdp(sdp)
    except ProtocolError as error:
        assert error.code == "bad-sdp"
        return
    assert clean == careful_sdp(sdp), "both ways of reading agree"
    assert clean_sdp(clean) == clean, "what was cleaned is clean"
    for most in (0, 1, 3):
        assert clean_sdp(sdp, max_candidates=most) == careful_sdp(sdp, most)
    sdp = clean
    rest, hidden = split_mdns(sdp)
    read = SessionDescription.parse(rest)
    assert len(read.media) == 1
    (section,) = read.media
    assert section.kind == "application"
    assert section.dtls is not None
    assert section.dtls.fingerprints
    assert section.ice is not None
    assert section.ice.usernameFragment
    assert section.ice.password
    assert section.rtp.muxId == mid_of(sdp)
    assert mid_of(with_mid(sdp, "L1")) == "L1"
    for candidate in section.ice_candidates:
        assert not ipaddress.ip_address(candidate.ip).is_multicast
    for line in hidden:
        assert clean_candidate(line) == line


def candidate(data: bytes) -> None:
    """Candidates: what passes, aiortc and aioice read, and its address may be tried."""
    from aioice import Candidate
    from aiortc.sdp import candidate_from_sdp

    text = _text(data)
    if usual_candidate(text, _unreachable):
        assert careful_candidate(text) == text, "both ways of reading agree"
    try:
        text = clean_candidate(text)
    except ProtocolError as error:
        assert error.code == "bad-candidate"
        return
    assert clean_candidate(text) == text
    if not text:
        return
    read = candidate_from_sdp(text.removeprefix("candidate:"))
    Candidate.from_sdp(text.removeprefix("candidate:"))
    assert 1 <= read.port <= 65535
    if not read.ip.endswith(".local"):
        address = ipaddress.ip_address(read.ip)
        mapped = getattr(address, "ipv4_mapped", None) or address
        assert not (mapped.is_loopback or mapped.is_multicast or mapped.is_unspecified)


def token(data: bytes) -> None:
    """Tokens and files of signing keys: without the key nothing opens."""
    text = _text(data)
    try:
        KEYS.admit(text, 1_800_000_000.0)
    except ProtocolError as error:
        assert error.fatal
    else:
        raise AssertionError("a token was made without its key")
    access = Access("a key nobody guesses", ["nor this"], KEYS)
    assert not access.still(text, 1_800_000_000.0)
    try:
        KeySet.parse(data)
    except TokenKeyError as error:
        assert len(text) < 40 or text not in str(error)  # a short text may be in our own words


def address(data: bytes) -> None:
    """What an operator or a browser writes as an address: join URLs, origins, ICE servers, proxies, engines, limits."""
    text = _text(data)
    try:
        url = JoinUrl.parse(text)
        assert JoinUrl.parse(str(url)) == url
        assert not set("#?&=") & set(url.http_url), "nothing but the place is in it"
    except JoinUrlError:
        pass
    head, _, tail = text.partition("\n")
    origins = Origins.make(["https://show.example"], ["attic"])
    reason = origins.refusal(head, tail)
    if reason is None and head not in ("https://show.example",):
        assert tail, "allowed without a host"
    origins.refusal_of_host(head)
    policy = content_policy(head)
    assert ";" not in policy.replace("; ", "")
    assert policy.count("script-src 'self' 'wasm-unsafe-eval';") == 1
    for read, wrong in (
        (lambda: Origins.make([text]), OriginError),
        (lambda: IceServers.make([parse_ice_server(text)], "s"), IceServerError),
        (lambda: Limits.parse(text.split("\n")), SettingError),
        (lambda: PlayLimits.parse(text.split("\n")), SettingError),
        (lambda: parse_pin(text), TrustError),
        (lambda: EngineUrl.parse(text), ValueError),
    ):
        with suppress(wrong):
            read()
    client = Proxies.make(["10.0.0.0/8"]).client("10.0.0.1", text)
    ipaddress.ip_address(client)


class _Request:
    """As much of a request as `Pages` looks at."""

    def __init__(self, method: str, path: str, headers: list[tuple[str, str]]) -> None:
        self.method, self.path, self.headers = method, path, Headers(headers)


def request(data: bytes) -> None:
    """HTTP: nothing but the packaged files is ever served, whatever stands in the request."""
    lines = data.decode("latin-1").split("\n")
    method, _, path = lines[0].partition(" ")
    headers = [(name.strip() or "X", value.strip()) for name, _, value in (line.partition(":") for line in lines[1:20])]
    try:
        asked = _Request(method, path, headers)
    except InvalidHeader:
        return  # the library does not let it through
    pages = Pages(
        PAGE, lambda: {"status": "ok"}, lambda key, where, in_url: [{"urls": ["stun:x"]}] if key == "k" else []
    )
    response = pages.answer(asked, "192.0.2.1")  # type: ignore[arg-type]
    assert response.status_code in (200, 304, 404, 405)
    if response.status_code == 200 and method != "HEAD":
        bodies = {asset.body for asset in PAGE.values()}
        plain = path.partition("?")[0]
        assert response.body in bodies or plain in ("/healthz", "/ice-servers")
    for name, value in response.headers.raw_items():
        assert "\n" not in value, name
        assert "\r" not in value, name
    assert "script-src 'self'" in response.headers["Content-Security-Policy"]


def gesture(data: bytes) -> None:
    """Lines of a gesture: what is played is in range."""
    reader = GestureReader(live=bool(data[:1] and data[0] & 1))
    for number, line in enumerate(data[1:].split(b"\n")[:50]):
        try:
            touch = reader.read(line, float(number))
        except GestureError:
            continue
        if touch is not None:
            assert touch.note is not None if touch.x is None else 0.0 <= touch.x <= 1.0
            assert 0.0 <= touch.y <= 1.0
            assert math.isfinite(touch.t)


def cut(data: bytes, steps: bytes) -> list[bytes]:
    """The same bytes in pieces: `steps` are their sizes, again and again; 0 is all that is left."""
    pieces, at, n = [], 0, 0
    while at < len(data):
        size = steps[n % len(steps)] if steps else 0
        pieces.append(data[at : at + size] if size else data[at:])
        at += size or len(data)
        n += 1
    return pieces


def frames(data: bytes) -> None:
    """Bytes of a WebSocket, cut anywhere: the server reads what the library's own parser reads, and refuses the same.

    The first byte says how the connection is read, the next four are the sizes of the pieces.
    """
    how, steps, stream = data[0] if data else 0, data[1:5], data[5:]
    ours = by_server(cut(stream, steps), known=bool(how & 1), small=bool(how & 2), eager=bool(how & 4))
    theirs = by_library(stream)
    assert ours.messages == theirs.messages
    if (
        theirs.refused == 1007
    ):  # for the library a text is bytes until somebody reads it: it may refuse a later frame first
        assert ours.refused is not None
    else:
        assert (ours.refused, ours.written) == (theirs.refused, theirs.written)


def edges(data: bytes) -> None:
    """What edges say to each other, and what they keep in their engine."""
    for decode in (bus.decode, stored.decode_client, stored.decode_edge, stored.decode_gone):
        try:
            decode(data)
        except ProtocolError as error:
            assert error.code == "bad-message"


# --- cores with raw input --------------------------------------------------------------------------------------------

# Made once: to check and to read them took a quarter of the time of a short input.
ACCESS, SERVER, TIMING = Access("k", tokens=KEYS), Server("ws://x/ws", "k"), Timing()
HUB_LIMITS = Limits(clients=4, burst=200, guesses=5, address_burst=150, newcomer_messages=10)
SYNTH_LIMITS = PlayLimits(voices=4, controllers=5, setups=2, notes_burst=20)
RELAYS = IceServers.make([{"urls": ["turn:relay"]}], "north", 600.0)


class _Room:
    """A hub with a few connections, and what it promised of each."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.hub = Hub(
            MemoryRegistry(Place("attic", "run1"), 60.0),
            ACCESS,
            make_secret=iter(f"secret-{n}" for n in range(10_000)).__next__,
            ice_servers=RELAYS,
            timing=TIMING,
            limits=HUB_LIMITS,
            fleet=fleet_document.Document(epoch="e"),
        )
        self.fleet = self.hub.steering.document
        self.open: set[int] = set()
        self.ids: dict[int, str] = {}
        self.next = 0

    def connect(self) -> None:
        self.next += 1
        self.open.add(self.next)
        self.hub.connect(self.next, f"192.0.2.{self.next % 3}", self.now)
        self.settle()

    def settle(self) -> None:
        """Every promise about what comes out."""
        for output in self.hub.drain():
            match output:
                case Send(to, message):
                    said = json.loads(message if isinstance(message, str) else codec.encode(message))
                    for conn in to:
                        assert conn in self.open, "sent to a closed connection"
                        if said["type"] == "registered":
                            self.ids[conn] = said["client_id"]
                        elif said["type"] in ("offer", "answer", "ice-candidate"):
                            assert said["source"] == said["sender_id"]
                            assert self.ids[conn] == said["target"]
                            assert said["source"] in self.ids.values()
                        elif said["type"] not in ("error", "kicked", "ice-servers"):
                            assert self.ids[conn].startswith("synth-") or conn in self.ids
                case SendAll(to, messages):
                    for conn in to:
                        assert conn in self.open
                        assert messages
                case Close(conn):
                    assert conn in self.open, "closed twice"
                    self.open.discard(conn)
                    self.ids.pop(conn, None)
                case Probe(conn):
                    assert conn in self.open
        fleet = self.hub.steering.document
        if fleet is not self.fleet:
            assert fleet.rev > self.fleet.rev
            assert fleet_document.decode(fleet_document.encode(fleet)) == fleet, "it can be read after the next start"
            self.fleet = fleet
        clients = self.hub.clients()
        assert set(clients) <= set(self.ids.values())
        assert (self.hub.next_deadline() is not None) or not self.open


def hub(data: bytes) -> None:
    """Raw frames of several connections, in any order, with time passing: lines of OPERATION and PAYLOAD.

    The first byte of a line says what happens: 0-3 a frame of that connection, c connect, d disconnect, t time passes,
    p a pong, b a binary frame.
    """
    room = _Room()
    room.connect()
    room.connect()
    for line in data.split(b"\n")[:60]:
        what, payload = line[:1], line[1:]
        room.now += 0.01
        live = sorted(room.open)
        conn = live[what[0] % len(live)] if live and what else 0
        if what == b"c":
            room.connect()
        elif what == b"d" and live:
            room.open.discard(conn)
            room.ids.pop(conn, None)
            room.hub.disconnect(conn, room.now)
        elif what == b"t":
            room.now += min(100.0, len(payload) * 5.0)
            room.hub.on_deadline(room.now)
        elif what == b"p" and live:
            room.hub.alive(conn, room.now)
        elif what == b"b" and live:
            room.hub.receive_frame(conn, payload, room.now)
        elif live and what:
            room.hub.receive_frame(conn, _text(payload), room.now)
        room.settle()


def synth(data: bytes) -> None:
    """A synth whose server and controller say anything: lines of s (server) or c (channel) and a message."""
    core = Synth("synth-a", [SERVER], TIMING, lambda: 0.5, presets=("choir",), limits=SYNTH_LIMITS)
    now = 0.0
    core.start(now)
    core.opened(1, now)
    registered = m.Registered(client_id="synth-a", edge="e", resume="r", ice_servers=[], heartbeat_s=20.0, ttl_s=60.0)
    core.receive(1, registered, now)
    core.receive(1, m.ControllerJoined(controller_id="ctrl-a"), now)
    link = core._keeper.links["ctrl-a"].peer
    core.described("ctrl-a", link.link, "v=0\r\nm=application\r\na=mid:0\r\n", now)
    answer = m.Description(type="answer", sdp=f"v=0\r\na=mid:{core._keeper.links['ctrl-a'].mid}\r\n")
    core.receive(1, m.Answer(source="ctrl-a", target="synth-a", data=answer), now)
    core.link_opened("ctrl-a", link.link, "params", now)
    assert core.open_peers == ("ctrl-a",)
    _say(core, data, link.link, "ctrl-a")
    for effect in core.drain():
        if isinstance(effect, NoteOn | NoteMove):
            assert 0.0 <= effect.point.x <= 1.0
            assert 0.0 <= effect.point.y <= 1.0
            assert effect.point.note is None or 0.0 <= effect.point.note <= 135.0
            assert effect.point.vel is None or 0.0 <= effect.point.vel <= 1.0
            assert effect.point.place is None or all(0.0 <= u <= 1.0 for u in effect.point.place)
    assert core.fingers <= 4 * 5
    assert 0.0 <= core.remote.volume <= 1.0
    assert len(core._keeper.links) <= 5


def controller(data: bytes) -> None:
    """The same for a controller."""
    core = Controller("ctrl-a", [SERVER], TIMING, lambda: 0.5)
    core.start(0.0)
    core.opened(1, 0.0)
    registered = m.Registered(client_id="ctrl-a", edge="e", resume="r", ice_servers=[], heartbeat_s=20.0, ttl_s=60.0)
    core.receive(1, registered, 0.0)
    offer = m.Description(type="offer", sdp="v=0\r\na=mid:0\r\n")
    core.receive(1, m.Offer(source="synth-a", target="ctrl-a", data=offer), 0.0)
    core.link_opened("synth-a", 1, "params", 0.0)
    _say(core, data, 1, "synth-a")
    core.drain()
    assert len(core.synths(100.0)) <= 64


def _say(core: Any, data: bytes, link: int, peer: str) -> None:
    now = 0.0
    for line in data.split(b"\n")[:60]:
        now += 0.02
        try:
            if line[:1] == b"s":
                core.receive(1, codec.decode_signaling(line[1:]), now)
            elif line[:1] == b"t":
                now += min(20.0, 0.1 * len(line))
                core.on_deadline(now)
            elif line[:1] == b"l":
                core.link_lost(peer, link, "lost", now)
            else:
                core.channel(peer, link, "params", codec.decode_channel(line[1:]), now)
        except ProtocolError:
            pass
        core.next_deadline()


def osc(data: bytes) -> None:
    """A datagram of OSC, twice: no finger beyond the limit, no answer longer than the question, and nothing stays."""
    hand = OscHand()
    for sender in (PAD, ("192.168.1.7", 5000)):
        hand.data(data, at=hand.now + 0.05, sender=sender)
        assert len(hand.down) <= 16
        assert hand.player.waiting <= 1024
        assert sender == PAD or sum(len(reply.data) for reply in hand.replies if reply.to[0] == sender[0]) <= len(data)
    hand.run(hand.now + 40.0)
    assert hand.down == {}
    assert hand.player.waiting == 0


def tuning(data: bytes) -> None:
    """A Scala file and a keyboard mapping, with an empty line of # between them."""
    scl, _, kbm = data.partition(b"\n#\n")
    try:
        scale = parse_scl(scl)
        assert all(math.isfinite(each) for each in scale.cents)
        keys = keys_of(scale, parse_kbm(kbm) if kbm else rooted(60.0))
        assert len(keys) == 128
        steps_of(scale, degrees_of("all", scale), 60.0)
    except TuningError as error:
        assert str(error)


TARGETS: dict[str, Target] = {
    "signaling": signaling,
    "channel": channel,
    "description": description,
    "candidate": candidate,
    "token": token,
    "address": address,
    "request": request,
    "gesture": gesture,
    "osc": osc,
    "tuning": tuning,
    "frames": frames,
    "edges": edges,
    "hub": hub,
    "synth": synth,
    "controller": controller,
    **MORE,
}
