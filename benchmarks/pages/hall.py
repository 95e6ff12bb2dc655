"""A hall of phones on this machine: pages that sing in several Chromiums, one touch page, one server; JSON lines.

    python benchmarks/pages/hall.py --singers 200 --browsers 2
    python benchmarks/pages/hall.py --singers 200 --browsers 2 --together

Each singer is the real page `/sing`, with a context of its own for every 25 and an audio context that makes no sound:
200 banks would need more cores than a laptop has. So the figures are those of signaling, links, messages and rules. A
line comes after every 25 singers; the run stops where no more come within two minutes, and says what the pages show.

With --together 25 singers share one page (crowd.js). Each has its own id, WebSocket, connections, rules and mapping, as
in `/sing`. What they share is the page and its threads: what they cost is then that of a synth, and not of a page.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from playwright.async_api import Error

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
from support.browser.chromium import PHONE, Chromium, Finger, LoopThread, Tab
from support.machine.cpu import cpu_s, memory_mb, tree

BATCH = 25
PATIENCE_S = 120.0
SILENT = """
class Silent {
  sampleRate = 48000; state = "running"; baseLatency = 0.05; outputLatency = 0.05; currentTime = 0; destination = {};
  createScriptProcessor() { return { connect() {} }; }
  getOutputTimestamp() { return {}; }
  async resume() {}
  async suspend() {}
  async close() {}
}
window.AudioContext = Silent;
"""
CROWD = Path(__file__).with_name("crowd.js").read_text("utf-8").partition("*/")[2].strip().removesuffix(";")
LINKED = "formant.links.filter(({ state, told }) => state === 'open' && told).length"
STATES = "formant.links.filter(({ state }) => state !== 'open').map(({ state, ending }) => `${state} ${ending}`)"


class Server:
    """`formant-node server` on a free port."""

    def __init__(self) -> None:
        words = [sys.executable, "-m", "formant_net", "server", "--host", "127.0.0.1", "--port", "0", "--no-announce"]
        words += ["--open", "--limit", "connects_burst=100000", "--limit", "connects_per_s=10000"]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        self.url = next(m[0] for line in self.process.stdout if (m := re.search(r"http://127\.0\.0\.1:\d+/", line)))


def open_singers(thread: LoopThread, browser: Chromium, url: str, count: int) -> list[Tab]:
    """So many pages of one context that sing."""
    first = browser.tab(viewport=PHONE)
    tabs = [first]
    context = first.page.context
    thread.run(context.add_init_script(SILENT))
    for number in range(count):
        page = first.page if number == 0 else thread.run(context.new_page())
        if number:
            tabs.append(Tab(thread, page, first.cdp, page.close))
        thread.run(page.goto(url + "sing"))
        thread.run(page.click("#sing"))
    return tabs


def open_crowd(thread: LoopThread, browser: Chromium, url: str, count: int, first: int) -> Tab:
    """One page with so many synths of its own."""
    tab = browser.tab(viewport=PHONE)
    tab.goto(url + "sing")
    tab.evaluate(CROWD, {"ws": url.replace("http", "ws") + "ws", "count": count, "first": first})
    return tab


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--singers", type=int, default=200)
    arguments.add_argument("--browsers", type=int, default=2)
    arguments.add_argument("--seconds", type=float, default=5.0, help="of a held finger after each batch")
    arguments.add_argument("--together", action="store_true", help=f"{BATCH} synths share a page")
    given = arguments.parse_args()
    thread, server = LoopThread(), Server()
    try:
        run(thread, server, given)
    finally:
        server.process.terminate()
        server.process.wait(30)


def run(thread: LoopThread, server: Server, given: Any) -> None:
    controller = Chromium(thread)
    player = controller.tab()
    thread.run(player.page.add_init_script("localStorage.setItem('formant-page', '{\"synths\": 256}')"))
    player.goto(server.url)
    player.until("formant.server === 'registered'")
    browsers = [Chromium(thread) for _ in range(given.browsers)]
    singers: list[Tab] = []
    sing = "window.crowd.sing()" if given.together else "Number(formant.sing.fingers === 1)"
    for number in range(0, given.singers, BATCH):
        count = min(BATCH, given.singers - number)
        began, before = time.monotonic(), cpu_s(tree(os.getpid()))
        browser = browsers[(number // BATCH) % len(browsers)]
        try:
            if given.together:
                singers.append(open_crowd(thread, browser, server.url, count, number))
            else:
                singers += open_singers(thread, browser, server.url, count)
        except (Error, TimeoutError) as error:
            print(json.dumps({"singers": number, "broken": f"no more pages open: {error}"}), flush=True)
            break
        line: dict[str, Any] = {"singers": number + count, "pages": len(singers)}
        try:
            player.until(f"{LINKED} === {number + count}", timeout_s=PATIENCE_S)
        except TimeoutError:
            line["broken"] = player.evaluate(f"() => {STATES}")
        line["links"] = player.evaluate(f"() => {LINKED}")
        line["set_up_s"] = round(time.monotonic() - began, 1)
        line["set_up_cpu_s"] = round(cpu_s(tree(os.getpid())) - before, 1)
        line |= played(player, singers, sing, server, given.seconds)
        print(json.dumps(line | {"load": round(os.getloadavg()[0], 1)}), flush=True)
        if "broken" in line:
            break
    for browser in (controller, *browsers):
        browser.close()


def played(player: Tab, singers: list[Tab], sing: str, server: Server, seconds: float) -> dict[str, Any]:
    """What a held finger costs, and how many of the singers sing it; `sing` asks a page for their number."""
    kinds = {"server": [server.process.pid], "all": tree(os.getpid())}
    before = {kind: cpu_s(pids) for kind, pids in kinds.items()}
    player.fingers(Finger(1, 0.4, 0.5))
    time.sleep(seconds)
    spent = {f"{kind}_cpu_percent": round(100 * (cpu_s(pids) - before[kind]) / seconds) for kind, pids in kinds.items()}
    sung = sum(tab.evaluate(f"() => {sing}") for tab in singers)
    player.fingers()
    rtts = sorted(ms for ms in player.evaluate("() => formant.links.map(({ rttMs }) => rttMs)") if ms is not None)
    return {
        "sing": sung,
        **spent,
        "rtt_ms_p50": round(rtts[len(rtts) // 2], 1) if rtts else None,
        "rtt_ms_max": round(rtts[-1], 1) if rtts else None,
        "memory_mb": round(memory_mb(kinds["all"])),
    }


if __name__ == "__main__":
    main()
