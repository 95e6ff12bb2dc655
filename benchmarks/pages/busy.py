"""How late does a touch reach the audio thread of a page that is busy? Two pages in real Chromium; one JSON line each.

    python benchmarks/pages/busy.py --seconds 20

One page plays, a second page sings. The page that sings is blocked for 80 of every 200 ms. A touch counts from the
`send` of the page that plays to its arrival on the audio thread. Both stamps are `Date.now()`, so each figure is right
within 1 ms. The second line is the same page without a worker, as in a browser that cannot hand data channels over.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
from page.relay import Relay
from support.browser.chromium import Chromium, Finger, LoopThread, Tab

SENDS = """
const real = RTCDataChannel.prototype.send;
window.sent = {};
RTCDataChannel.prototype.send = function (text) {
  const message = JSON.parse(text);
  if (message.type === "touch") window.sent[message.seq] = Date.now();
  return real.call(this, text);
};
"""
STAYS = """
const post = MessagePort.prototype.postMessage;
MessagePort.prototype.postMessage = function (message, ...more) {
  if (message instanceof RTCDataChannel) throw new Error("no");
  return post.call(this, message, ...more);
};
"""
BLOCKS = "const until = performance.now() + 80; while (performance.now() < until);"
PATCHES = {
    # The number of a touch goes as the frame of its events: a frame in the past means at once.
    "synth/core.js": [
        (
            "this.#sing(player, player.touches.touch(touch, now));",
            "this.#sing(player, player.touches.touch(touch, now).map((note) => ({ ...note, seq: touch.seq })));",
        )
    ],
    "sing/synth.js": [("this.stage.voice?.sing(note);", "this.stage.voice?.sing(note, note.seq);")],
    "sing/worklet.js": [
        (
            "  #take(message) {",
            "  #take(message) {\n    if (message instanceof ArrayBuffer) (this.came ??= []).push("
            "[Number(new DataView(message).getBigUint64(0, true)), Date.now()]);",
        ),
        ("const said = { ", "const said = { came: this.came?.splice(0) ?? [], "),
    ],
    "sing/output.js": [
        (
            "    this.counts = counts;\n",
            "    this.counts = counts;\n    (globalThis.came ??= []).push(...counts.came);\n",
        )
    ],
}


def patched(relay: Relay) -> Relay:
    for name, changes in PATCHES.items():
        asset = relay.assets[f"/{name}"]
        body = asset.body.decode()
        for old, new in changes:
            if old not in body:
                raise RuntimeError(f"{name} has no {old!r} any more: this benchmark has to follow it")
            body = body.replace(old, new, 1)
        relay.assets[f"/{name}"] = replace(asset, body=body.encode())
    return relay


def opened(thread: LoopThread, browser: Chromium, url: str, script: str) -> Tab:
    tab = browser.tab()
    thread.run(tab.page.add_init_script(script))
    tab.goto(url)
    return tab


def run(thread: LoopThread, browser: Chromium, relay: Relay, place: str, seconds: float) -> dict[str, Any]:
    player = opened(thread, browser, relay.url, SENDS)
    singer = opened(thread, browser, relay.url + "sing", STAYS if place == "page" else "")
    singer.click("#sing")
    player.until("formant.links.length === 1 && formant.links[0].state === 'open' && formant.links[0].told")
    if singer.evaluate("() => formant.sing.apart") != (place == "worker"):
        raise RuntimeError("the synth does not run where it was meant to")
    singer.evaluate(f"() => void setInterval(() => {{ {BLOCKS} }}, 200)")
    player.fingers(Finger(1, 0.4, 0.5))
    load = os.getloadavg()[0]
    time.sleep(seconds)
    player.fingers()
    time.sleep(1.0)
    sent = player.evaluate("() => window.sent")
    came = singer.evaluate("() => window.came")
    late = np.array([at - sent[str(seq)] for seq, at in came if str(seq) in sent], float)
    for tab in (player, singer):
        tab.close()
    p50, p90, p99 = (round(float(np.percentile(late, p)), 1) for p in (50, 90, 99))
    return {
        "place": place,
        "sent": len(sent),
        "came": len(late),
        **{"ms_p50": p50, "ms_p90": p90, "ms_p99": p99, "ms_max": float(late.max()), "load": round(load, 1)},
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--seconds", type=float, default=20.0, help="of a held finger in each place")
    given = arguments.parse_args()
    thread = LoopThread()
    browser = Chromium(thread)
    for place in ("worker", "page"):
        relay = patched(Relay())
        thread.run(relay.start())
        print(json.dumps(run(thread, browser, relay, place, given.seconds)), flush=True)
        thread.run(relay.stop())
    browser.close()
    thread.close()


if __name__ == "__main__":
    main()
