"""One process that plays a chord while other work of the same process is in its way. Run by run.py.

player.py '{"player": "formant" | "python", "device": …, "loads": […], "seconds": …, "latency": …, "realtime": …,
            "url": null | "http://…"}'

Loads, each for `seconds`, 0.3 s apart:
  sleep      PyDLL keeps the interpreter's lock while it sleeps 300 ms
  regex      one match that backtracks for about 300 ms
  bigint     one product of long integers of about 300 ms
  gc         full garbage collections over 300,000 objects, one after the other
  idle       nothing: what the machine does by itself
  network    nothing but the links: with `url` a synth runs here, whose controllers play 120 touches a second each
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import re
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from support.sound.held_chord import CHORD_HZ

from formant_dsp import Bank, VoiceParams
from formant_dsp.model.presets import DEFAULT, load
from formant_dsp.output.stream import open_sink
from formant_net.aio.client.synth import SynthNode, SynthOptions
from formant_net.client.servers import Server
from formant_net.ops.log import configure
from formant_net.synth.touches import NoteMove, NoteOn

AFTER_S = 0.3
"""Longer than any buffer that run.py asks for (0.15 s), and a period more."""
HOLD_S = 0.3
VOLUME = 0.25
"""Of everything, so that the limiter never works: it would bend the chord when the fingers are loud."""


def seconds_of(work: Callable[[int], object], size: int) -> float:
    began = time.perf_counter()
    work(size)
    return time.perf_counter() - began


def regex(size: int) -> object:
    return re.match(r"(a|a)+b", "a" * size)


def bigint(size: int) -> object:
    return (3**size) * (7**size)


def hold_for(load: str) -> Callable[[], object]:
    """A function that keeps the lock for about HOLD_S and does nothing else; its size is found by trying."""
    if load == "sleep":
        usleep = ctypes.PyDLL(None).usleep
        return lambda: usleep(int(HOLD_S * 1e6))
    if load == "regex":
        size = 10
        while seconds_of(regex, size) < 0.6 * HOLD_S:
            size += 1
        return lambda: regex(size)
    if load == "bigint":
        size = 10_000
        while (took := seconds_of(bigint, size)) < HOLD_S:
            size = int(size * min(4.0, max(1.1, (HOLD_S / took) ** 0.6)))
        return lambda: bigint(size)
    if load == "gc":
        return gc.collect
    return lambda: time.sleep(0.05)


def run_loads(
    report: dict[str, object], loads: dict[str, Callable[[], object]], seconds: float, touches: Callable[[], int]
) -> None:
    """Each load for so long: name, begin, end (s from now), the longest that another thread waited for the lock (ms),
    touches played."""
    began, segments = time.monotonic(), []
    for name, hold in loads.items():
        time.sleep(0.3)
        stop = threading.Event()
        longest = 0.0

        def feel(stop: threading.Event = stop) -> None:
            nonlocal longest
            while not stop.is_set():
                before = time.monotonic()
                time.sleep(0.001)
                longest = max(longest, time.monotonic() - before)

        feeler = threading.Thread(target=feel)
        feeler.start()
        start, played = time.monotonic(), touches()
        while time.monotonic() - start < seconds:
            hold()
        stop.set()
        feeler.join()
        segments.append([name, start - began, time.monotonic() - began, 1000 * longest, touches() - played])
    report["segments"] = segments
    # A device asks for sound up to a buffer ahead: the fade-out of the end would fall into the last segment.
    time.sleep(AFTER_S)


def wait_for_go(report: dict[str, object], before_s: float) -> None:
    """Say that the sound has begun, and go on when somebody records it."""
    began = time.monotonic()
    print("playing", flush=True)
    sys.stdin.readline()
    report["unrecorded_s"] = time.monotonic() - began
    time.sleep(before_s)


def main() -> None:
    what = json.loads(sys.argv[1])
    configure(level="warning")
    loads = {name: hold_for(name) for name in what["loads"]}
    ballast = [{"n": [i]} for i in range(150_000)]
    node: SynthNode | None = None
    loop = asyncio.new_event_loop()
    if what["url"]:
        formant = what["player"] == "formant"
        options = SynthOptions(
            *("synth-hostile", "hostile", [Server(what["url"])]),
            audio=what["device"] if formant else "none",
            channels=2,
            width=1.0,
            preset=load(DEFAULT, voice={"vibrato_cents": 0.0}),
            latency=what["latency"],
            realtime=what["realtime"],
            volume=VOLUME,
        )
        threading.Thread(target=loop.run_forever, daemon=True).start()

        async def make() -> SynthNode:
            made = SynthNode(options, on_note=lambda line: print(line, file=sys.stderr))
            await made.start()
            return made

        node = asyncio.run_coroutine_threadsafe(make(), loop).result(20)
        deadline = time.monotonic() + 20
        while len(node.core.open_peers) < what["peers"] and time.monotonic() < deadline:
            time.sleep(0.05)
        if len(node.core.open_peers) < what["peers"]:
            sys.exit(f"only {len(node.core.open_peers)} peers came")
    touches = 0
    if node is not None:
        take = node.singer.take

        def counted(effect: object) -> None:
            nonlocal touches
            touches += isinstance(effect, NoteOn | NoteMove)
            take(effect)

        node.singer.take = counted  # type: ignore[method-assign, assignment]
    report: dict[str, object] = {"peers": len(node.core.open_peers) if node else 0}
    bank = node.bank if node and what["player"] == "formant" else Bank(channels=2)
    bank.set_volume(VOLUME)
    for key, f0 in enumerate(CHORD_HZ):  # at the far left, where no finger plays
        assert bank.note_on(2**40 + key, VoiceParams(f0_hz=f0, vibrato_cents=0.0, level_db=-3.0, pan=-1.0))
    if what["player"] == "formant":
        sink = node.output.sink if node else open_sink(
            bank, what["device"], latency=what["latency"], realtime=what["realtime"], on_note=sys.exit
        )  # fmt: skip
        if node is None:
            sink.start()
        report["granted"] = [grant.words for grant in getattr(sink, "grants", ())]
        wait_for_go(report, what["before"])
        before = sink.counters()
        run_loads(report, loads, what["seconds"], lambda: touches)
        after = sink.counters()
        report |= {name: after[name] - before[name] for name in ("underflows", "frames", "late", "overruns", "blocks")}
        report |= {name: after[name] for name in ("late_us_max", "render_us_max")}
        report["latency_ms"] = round(1000 * sink.latency_s, 1)
        counts = bank.counters()
        report |= {name: counts[name] for name in ("limited", "shed", "notes", "ring_dropped")}
        if node is None:
            sink.stop()
    else:
        import sounddevice

        lost = 0

        def callback(out, frames, when, status) -> None:  # type: ignore[no-untyped-def]
            nonlocal lost
            lost += bool(status.output_underflow)
            out[:] = bank.render(frames)

        device = None if what["device"] == "auto" else what["device"]
        with sounddevice.OutputStream(
            samplerate=48000, channels=2, dtype="float32", latency=what["latency"], callback=callback, device=device
        ) as stream:
            wait_for_go(report, what["before"])
            run_loads(report, loads, what["seconds"], lambda: touches)
            report["latency_ms"] = round(1000 * stream.latency, 1)
        report["underflows"] = lost
    if node is not None:
        report["touches"] = touches
        asyncio.run_coroutine_threadsafe(node.stop(), loop).result(20)
    assert len(ballast)
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
