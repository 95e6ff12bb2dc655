"""How many messages a second does the server core route, and what does one join cost with 1,000 synths listening?

The core alone, frames in to encoded frames out, without sockets: what Python itself costs a server.
"""

from __future__ import annotations

import json
import platform

from pytest_benchmark.fixture import BenchmarkFixture

from formant_net.protocol.codec import encode
from formant_net.server.access.join_keys import Access
from formant_net.server.access.limits import Limits
from formant_net.server.hub import Hub
from formant_net.server.outputs import Send, SendAll
from formant_net.server.registry.leases import Place
from formant_net.server.registry.memory import MemoryRegistry

ROUTED = 1000
SYNTHS = 1000
_SDP = "\r\n".join(
    [
        "v=0",
        "o=- 4611 2 IN IP4 192.168.1.20",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        "m=application 50000 UDP/DTLS/SCTP webrtc-datachannel",
        "c=IN IP4 192.168.1.20",
        *["a=candidate:1 1 udp 2113937151 192.168.1.20 50000 typ host"] * 15,
        "a=ice-ufrag:h7Gf",
        "a=ice-pwd:MCYdBaPtNRys6lbLIgoOGP",
        "a=fingerprint:sha-256 " + ":".join(["AB"] * 32),
        "a=setup:actpass",
        "a=mid:0",
        "a=sctp-port:5000",
        "",
    ]
)


class Core:
    """A hub whose outputs are encoded once each, as the shell does."""

    def __init__(self) -> None:
        self.hub = Hub(
            MemoryRegistry(Place("bench", "run"), 60.0),
            Access(None),
            make_secret=iter(f"s{n}" for n in range(10_000_000)).__next__,
            limits=Limits(rate_per_s=1e9, burst=10**9, offers_per_min=10**9, offers_per_pair_per_min=10**9),
        )
        self.now = 0.0
        self.conns = 0

    def join(self, id: str) -> int:
        self.conns += 1
        self.hub.connect(self.conns, "", self.now)
        self.frame(self.conns, json.dumps({"type": "register", "client_id": id}))
        return self.conns

    def frame(self, conn: int, text: str) -> list[tuple[tuple[int, ...], str]]:
        self.now += 1e-6
        self.hub.receive_frame(conn, text, self.now)
        return self.out()

    def out(self) -> list[tuple[tuple[int, ...], str]]:
        sent = []
        for output in self.hub.drain():
            if isinstance(output, Send):
                sent.append((output.to, output.message if isinstance(output.message, str) else encode(output.message)))
            elif isinstance(output, SendAll):
                sent += [(output.to, encode(message)) for message in output.messages]
        self.hub.next_deadline()
        return sent


def test_route(benchmark: BenchmarkFixture) -> None:
    core = Core()
    synth, ctrl = core.join("synth-a"), core.join("ctrl-a")
    offer = json.dumps({"type": "offer", "target": "ctrl-a", "data": {"type": "offer", "sdp": _SDP}})
    ((to, text),) = core.frame(synth, offer)
    assert to == (ctrl,)
    assert json.loads(text)["data"]["sdp"] == _SDP
    assert json.loads(text)["source"] == "synth-a"

    def route() -> None:
        for _ in range(ROUTED):
            core.frame(synth, offer)

    benchmark.extra_info.update(
        unit=f"s for {ROUTED} offers", message_bytes=len(offer), python=platform.python_version()
    )
    benchmark(route)
    if benchmark.stats is not None:  # None when the benchmark is only run through, not timed
        benchmark.extra_info["messages_per_s"] = round(ROUTED / benchmark.stats["min"])
    assert not core.hub.counters.errors


def test_join_fan_out(benchmark: BenchmarkFixture) -> None:
    core = Core()
    synths = [core.join(f"synth-{n}") for n in range(SYNTHS)]
    register = json.dumps({"type": "register", "client_id": "ctrl-a"})

    def join_and_leave() -> list[tuple[tuple[int, ...], str]]:
        core.conns += 1
        core.hub.connect(core.conns, "", core.now)
        sent = core.frame(core.conns, register)
        core.hub.disconnect(core.conns, core.now)
        return sent + core.out()

    sent = join_and_leave()
    assert [json.loads(text)["type"] for _, text in sent] == ["registered", "controller-joined", "controller-left"]
    assert sent[1][0] == tuple(synths)
    benchmark.extra_info.update(
        unit=f"s for a join and a leave, {SYNTHS} synths", python=platform.python_version(), note="without sockets"
    )
    benchmark(join_and_leave)
    assert core.hub.clients().keys() == {f"synth-{n}" for n in range(SYNTHS)}


def test_registration_storm(benchmark: BenchmarkFixture) -> None:
    """1,000 controllers come at once to a server with 10 synths: each is announced to all of them."""

    def storm() -> Core:
        core = Core()
        for n in range(10):
            core.join(f"synth-{n}")
        for n in range(1000):
            core.join(f"ctrl-{n}")
        return core

    assert storm().hub.counters.joined == 1000
    benchmark.extra_info.update(unit="s for 1000 registrations, 10 synths", python=platform.python_version())
    benchmark(storm)
