"""What does GET /metrics cost a server with 100 boxes? The text is made once a second at most, whoever asks.

Also what 100 boxes cost that say how they are every 15 s, when nobody asks.
"""

from __future__ import annotations

import json

from pytest_benchmark.fixture import BenchmarkFixture

from formant_net.fleet.document import Box, Document, Zone
from formant_net.server.access.join_keys import Access
from formant_net.server.health.metrics import ServerView, render
from formant_net.server.health.view import boxes
from formant_net.server.hub import Hub
from formant_net.server.registry.leases import Place
from formant_net.server.registry.memory import MemoryRegistry

BOXES = 100
HEALTH = {
    "type": "health", "version": "0.1.0", "uptime_s": 86400.5, "model": "Raspberry Pi 4 Model B Rev 1.4",
    "device": "USB Audio (48000 Hz, 2 channels)", "audible": True, "sample_rate": 48000, "latency_ms": 12.5,
    "busy": 0.41, "render_ms": 2.1, "blocks": 9000000, "underflows": 3, "late": 12, "overruns": 0, "shed": 0,
    "ring_dropped": 0, "late_notes": 0, "registrations": 2, "links": 4, "voices": 7, "gain": 0.5, "rtt_ms": 4.2,
    "temperature_c": 61.3, "undervoltage": True, "throttled": ["voltage"], "throttled_before": ["voltage"],
    "wifi_dbm": -63.0, "wifi_power_save": True, "clock_synchronised": True, "written_bytes": 123456789,
    "overlay": False, "state_writable": True, "memory_bytes": 120000000, "troubles": ["undervoltage"],
}  # fmt: skip
SERVER = ServerView("0.1.0", "3.13.1", 1.7e9, 60.0, {"synth": BOXES, "phone": 0}, {"bad-key": 1}, 17, True)


def _hall() -> Hub:
    document = Document(
        epoch="e1",
        zones={"z-nave": Zone(name="Nave")},
        boxes={f"synth-{n}": Box(name=f"Box {n}", zone="z-nave") for n in range(BOXES)},
    )
    secrets = iter(f"s{n}" for n in range(10_000))
    hub = Hub(MemoryRegistry(Place("bench", "run"), 60.0), Access(None), make_secret=secrets.__next__, fleet=document)
    for n in range(BOXES):
        hub.connect(n, "", 0.0)
        meta = {"name": f"box-{n}", "steered": True}
        hub.receive_frame(n, json.dumps({"type": "register", "client_id": f"synth-{n}", "meta": meta}), 0.0)
        hub.receive_frame(n, json.dumps(HEALTH), 0.0)
    hub.drain()
    return hub


def test_scrape_of_100_boxes(benchmark: BenchmarkFixture) -> None:
    hub = _hall()
    text = benchmark(lambda: render(SERVER, boxes(hub.health, hub.steering, 1.0)))
    series = sum(not line.startswith("#") for line in text.splitlines())
    benchmark.extra_info.update(series=series, kilobytes=round(len(text) / 1000))
    assert series > 30 * BOXES


def test_health_of_100_boxes_that_nobody_reads(benchmark: BenchmarkFixture) -> None:
    hub = _hall()
    frame = json.dumps(HEALTH)

    def told() -> None:
        for n in range(BOXES):
            hub.receive_frame(n, frame, 1.0)
        hub.drain()

    benchmark(told)
