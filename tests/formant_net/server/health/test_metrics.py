"""What the server says to Prometheus: judged by Prometheus' own parser, and by promtool where it is."""

from __future__ import annotations

import re
import subprocess
from typing import Any

from prometheus_client.parser import text_string_to_metric_families as parse
from support.suite.require import require

from formant_net.protocol.steering import Health
from formant_net.server.health.metrics import METRICS, BoxView, ServerView, render

SERVER = ServerView(
    version="0.1.0",
    python="3.13.1",
    started=1_700_000_000.0,
    stale_s=60.0,
    clients={"synth": 2, "phone": 300, "controller": 4, "desk": 1},
    errors={"bad-key": 3},
    revision=17,
    announced=True,
)
WHOLE = Health(
    version="0.1.0", uptime_s=9.0, model="Pi 4", device="USB", audible=True, sample_rate=48000, latency_ms=12.5,
    busy=0.41, render_ms=2.5, blocks=9000, underflows=3, late=12, overruns=1, shed=2, ring_dropped=0, late_notes=5,
    registrations=3, links=4, voices=7, gain=0.5, rtt_ms=4.2, temperature_c=61.5, undervoltage=True,
    throttled=["voltage", "something new"], throttled_before=[], wifi_dbm=-63.0, wifi_power_save=True,
    clock_synchronised=True, written_bytes=123456789, overlay=False, state_writable=True, memory_bytes=120_000_000,
)  # fmt: skip


def whole_box(**fields: Any) -> BoxView:
    return BoxView(
        **{
            "id": "synth-a",
            "up": True,
            "name": "North wall",
            "zone": "Nave",
            "seen_ago": 1.0,
            "health": WHOLE,
            "said_ago": 2.0,
            "started": 1_700_000_100.0,
            "pending": False,
            "because": ("zone Nave",),
            **fields,
        }
    )


def read(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample by its name and labels, but the label `box`."""
    found: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
    for metric in parse(text):
        for sample in metric.samples:
            key = (sample.name, tuple((k, v) for k, v in sorted(sample.labels.items()) if k != "box"))
            assert key not in found, f"{key} stands there twice"
            found[key] = sample.value
    return found


def names(text: str) -> set[str]:
    return {name for name, _ in read(text)}


def test_a_whole_box_has_every_metric_in_base_units() -> None:
    text = render(SERVER, [whole_box()])
    assert names(text) == {metric.name for metric in METRICS}
    values = read(text)
    assert values["formant_box_output_latency_seconds", ()] == 0.0125
    assert values["formant_box_rtt_seconds", ()] == 0.0042
    assert values["formant_box_render_max_seconds", ()] == 0.0025
    assert values["formant_box_temperature_celsius", ()] == 61.5
    assert values["formant_box_reconnects_total", ()] == 2
    assert values["formant_box_throttled", (("cause", "voltage"),)] == 1
    assert values["formant_box_throttled", (("cause", "thermal"),)] == 0
    assert values["formant_box_silent", (("reason", "zone"),)] == 1
    assert values["formant_box_silent", (("reason", "mute"),)] == 0
    assert values["formant_server_clients", (("role", "phone"),)] == 300
    info = (("model", "Pi 4"), ("name", "North wall"), ("version", "0.1.0"), ("zone", "Nave"))
    assert values["formant_box_info", info] == 1


def test_types_and_help_are_those_of_the_table_and_counters_end_in_total() -> None:
    families = {metric.name: metric for metric in parse(render(SERVER, [whole_box()]))}
    for metric in METRICS:
        found = families[metric.name.removesuffix("_total") if metric.kind == "counter" else metric.name]
        assert (found.type, found.documentation) == (metric.kind, metric.help)
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name


def test_a_box_that_waits_to_be_admitted_is_silent_for_that_reason() -> None:
    values = read(render(SERVER, [whole_box(because=("new",))]))
    silent = {labels for (name, labels), value in values.items() if name == "formant_box_silent" and value}
    assert silent == {(("reason", "new"),)}


def test_what_is_unknown_has_no_series() -> None:
    text = render(SERVER, [whole_box(health=Health(version="0.1.0", uptime_s=1.0), pending=None, because=None)])
    assert {name for name in names(text) if name.startswith("formant_box")} == {
        "formant_box_info",
        "formant_box_up",
        "formant_box_last_seen_seconds",
        "formant_box_health_age_seconds",
        "formant_box_start_time_seconds",
    }


def test_a_box_that_is_away_or_mute_for_a_minute_keeps_no_old_figures() -> None:
    away = read(render(SERVER, [whole_box(up=False)]))
    assert away["formant_box_up", ()] == 0
    assert "formant_box_temperature_celsius" not in {name for name, _ in away}
    assert "formant_box_last_seen_seconds" in {name for name, _ in away}
    stale = names(render(SERVER, [whole_box(said_ago=60.1)]))
    assert "formant_box_temperature_celsius" not in stale
    assert "formant_box_temperature_celsius" in names(render(SERVER, [whole_box(said_ago=59.9)]))


def test_figures_count_up_to_the_very_moment_at_which_they_are_old() -> None:
    for said_ago, counts in ((SERVER.stale_s, True), (SERVER.stale_s + 0.1, False)):
        assert ("formant_box_temperature_celsius" in names(render(SERVER, [whole_box(said_ago=said_ago)]))) is counts


def test_a_new_name_begins_no_new_series_but_info() -> None:
    one, other = (render(SERVER, [whole_box(name=name)]) for name in ("North", "South"))
    different = set(one.splitlines()) ^ set(other.splitlines())
    assert {re.split(r"[{ ]", line)[0] for line in different} == {"formant_box_info"}


def test_one_hundred_boxes_are_a_bounded_number_of_series() -> None:
    boxes = [whole_box(id=f"synth-{n}") for n in range(100)]
    samples = sum(len(metric.samples) for metric in parse(render(SERVER, boxes)))
    assert samples <= 100 * 42 + 20


def test_promtool_finds_nothing_to_say() -> None:
    require("promtool")
    text = render(SERVER, [whole_box(name='a "b" \\ c\nd'), whole_box(id="synth-b", up=False)])
    done = subprocess.run(
        ["promtool", "check", "metrics"],
        input=text, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
