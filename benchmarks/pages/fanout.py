"""How many synths can one controller feed? A touch page in Chromium, or a headless controller; one JSON line each.

    python benchmarks/pages/fanout.py --links 16,64,128,200 --seconds 6 --kinds page,headless

The synths are in another browser, without sound; where this machine has two cores or more, on another core. A finger is
pressed for 0.7 s and lifted for 0.2 s, again and again. A touch counts from the stamp that the controller puts on it to
its arrival. `down`: only the first message of each finger. CPU is that of all processes of the sender, % of one core.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
from page.relay import Relay
from support.browser.chromium import Chromium, Finger, LoopThread, Tab
from support.machine.cpu import cpu_s, tree

MANY = Path(__file__).with_name("many.js").read_text("utf-8").partition("*/")[2].strip().removesuffix(";")
AT_A_TIME = 24
DOWN_S, UP_S = 0.7, 0.2
CORES = sorted(os.sched_getaffinity(0))


def on_core(thread: LoopThread, core: int) -> None:
    """What is started from here on stays on this core, where there are more than one."""

    async def pin() -> None:  # the loop's thread starts the browsers
        os.sched_setaffinity(0, {CORES[core % len(CORES)]})

    thread.run(pin())
    os.sched_setaffinity(0, {CORES[core % len(CORES)]})


def started(start: Callable[[], Any]) -> tuple[Any, list[int]]:
    """What `start` returns, and the processes that it has started."""
    before = set(tree(os.getpid()))
    made = start()
    return made, [pid for pid in tree(os.getpid()) if pid not in before]


def fed(thread: LoopThread, receivers: Chromium, kind: str, links: int, seconds: float) -> dict[str, Any]:
    """One line: so many links, fed for so long."""
    relay = Relay()
    thread.run(relay.start())
    many = receivers.tab()
    many.goto(relay.url + "icon.svg")  # of the same server, and no controller
    on_core(thread, 0)
    run = in_page if kind == "page" else headless
    try:
        return {"kind": kind, "links": links, **run(thread, relay, many, links, seconds)}
    finally:
        many.close()
        thread.run(relay.stop())


def linked(thread: LoopThread, many: Tab, relay: Relay, links: int) -> float:
    """Let all synths offer; seconds until every link is open."""
    began = time.monotonic()
    given = {"ws": f"ws://127.0.0.1:{relay.port}/ws", "count": links, "atATime": AT_A_TIME}
    thread.run(many.page.evaluate(MANY, given), timeout_s=120)
    many.until(f"window.many.open === {links}")
    return time.monotonic() - began


def measured(
    many: Tab, sender: list[int], zero_ms: float, seconds: float, play: Callable[[float], None]
) -> dict[str, Any]:
    """What comes while `play` plays for so many seconds."""
    many.evaluate(f"() => Object.assign(window.many, {{ zeroMs: {zero_ms}, counting: true, late: [] }})")
    load, busy, began = os.getloadavg()[0], cpu_s(sender), time.monotonic()
    play(seconds)
    took, busy = time.monotonic() - began, cpu_s(sender) - busy
    time.sleep(0.5)
    late = np.array(many.evaluate("() => (window.many.counting = false, window.many.late)"), float)
    down = late[late[:, 1] == 1.0, 0]
    figures = {f"ms_p{p}": round(float(np.percentile(late[:, 0], p)), 1) for p in (50, 90, 99)}
    figures |= {f"down_ms_p{p}": round(float(np.percentile(down, p)), 1) for p in (50, 99)}
    return {
        **figures,
        "messages_a_second": round(len(late) / took),
        "cpu_percent": round(100.0 * busy / took, 1),
        "load": round(load, 1),
    }


def in_page(thread: LoopThread, relay: Relay, many: Tab, links: int, seconds: float) -> dict[str, Any]:
    """The touch page plays, in a browser of its own."""
    browser, pids = started(lambda: Chromium(thread))
    try:
        page = browser.tab()
        thread.run(
            page.page.add_init_script(f"localStorage.setItem('formant-page', JSON.stringify({{synths: {links}}}))")
        )
        page.goto(relay.url)
        page.until("formant.server === 'registered'")
        set_up_s = linked(thread, many, relay, links)
        page.until(f"formant.links.filter(({{ state, told }}) => state === 'open' && told).length === {links}")
        pids = [pid for root in pids[:1] for pid in tree(root)]

        def play(seconds: float) -> None:
            until = time.monotonic() + seconds
            number = 0
            while time.monotonic() < until:
                number += 1
                page.fingers(Finger(number % 8, 0.4, 0.5))
                time.sleep(DOWN_S)
                page.fingers()
                time.sleep(UP_S)

        zero_ms = page.evaluate("() => performance.timeOrigin")
        found = measured(many, pids, zero_ms, seconds, play)
        dropped = page.evaluate("() => formant.links.reduce((sum, { dropped }) => sum + dropped, 0)")
        queued = page.evaluate("() => formant.links.filter(({ queued }) => queued).length")
        return {"set_up_s": round(set_up_s, 1), **found, "dropped": dropped, "queued": queued}
    finally:
        browser.close()


def headless(thread: LoopThread, relay: Relay, many: Tab, links: int, seconds: float) -> dict[str, Any]:
    """`formant-node controller` plays lines from its standard input."""
    words = [sys.executable, "-m", "formant_net", "controller", f"http://127.0.0.1:{relay.port}/#key=none"]
    words += ["--most-synths", str(links), "--wait-synths", str(links), "--id", "ctrl-bench"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdin is not None
        stdin = process.stdin
        while not relay.controllers():
            time.sleep(0.05)
        set_up_s = linked(thread, many, relay, links)
        time.sleep(1.5)

        def play(seconds: float) -> None:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                for active, pause_s in ((True, DOWN_S), (False, UP_S)):
                    stdin.write(json.dumps({"id": 1, "x": 0.4, "y": 0.5, "z": 0.7, "active": active}) + "\n")
                    stdin.flush()
                    time.sleep(pause_s)

        zero_ms = 1000.0 * (time.time() - time.clock_gettime(time.CLOCK_BOOTTIME))
        found = measured(many, [process.pid], zero_ms, seconds, play)
        process.terminate()
        return {"set_up_s": round(set_up_s, 1), **found}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--links", default="16,64,128,200", help="how many, one run each")
    arguments.add_argument("--kinds", default="page,headless", help="page, headless or both")
    arguments.add_argument("--seconds", type=float, default=6.0, help="of playing in each run")
    given = arguments.parse_args()
    thread = LoopThread()
    on_core(thread, 1)
    receivers = Chromium(thread)
    for kind in given.kinds.split(","):
        for links in map(int, given.links.split(",")):
            print(json.dumps(fed(thread, receivers, kind, links, given.seconds)), flush=True)
    receivers.close()
    thread.close()


if __name__ == "__main__":
    main()
