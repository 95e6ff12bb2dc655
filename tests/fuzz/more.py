"""Further targets: heads of HTTP requests, claims of tokens, MIDI, files that people bring, settings, announcements."""

from __future__ import annotations

import asyncio
import json
import math
import re
import struct
from contextlib import suppress
from typing import Any

from aioice.stun import parse_message
from aiortc import RTCDataChannel, RTCDataChannelParameters
from aiortc.rtp import RtcpPacket, RtpPacket
from support.virtual import sctp
from support.virtual.feed import asked_of_library, asked_of_server
from support.virtual.midi_hand import MidiHand

from formant_dsp.model import presets
from formant_dsp.model.preset_file import PresetError
from formant_net.client.servers import Server
from formant_net.desk.core import Desk
from formant_net.fleet import changes, effective
from formant_net.fleet import document as fleet_document
from formant_net.fleet.agreed import Agreed
from formant_net.fleet.wanted import Request, Wanted, carried_out
from formant_net.lan.locate import MOST_WAITING, Locate, Try
from formant_net.lan.record import by_name, places
from formant_net.midi import mapping
from formant_net.midi.file.chunks import MidiFileError
from formant_net.midi.file.song import MOST_S, read_song
from formant_net.osc.query import answer, host_info, tree
from formant_net.protocol import codec
from formant_net.protocol import messages as m
from formant_net.protocol import steering as s
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.timing import Timing
from formant_net.server.access.join_keys import Access, read_keys
from formant_net.server.access.tokens import KeySet

SIGNING = json.dumps({"keys": [{"kty": "oct", "kid": "k", "alg": "HS256", "k": "a2tr" * 11}]})
KEYS = KeySet.parse(SIGNING)
NOW = 1_800_000_000.0
IDS = ("synth-a", "synth-web-a", "synth-Web-a", "ctrl-a", "touch-ctrl-a", "é")
TREE = tree({"/formant/volume": 0.5, "/formant/box/a/power": True}, ["choir"])


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def pieces(data: bytes, steps: bytes) -> list[bytes]:
    """The same bytes in pieces: `steps` are their sizes, again and again; 0 is all that is left."""
    found, at, n = [], 0, 0
    while at < len(data):
        size = (steps[n % len(steps)] if steps else 0) or len(data)
        found.append(data[at : at + size])
        at += size
        n += 1
    return found


def head(data: bytes) -> None:
    """Bytes of a connection that begins, cut anywhere: one request at most, the one that the library reads alone.

    The first four bytes are the sizes of the pieces.
    """
    steps, stream = data[:4], data[4:]
    ours, theirs = asked_of_server(pieces(stream, steps)), asked_of_library(stream)
    size = stream.find(b"\r\n\r\n") + 4 if b"\r\n\r\n" in stream else len(stream)
    assert len(ours.requests) <= 1
    if size <= 3 * 2048:  # a slice may hold bytes of what follows
        assert not ours.cut
    if not ours.cut:
        assert ours.requests == theirs.requests
    if ours.requests and ours.requests[0][1] != "/ws":
        assert ours.status == b"HTTP/1.1 204 No Content"
    elif not ours.requests and not ours.cut:
        assert ours.status == theirs.status


def claims(data: bytes) -> None:
    """Claims that are signed rightly: what they open is no more than they say."""
    access = Access("a key nobody guesses", tokens=KEYS)
    try:
        said: Any = json.loads(data)
        token = KEYS.sign(said) if isinstance(said, dict) else _signed(data)
    except (ValueError, TypeError, RecursionError, NotImplementedError):
        token = _signed(data)
    try:
        grant = access.admit(token, NOW)
    except ProtocolError as error:
        assert error.fatal
        return
    assert grant.token
    assert grant.until is not None
    assert math.isfinite(grant.until)
    assert grant.until >= NOW
    words = set(str(said["scope"]).split())
    for id in IDS:
        for role in ("synth", "controller", "desk"):
            try:
                grant.check(id, role)
            except ProtocolError as error:
                assert error.fatal
                continue
            assert {"synth", "phone"} & words if role == "synth" else "controller" in words
            assert role != "desk" or "settings" in words
            assert role != "synth" or "synth" in words or id.startswith("synth-web-")
            sub = said.get("sub")
            assert sub is None or id == sub or (sub.endswith("*") and id.startswith(sub[:-1]))


