"""Where fuzzing begins: good inputs. `python tests/fuzz/seeds.py FOLDER` writes them, a folder for each target."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.net.attacks import BINARY, CONTINUATION, PING, TEXT, frame
from support.net.sdp import CANDIDATE, sdp

DATA = Path(__file__).parents[1] / "data" / "messages"


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
    }


if __name__ == "__main__":
    for name, inputs in seeds().items():
        folder = Path(sys.argv[1]) / name
        folder.mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(inputs):
            (folder / f"seed-{number}").write_bytes(data)
