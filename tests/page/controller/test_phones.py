"""A page that has all the synths it can play: a phone gives its place to a box, and takes none."""

from __future__ import annotations

from page.conftest import ask
from support.browser.chromium import Tab

ENSEMBLE = """
const clock = () => 0;
const none = () => {};
const e = new m.Ensemble({ timing, bounds: { ...bounds, synths: 2 }, iceServers: () => [], signal: none,
  idleState: () => ({}), changed: none, silent: none, clock });
for (const id of %s) e.offer(id, { type: "offer", sdp: "" });
const left = e.all().map(({ peer }) => peer);
e.closeAll("over");
return [left, e.beyondLimit];
"""


def left(tab: Tab, *ids: str) -> tuple[list[str], int]:
    names, beyond = ask(tab, "controller/ensemble", ENSEMBLE % list(ids))
    return names, beyond


def test_the_newest_phone_gives_its_place_to_a_box(tab: Tab) -> None:
    assert left(tab, "synth-web-1", "synth-web-2", "synth-a") == (["synth-a", "synth-web-1"], 0)
    assert left(tab, "synth-web-1", "synth-web-2", "synth-a", "synth-b") == (["synth-a", "synth-b"], 0)


def test_a_phone_takes_no_place_and_is_counted(tab: Tab) -> None:
    assert left(tab, "synth-a", "synth-b", "synth-web-1") == (["synth-a", "synth-b"], 1)
    assert left(tab, "synth-web-1", "synth-web-2", "synth-web-3") == (["synth-web-1", "synth-web-2"], 1)
    assert left(tab, "synth-a", "synth-b", "synth-c") == (["synth-a", "synth-b"], 1)