def _signed(payload: bytes) -> str:
    """A token whose payload is any bytes, signed rightly."""
    import jwt

    return jwt.api_jws.encode(payload, b"kkk" * 11, algorithm="HS256", headers={"kid": "k"})


def keys(data: bytes) -> None:
    """A file of join keys: no empty line opens a server."""
    found = read_keys(_text(data))
    access = Access(None, found)
    for wrong in (None, "", " ", "#"):
        if found:
            assert wrong in found or not access.opens(wrong)


def midi(data: bytes) -> None:
    """Bytes of two MIDI ports with time between: fingers in range and in number, and none is left at the end.

    The first four bytes are the sizes of the pieces.
    """
    hand = MidiHand()
    for number, piece in enumerate(pieces(data[4:], data[:4])[:200]):
        hand.bytes(piece, at=hand.now + 0.02, port="AB"[number % 5 == 4])
        assert hand.player.fingers <= 16
        assert len(hand.down) <= 16
    for _, touches in hand.messages:
        for touch in touches:
            assert touch.note is not None
            assert 0.0 <= touch.note <= 135.0
            assert all(value is not None and 0.0 <= value <= 1.0 for value in (touch.y, touch.z))
            assert touch.vel is None or 0.0 <= touch.vel <= 1.0
    assert all(0.0 <= volume <= 1.0 for volume in hand.volumes)
    hand.panic()
    hand.run(hand.now + 10.0)
    assert hand.down == {}
    assert hand.player.fingers == 0


def song(data: bytes) -> None:
    """A MIDI file: events in order within a day, as many notes that end as begin."""
    try:
        found = read_song(data)
    except MidiFileError as error:
        assert str(error)
        return
    times = [event.t for event in found.events]
    assert times == sorted(times)
    assert all(0.0 <= t <= MOST_S for t in times)
    assert found.notes
    for event in found.events:
        assert len(event.message.data) <= len(data)
        assert event.message.kind >= 0xF0 or all(byte < 0x80 for byte in event.message.data)
    hand = MidiHand()
    for event in found.events[:100]:
        hand.player.take(f"{event.port}", event.message, hand.now)
        hand.settle()


def preset(data: bytes) -> None:
    """A preset file, and a file of what a controller's knobs do."""
    text = _text(data)
    try:
        found = presets.parse(text)
        assert math.isfinite(found.trim_db)
        assert all(math.isfinite(value) for value in found.code)
    except PresetError as error:
        assert str(error)
    try:
        read = mapping.parse(text)
        again = mapping.parse(mapping.write(read.controllers))
        assert all(again.controllers[number] is use for number, use in read.controllers.items())
    except mapping.MappingError as error:
        assert str(error)


def fleet(data: bytes) -> None:
    """Settings that were kept as a file or by an engine: what is read can be recalled, undone, told and kept again."""
    with suppress(ValueError):
        found = fleet_document.decode(data)
        assert fleet_document.decode(fleet_document.encode(found)) == found
        house = effective.House(found, ["boxes/synth-a"], ["synth-a"])
        for id in ("synth-a", *found.boxes):
            told = house.box(id)
            assert -60.0 <= told.gain_db <= 0.0
            assert told.delay_ms >= 0.0
        for id in found.scenes:
            with suppress(ProtocolError):
                after, scene = changes.recall(found, id)
                undone = changes.back(after, changes.before(found, scene))
                assert undone.master == found.master
                assert fleet_document.decode(fleet_document.encode(after)) == after
    agreed = Agreed(Wanted(document=fleet_document.Document(epoch="e")), "n")
    agreed.on_value(data, 1, 0.0)
    agreed.on_read(0.0)
    asked_undo(agreed)


def asked_undo(agreed: Agreed) -> None:
    """What an engine kept is undone and recalled: an answer or a refusal."""
    wanted = agreed.wanted
    requests: list[Request] = [
        s.DeskUndo(),
        s.DeskSolo(path="boxes/synth-a", on=True),
        s.DeskSet(path="master", set={"db": -3.0}),
    ]
    for request in [*requests, *(s.DeskRecall(scene=id) for id in wanted.document.scenes)]:
        with suppress(ProtocolError):
            carried_out(wanted, request, ["synth-a"])


