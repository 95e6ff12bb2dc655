"""Pace: with many links moves and repeats come 30 times a second, on a slow link 8 times; touches and lifts at once."""

from __future__ import annotations

from page.conftest import ask
from support.browser.chromium import Tab

PLAYS = """
const { Touches } = await import("/play/touches.js");
let now = 10;
const links = Array.from({ length: COUNT }, (_, k) => ({
  peer: `synth-${k}`, synth: {}, owed: 0, queued: k === 0 && QUEUED, got: [],
  oweRelease() { this.owed = 5; },
  touch(text) {
    const { active, points } = JSON.parse(text);
    this.got.push([now, active, points.length]);
    return true;
  },
}));
const here = { ...links[0], peer: "here", queued: undefined, got: [] };
const touches = new Touches(bounds);
const sender = new m.Sender({ timing, bounds, touches, links: () => [here, ...links], clock: () => now, repeat() {} });
const wait = (s) => { for (let k = 0; k < s / 0.018; k += 1) { now += 0.018; sender.tick(); } };
const one = touches.down(0.5, 0.5);
sender.changed();
wait(1);
const begun = [here, ...links].map(({ got }) => got.filter(([at]) => at > 10 && at <= 11).length);
now += 0.001;
const two = touches.down(0.6, 0.5);
sender.changed();
now += 0.001;
touches.up(two);
sender.changed();
const atOnce = [here, ...links].map(({ got }) => got.slice(-2).map(([at, , fingers]) => [at === now, fingers]));
touches.up(one);
sender.changed();
wait(1);
const lifted = links.map(({ got }) => got.filter(([, active]) => !active).length);
return [begun, atOnce, lifted, sender.pace.spared];
"""


def played(tab: Tab, links: int, *, queued: bool = False) -> tuple[list[int], list[list[list[object]]], list[int], int]:
    """How often each link was told in a second, what it was told of a short finger, of the lift; what was left out."""
    script = PLAYS.replace("COUNT", str(links)).replace("QUEUED", str(queued).lower())
    begun, at_once, lifted, spared = ask(tab, "play/sender", script)
    return begun, at_once, lifted, spared


def test_few_links_are_told_fifty_times_a_second(tab: Tab) -> None:
    begun, at_once, lifted, spared = played(tab, 64 - 1)
    assert set(begun) == {55}
    assert all(told == [[False, 2], [True, 1]] for told in at_once)
    assert set(lifted) == {5}
    assert spared == 0


def test_many_links_are_told_thirty_times_a_second_and_of_each_finger_at_once(tab: Tab) -> None:
    begun, at_once, lifted, spared = played(tab, 65)
    assert begun[0] == 55, "this device itself costs no network"
    assert set(begun[1:]) == {27}
    assert all(told == [[False, 2], [True, 1]] for told in at_once)
    assert set(lifted) == {5}
    assert spared > 0


def test_a_link_on_which_touches_queue_gets_few_and_of_each_finger_at_once(tab: Tab) -> None:
    begun, at_once, lifted, _ = played(tab, 3, queued=True)
    assert begun[1] == 7, "within the hold of a finger at least once, also if every second one is lost"
    assert set(begun[2:]) == {55}
    assert all(told == [[False, 2], [True, 1]] for told in at_once)
    assert set(lifted) == {5}
