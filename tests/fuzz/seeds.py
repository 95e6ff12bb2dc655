"""Where fuzzing begins: good inputs. `python tests/fuzz/seeds.py FOLDER` writes them, a folder for each target."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.net.attacks import BINARY, CONTINUATION, PING, TEXT, frame
from support.net.sdp import CANDIDATE, sdp

DATA = Path(__file__).parents[1] / "data" / "messages"
PRESETS = Path(__file__).parents[2] / "src" / "formant_dsp" / "data" / "presets"


def seeds() -> dict[str, list[bytes]]:
    """Inputs by target."""
    samples = {path.stem: json.dumps(json.loads(path.read_text())).encode() for path in sorted(DATA.glob("*.json"))}
    malformed = json.loads((DATA / "malformed" / "malformed.json").read_text())
    bad = [case["text"].encode()[:2000] for case in malformed]
    channel = [samples[name] for name in ("touch", "ping", "pong", "param", "command")]
    wire = [sample for sample in samples.values() if sample not in channel]

    def say(type: str, **fields: object) -> bytes:
        return json.dumps({"type": type, **fields}).encode()

    register = [
        b"0" + say("register", client_id="synth-a", key="k"),
        b"1" + say("register", client_id="ctrl-a", key="k", meta={"name": "x"}),
    ]
    signaling = [
        b"0" + say("request-controllers"),
        b"0" + say("offer", target="ctrl-a", data={"type": "offer", "sdp": sdp()}),
        b"1" + say("answer", target="synth-a", data={"type": "answer", "sdp": sdp(setup="active")}),
        b"1" + say("ice-candidate", target="synth-a", data={"candidate": CANDIDATE}),
    ]
    resumed = b"2" + say("register", client_id="ctrl-a", key="k", resume="secret-2")
    scene = {"name": "a", "ramp_s": 2.0, "master": {"db": -6}, "boxes": {"synth-a": {"mute": True}}}
    steering = [
        b"2" + say("register", client_id="desk-a", role="desk", key="k"),
        b"2" + say("desk-open"),
        b"2" + say("desk-set", path="master", set={"db": -3.5}, request=1),
        b"2" + say("desk-set", path="zones/z-a", set={"name": "Nave", "db": -1}, base=1),
        b"2" + say("desk-set", path="boxes/synth-a", set={"zone": "z-a", "delay_ms": 2.9, "tags": ["n"]}, base=2),
        b"2" + say("desk-set", path="scenes/s-a", set=scene, base=3),
        b"2" + say("desk-recall", scene="s-a"),
        b"txxx",
        b"0" + say("settings-applied", epoch="e", rev=5, refused={"preset": "unknown"}),
        b"2" + say("desk-undo"),
        b"2" + say("desk-solo", path="boxes/synth-a", on=True),
        b"2" + say("desk-set", path="zones/z-a", set=None, base=7),
        b"2" + say("desk-identify", id="synth-a"),
        b"2" + say("desk-meters", on=True),
        b"0" + say("level", peak_db=-12.3),
        b"txx",
        b"2" + say("desk-meters", on=False),
    ]
    points = [{"id": 1, "x": 0.5, "y": 0.5, "note": 60.5, "vel": 0.7, "place": [0.7, 0.4]}]
    touch = b"c" + say("touch", x=0.5, y=0.5, active=True, id=1, seq=1, points=points)
    told = [b"s" + samples[name] for name in ("controllers-list", "answer", "controller-left", "ice-servers")]
    heard = [b"c" + sample for sample in channel]
    return {
        "signaling": [*wire, *bad],
        "channel": [*channel, say("touch", active=False), say("touch", active=False, x=1.5, id=2, seq=3), *bad],
        "description": [sdp().encode(), sdp(setup="active", candidates=(CANDIDATE,) * 3).encode()],
        "candidate": [
            CANDIDATE.encode(),
            b"candidate:1 1 tcp 1 fd00::2 9 typ srflx raddr 0.0.0.0 rport 9 tcptype active",
        ],
        "token": [
            b"eyJhbGciOiJIUzI1NiIsImtpZCI6ImsifQ.eyJhdWQiOiJmb3JtYW50LWpvaW4iLCJleHAiOjE5fQ.AAAA",
            b'{"keys": [{"kty": "oct", "kid": "a", "k": "AAAA"}]}',
            b'{"keys": [{"kty": "OKP", "kid": "a", "crv": "Ed25519", "x": "AAAA"}]}',
        ],
        "address": [
            b"https://192.168.1.20:8080/#key=abcd&pin=sha256-" + b"A" * 43,
            b"http://attic:8080\nattic:8080",
            b"turn:u:p@relay:3478",
            b"clients=100\nvoices=3",
            b"203.0.113.1, 10.0.0.2",
            b"nats://a:4222,b",
        ],
        "request": [
            b'GET / \nHost: x:8080\nIf-None-Match: "a"',
            b"GET /ice-servers?key=k\nAuthorization: Bearer k",
            b"HEAD /healthz\n",
            b"GET /..%2f..%2fetc/passwd\n",
        ],
        "gesture": [
            b'\x00{"t":0,"x":0.5,"y":0.5}\n{"t":1,"active":false}',
            b'\x01{"x":0.5,"y":0.5,"id":"a"}',
            b'\x00{"t":0,"note":60.5,"vel":1,"y":0}',
        ],
        "osc": [
            b"/formant/note\0\0\0,iff\0\0\0\0\0\0\0\1Bp\0\0?\0\0\0",
            b"/formant/box/n*/power\0\0\0,T\0\0",
            b"#bundle\0\xee\x6b\x28\0\0\0\0\0\0\0\0\x14/formant/off\0\0\0\0,i\0\0"
            b"\0\0\0\1\0\0\0\x14/formant/subscribe\0\0",
            b"/t3d/tch1\0\0\0,ffff\0\0\0>\0\0\0>\0\0\0?\0\0\0Bp\0\0",
        ],
        "tuning": [
            b"! a.scl\n!\na\n 3\n!\n 100.0\n 3/2\n 2/1\n",
            b"a\n1\n2/1\n\n#\n12\n0\n127\n60\n69\n440.0\n12\n0\nx\n1\nx\n2\n3\nx\n4\nx\n5\nx\n6\n",
        ],
        "frames": [
            b"\x07\3\0\0\0" + frame(TEXT, b'{"type":"heartbeat"}') * 2 + frame(PING, b"x"),
            b"\x06\1\7\x50\0" + frame(TEXT, b"a", fin=False) + frame(PING, b"") + frame(CONTINUATION, b"b"),
            b"\x01\0\0\0\0" + frame(TEXT, b"x" * 290) + frame(BINARY, b"y" * 130) + frame(8, b"\3\xe8bye"),
            b"\x03\x20\1\1\1" + frame(TEXT, "é".encode() * 130) + frame(TEXT, b"x" * 601),
            b"\x02\0\0\0\0" + frame(TEXT, b"\xff") + frame(TEXT, b"later"),
            b"\x07\5\0\0\0" + b"\x81\x82abcd" + bytes((ord("a") ^ ord("{"), ord("b") ^ ord("}"))),
        ],
        "edges": [
            say("relay", source="a", target="b", node="n", about="offer", frame={}),
            say("claim", id="a", ws_id="b", node="c"),
            say("verdict", id="a", ws_id="b", free=True),
            say("meter", node="n", on=True),
            say("level-news", peak_db={"synth-a": -12.3}),
            b'{"id":"a","role":"synth","ws_id":"w","edge":"e","node":"n"}',
        ],
        "hub": [
            b"\n".join([*register, *signaling, b"txxxxxxxx", b"p", b"1{", b"d", b"c"]),
            b"\n".join([*register, b"c", resumed, b"t" + b"x" * 20]),
            b"\n".join([*register, b"c", *steering]),
        ],
        "synth": [b"\n".join([touch, b"t", *heard, *told, b"l", b"t" + b"x" * 20, touch])],
        "controller": [
            b"\n".join([b"s" + samples["offer"], b"c" + samples["pong"], b"t", b"s" + samples["kicked"], b"l"])
        ],
        **_more(samples),
    }


UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: a:8080\r\nOrigin: http://a:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
DOCUMENT = {
    "epoch": "e",
    "rev": 7,
    "v": 1,
    "master": {"db": -3, "hold_new": True},
    "zones": {"z-a": {"name": "Nave", "db": -6, "mute": True, "order": 1, "rev": 2}},
    "boxes": {"synth-a": {"zone": "z-a", "tags": ["n"], "delay_ms": 2.9, "output_latency_ms": 5, "preset": "x"}},
    "scenes": {
        "s-a": {
            "name": "a",
            "ramp_s": 2,
            "master": {"off": True},
            "zones": {"z-a": {"mute": False}},
            "boxes": {"synth-a": {"db": -9, "zone": "z-a"}},
        }
    },
}


def _more(samples: dict[str, bytes]) -> dict[str, list[bytes]]:
    """Inputs of the targets of more.py."""

    def text(value: object) -> bytes:
        return json.dumps(value).encode()

    track = bytes.fromhex("00ff0306 536f6e6741 42 00ff510307a120 00ff0502 6c61 00903c64 60803c40 00ff2f00")
    chunk = b"MTrk" + len(track).to_bytes(4, "big") + track
    undo = {"name": "a", "master": {"db": -1}, "zones": {"z-a": {"db": -1}}, "boxes": {"synth-a": {"mute": True}}}
    stored = {"by": "m:1", "wanted": {"document": DOCUMENT, "solo": ["zones/z-a"], "undo": undo}, "ramp_ms": 50, "v": 1}
    return {
        "head": [
            b"\0\0\0\0" + UPGRADE,
            b"\1\7\x50\0" + UPGRADE + UPGRADE,
            b"\x20\0\0\0GET /%2e%2e/etc HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            b"\0\0\0\0POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"\3\3\3\3GET http://a/ HTTP/1.1\r\nA : b\r\n c\r\n\r\n",
        ],
        "claims": [
            text({"aud": "formant-join", "exp": 1900000000, "scope": "controller settings"}),
            text({"aud": "formant-join", "exp": 1900000000, "scope": "phone", "sub": "synth-web-*", "nbf": 5}),
            text({"aud": "formant-join", "exp": 1900000000, "scope": "synth", "sub": "synth-a"}),
            text({"aud": ["formant-join", "x"], "exp": "1900000000", "scope": "controller"}),
        ],
        "keys": [b"# keys\nabcd-efgh\n\nsecond\n"],
        "midi": [
            b"\0\0\0\0" + bytes.fromhex("903c64 e00050 b04a20 d040 803c00 b0064f c005"),
            b"\3\1\0\0" + bytes.fromhex("b06506 b06400 b00608 913c64 f07e7f0802000000f7 a03c50 fe ff b04040 803c40"),
        ],
        "song": [
            b"MThd\0\0\0\6\0\0\0\1\0\x60" + chunk,
            b"RIFF\0\0\0\0RMIDdata\0\0\0\0MThd\0\0\0\6\0\1\0\2\xe7\x28" + chunk + chunk,
            b"MThd\0\0\0\6\0\2\0\2\0\x60" + chunk + chunk,
        ],
        "preset": [
            (PRESETS / "plain.toml").read_bytes(),
            (PRESETS / "ring-tenor.toml").read_bytes(),
            b'mpe = "lower"\nbend = 24\nchannels = [1, 2]\nslide = "relative"\n[controllers]\n21 = "vowel"\n'
            b'[programs]\n0 = "choir"\n',
        ],
        "fleet": [text(DOCUMENT), text(stored)],
        "announcement": [
            b"\0\x29192.168.1.20 fe80::1%2 10.0.0.1\ntxtvers=1\nid=abcd1234\npath=/ws\ntls=1",
            b"choir.example.org a b\ntxtvers=1\nid=abcd1234",
        ],
        "desk": [
            b"\n".join(
                samples[name]
                for name in (
                    "desk",
                    "desk-changed",
                    "desk-box",
                    "desk-health",
                    "desk-levels",
                    "desk-soloed",
                    "desk-done",
                )
            ),
            samples["error"] + b"\n" + samples["kicked"],
        ],
        "packets": _packets(),
        "media": [
            bytes.fromhex("000100102112a442000102030405060708090a0b 0006 0003 61620000 8028 0004 00000000"),
            bytes.fromhex("906000010000000200000003bede000151001000aabb"),
            bytes.fromhex(
                "80c8000600000001 0000000000000000 00000000 00000000 00000000 81ca0003 00000001 01026162 0000 0000"
            ),
        ],
        "query": [b"/formant/volume?VALUE", b"/?HOST_INFO", b"/formant/box/a", b"/formant/note?RANGE"],
    }


def _packets() -> list[bytes]:
    """Chunks of each kind, as packets of one chunk and of several."""
    import struct

    from support.virtual.sctp import FIRST, chunk

    def parameter(kind: int, body: bytes) -> bytes:
        return struct.pack("!HH", kind, 4 + len(body)) + body

    def sized(*packets: bytes) -> bytes:
        return b"".join(struct.pack("!H", len(each)) + each for each in packets)

    message = [chunk(0, struct.pack("!LHHL", FIRST + n, 1, 0, 51) + b'{"type":"ping"}', 7) for n in range(4)]
    opened = chunk(0, struct.pack("!LHHL", FIRST, 5, 0, 50) + b"\3\0\0\0\0\0\0\0\0\1\0\0x", 3)
    sack = chunk(3, struct.pack("!LLHHHHHH", FIRST, 9999, 2, 0, 2, 3, 5, 5))
    init = chunk(1, struct.pack("!LLHHL", 1, 9999, 9, 9, 7) + parameter(0xC000, b"") + parameter(0x8008, b"\x82\xc0"))
    reset = chunk(130, parameter(13, struct.pack("!LLLHH", 5, 6, FIRST, 1, 3)) + parameter(17, b"\0\0\0\7\0\1\0\0"))
    forward = chunk(192, struct.pack("!LHHHH", FIRST + 5, 1, 0, 2, 3))
    return [
        b"\3" + sized(*message, sack),
        b"\5" + sized(message[1] + message[3], message[0] + message[2], sack + sack),
        b"\1" + sized(opened, reset, forward, chunk(4, parameter(1, b"12345678")), chunk(9, parameter(3, b"1234"))),
        b"\0" + sized(init, chunk(10, b"\0" * 24), chunk(11), chunk(7, b"\0\0\0\1"), chunk(8), chunk(14), chunk(6)),
    ]


if __name__ == "__main__":
    for name, inputs in seeds().items():
        folder = Path(sys.argv[1]) / name
        folder.mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(inputs):
            (folder / f"seed-{number}").write_bytes(data)