def announcement(data: bytes) -> None:
    """What the network announces: places that can be tried, and a search that stays small."""
    lines = data.split(b"\n")
    txt: dict[bytes, bytes | None] = {}
    for line in lines[1:6]:
        name, equals, value = line.partition(b"=")
        txt[name] = value if equals else None
    text = lines[0].decode("latin-1")
    port = sum(data[:2]) * 200 - 1
    found = places(txt, text.split(" "), port)
    found += by_name([(1, n, host, port) for n, host in enumerate(text.split(" "))], secure=False)
    assert len(found) <= 32
    for place in found:
        assert 1 <= place.port <= 65535
        assert re.fullmatch(r"wss?://[^/?#@\s]+/ws", place.ws_url), place.ws_url
    search = Locate(lambda: 0.5)
    search.start(0.0)
    now = 0.0
    for _ in range(4):
        search.announced(found, now)
        now += 0.3
        search.on_deadline(now)
        for effect in search.drain():
            if isinstance(effect, Try):
                search.tried(effect.place, bool(len(text) % 2), now)
    assert len(search._queue) <= MOST_WAITING


def desk(data: bytes) -> None:
    """A desk whose server says anything: it has a document or says that it has none."""
    core = Desk("desk-a", [Server("ws://x/ws", "k")], Timing(), lambda: 0.5, wants_health=True, wants_levels=True)
    core.start(0.0)
    core.opened(1, 0.0)
    registered = m.Registered(client_id="desk-a", edge="e", resume="r", ice_servers=[], heartbeat_s=20.0, ttl_s=60.0)
    core.receive(1, registered, 0.0)
    now = 0.0
    for line in data.split(b"\n")[:40]:
        now += 0.02
        try:
            core.receive(1, codec.decode_signaling(line), now)
        except ProtocolError:
            continue
        core.following()
        core.level("synth-a", now)
        if core.whole:
            assert core.document.epoch
    core.drain()


def query(data: bytes) -> None:
    """OSCQuery's GET: a status, and JSON that can be written."""
    path, _, asked = _text(data).partition("?")
    status, found = answer(TREE, path, asked, host_info("x", "192.0.2.1", 9000))
    assert status in (200, 204, 400, 404)
    assert (found is not None) == (status == 200)
    json.dumps(found)


def packets(data: bytes) -> None:
    """Packets of SCTP from a linked peer: few answers, few streams, little kept, and an end.

    A packet is two bytes of length and its chunks; the first byte says how many messages of our side are on their way.
    """
    found: list[bytes] = []
    at = 1
    while at < len(data) and len(found) < 30:
        size = int.from_bytes(data[at : at + 2], "big") % 1488
        found.append(sctp.packet(data[at + 2 : at + 2 + size]))
        at += 2 + size

    async def story() -> None:
        association = sctp.Association()
        channel = RTCDataChannel(association.sctp, RTCDataChannelParameters(label="params", id=1), False)
        association.sctp._data_channels[1] = channel
        channel._setReadyState("open")
        for _ in range(data[0] % 32 if data else 0):
            channel.send("a message")
        for each in found:
            before = len(association.sent)
            with suppress(ConnectionError):
                await association.take(each)
            assert len(association.sent) - before <= 40 + 2 * len(each) // 4, "each chunk has an answer at most"
            assert len(association.sctp._inbound_streams) <= 64 + 372

    asyncio.run(story())


def media(data: bytes) -> None:
    """What else comes to the port of a link: STUN, RTP and RTCP, as the libraries read them."""
    with suppress(ValueError, struct.error):
        parse_message(data)
    for read in (RtpPacket.parse, RtcpPacket.parse):
        with suppress(Exception):  # it ends the link of its sender, whose secret it needs
            read(data)


MORE = {
    "packets": packets,
    "media": media,
    "head": head,
    "claims": claims,
    "keys": keys,
    "midi": midi,
    "song": song,
    "preset": preset,
    "fleet": fleet,
    "announcement": announcement,
    "desk": desk,
    "query": query,
}
