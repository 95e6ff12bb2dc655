"""A connection of the page that offers: both channels are its own, and it takes no others."""

from __future__ import annotations

from page.conftest import ask
from support.browser.chromium import Tab

ALIENS = """
const handed = [], nothing = () => {};
const events = { candidate: nothing, reached: nothing, opened: nothing, message: nothing, ended: nothing };
const one = new m.Connection({ iceServers: [], bounds, events, hand: ({ label }) => handed.push(label) });
const other = new RTCPeerConnection();
const aliens = ["params", "x"].map((label) => other.createDataChannel(label));
const closed = aliens.map((alien) => new Promise((resolve) => (alien.onclose = resolve)));
await other.setRemoteDescription(await one.offer());
await other.setLocalDescription();
await new Promise((resolve) => {
  other.onicegatheringstatechange = () => other.iceGatheringState === "complete" && resolve();
  other.onicegatheringstatechange();
});
await one.accept(other.localDescription);
await Promise.all(closed);
one.close();
other.close();
return handed;
"""


def test_channels_that_the_other_side_makes_are_closed_and_reach_no_worker(tab: Tab) -> None:
    assert ask(tab, "client/connection", ALIENS) == ["params", "commands"]
