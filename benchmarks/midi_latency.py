"""How long is a key on its way from a MIDI port to a synth's NoteOn? Through JACK, `formant-node midi` and WebRTC.

    python benchmarks/midi_latency.py [--notes 200] [--dense] [--json]

Three processes: a keyboard that sends through JACK and notes when, `formant-node midi`, and this one with a server and
a synth. All use one clock. --dense adds bends, slides and pressure of five MPE fingers, 3,000 messages a second. A note
is matched by its pitch. As root the JACK server has real-time priority.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from pathlib import Path

TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS))

from support.machine.processes import processes  # noqa: E402
from support.soundcard.jack import Jack  # noqa: E402
from support.soundcard.midi_sender import MidiSender  # noqa: E402

from formant_net.aio.client.synth import SynthNode, SynthOptions  # noqa: E402
from formant_net.aio.server.edge import EdgeOptions, running_edge  # noqa: E402
from formant_net.client.servers import Server  # noqa: E402
from formant_net.ops.log import configure  # noqa: E402
from formant_net.synth.touches import NoteOn  # noqa: E402

KEY = "cantabile"
PERIOD = 64
STEP_S = 0.1
"""Seconds between two notes."""
FIRST_S = 60.0
"""Seconds after which the first note has arrived, or something is broken."""
DENSE_HZ = 200
LOWEST, KEYS = 40, 48


async def measure(notes: int, dense: bool) -> dict[str, float | int | str]:
    """Latencies in ms, from the moment at which the keyboard hands a key to JACK."""
    heard: list[tuple[float, float]] = []
    with Jack(synchronous=True, realtime=os.geteuid() == 0, period=PERIOD) as jack:
        async with running_edge(EdgeOptions(host="127.0.0.1", port=0, key=KEY)) as edge:
            synth = SynthNode(SynthOptions("synth-a", "a", [Server(edge.local.ws_url, KEY)], audio="none"))
            take = synth.singer.take

            def taken(effect: object, frame: int | None = None) -> None:
                if isinstance(effect, NoteOn) and effect.point.note is not None:
                    heard.append((time.monotonic(), effect.point.note))
                take(effect, frame)

            synth.singer.take = taken  # type: ignore[method-assign]
            await synth.start()
            with processes() as start, MidiSender(jack, "keyboard") as keyboard:
                url = edge.local.ws_url.replace("ws", "http", 1).removesuffix("/ws") + f"/#key={KEY}"
                midi = start("midi", url, "--backend", "jack", "--port", "keyboard", environment=jack.env)
                await asyncio.to_thread(midi.wait_for, "Ready")
                keyboard.send("B0 65 00", "B0 64 06", "B0 06 0F")
                async with asyncio.timeout(FIRST_S):
                    while not heard:  # a connection counts from some later cycle of the server
                        keyboard.send("91 3C 7F", "81 3C 00")
                        await asyncio.sleep(0.1)
                await asyncio.sleep(1.0)
                heard.clear()
                await _play(keyboard, notes, dense)
                await asyncio.sleep(0.5)
                written = await asyncio.to_thread(keyboard.finish)
            await synth.stop()
    return summary(notes, [(at, data) for at, data in written if data[0] == 0x9F and data[2]], heard)


async def _play(keyboard: MidiSender, notes: int, dense: bool) -> None:
    """Notes on channel 16 (the last member), others move on 2 … 6."""
    steps_a_note = round(STEP_S * DENSE_HZ)
    began = time.monotonic()
    if dense:
        keyboard.send(*(f"9{channel:X} {channel:02X} 40" for channel in range(1, 6)))
    for step in range(notes * steps_a_note):
        if step % steps_a_note == 0:
            key = LOWEST + step // steps_a_note % KEYS
            keyboard.send(f"9F {key:02X} 64")
        elif step % steps_a_note == steps_a_note // 2:
            keyboard.send(f"8F {LOWEST + step // steps_a_note % KEYS:02X} 00")
        if dense:
            value = step * 3 % 128
            for channel in range(1, 6):
                keyboard.send(
                    f"E{channel:X} 00 {value:02X}", f"B{channel:X} 4A {value:02X}", f"D{channel:X} {value:02X}"
                )
        await asyncio.sleep(max(0.0, began + (step + 1) / DENSE_HZ - time.monotonic()))


def summary(
    notes: int, written: list[tuple[float, bytes]], heard: list[tuple[float, float]]
) -> dict[str, float | int | str]:
    """Each key that was written with the first NoteOn of its pitch after it, and before the next key."""
    late: list[float] = []
    for number, (at, data) in enumerate(written):
        until = written[number + 1][0] if number + 1 < len(written) else float("inf")
        came = [moment for moment, note in heard if note == data[1] and at <= moment < until + STEP_S]
        late += came[:1] and [1000.0 * (came[0] - at)]
    late.sort()
    return {
        "notes": notes,
        "arrived": len(late),
        "p50_ms": round(statistics.median(late), 2) if late else -1.0,
        "p99_ms": round(late[int(0.99 * (len(late) - 1))], 2) if late else -1.0,
        "max_ms": round(late[-1], 2) if late else -1.0,
        "load": round(os.getloadavg()[0], 1),
        "period_ms": round(1000.0 * PERIOD / 48000, 2),
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--notes", type=int, default=200)
    options.add_argument("--dense", action="store_true", help="five moving fingers beside the notes")
    options.add_argument("--json", action="store_true", help="one JSON line")
    given = options.parse_args()
    configure("text", "error")
    found = asyncio.run(measure(given.notes, given.dense))
    print(json.dumps(found) if given.json else "\n".join(f"{name:>10} {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
