"""The page and several servers: on to the next one when its own is gone or says so, and home again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from page.relay import Relay
from support.browser import Chromium, LoopThread, Tab


@pytest.fixture(scope="module")
def tab(loop_thread: LoopThread, chromium: Chromium) -> Iterator[Tab]:
    relay = Relay()
    loop_thread.run(relay.start())
    tab = chromium.tab()
    tab.goto(relay.url)
    yield tab
    tab.close()
    loop_thread.run(relay.stop())


STAGE = """
const m = await import('/signaling.js');
const sockets = [];
class Fake {
  static OPEN = 1;
  readyState = 1;
  sent = [];
  constructor(url) { this.url = url; sockets.push(this); }
  send(text) { this.sent.push(JSON.parse(text)); }
  close() { this.readyState = 3; }
}
window.WebSocket = Fake;
let now = 0;
let well = true;
const s = new m.Signaling({
  url: 'ws://one/ws', identity: {id: 'touch-ctrl-a', resume: null, fresh() {}}, key: 'k', clock: () => now,
  events: {changed() {}, offer() {}, candidate() {}}, home: async () => well,
});
const last = () => sockets[sockets.length - 1];
const register = (...servers) => {
  last().onopen();
  last().onmessage({data: JSON.stringify({type: 'registered', edge: 'e', resume: 'r', ice_servers: [], servers})});
};
const lose = () => last().onclose();
const urls = () => sockets.map((socket) => socket.url);
s.connect();
"""


def ask(tab: Tab, body: str) -> Any:
    """In a page of its own each time: the WebSocket of the page is replaced."""
    return tab.evaluate(
        f"async () => {{ const real = window.WebSocket;"
        f" try {{ {STAGE} {body} }} finally {{ window.WebSocket = real; }} }}"
    )


def test_its_own_server_is_tried_again_and_then_the_next_with_key_and_secret(tab: Tab) -> None:
    told = ask(
        tab,
        "register('ws://two/ws', 'javascript:x', 'ws://one/ws'); lose(); s.connect(); lose(); s.connect();"
        "last().onopen(); return [urls(), last().sent[0]];",
    )
    assert told[0] == ["ws://one/ws", "ws://one/ws", "ws://two/ws"]
    assert (told[1]["key"], told[1]["resume"], told[1]["client_id"]) == ("k", "r", "touch-ctrl-a")


def test_asked_to_move_it_goes_to_the_next(tab: Tab) -> None:
    told = ask(
        tab,
        "register('ws://two/ws'); last().onmessage({data: JSON.stringify({type: 'move', within_s: 0})});"
        "await new Promise((done) => setTimeout(done, 50)); register('ws://one/ws'); return [urls(), s.state];",
    )
    assert told == [["ws://one/ws", "ws://two/ws"], "registered"]


def test_it_goes_home_after_three_good_checks_in_a_row(tab: Tab) -> None:
    told = ask(
        tab,
        "register('ws://two/ws'); lose(); s.connect(); lose(); s.connect(); register('ws://one/ws', 'ws://three/ws');"
        "const seen = [];"
        "for (const ok of [true, false, true, true, true]) { well = ok; now += 10; s.tick(now);"
        "await new Promise((done) => setTimeout(done, 0)); seen.push(urls().length); }"
        "return [seen, urls()];",
    )
    assert told == [[3, 3, 3, 3, 4], ["ws://one/ws", "ws://one/ws", "ws://two/ws", "ws://one/ws"]]


def test_alone_it_stays_where_it_is(tab: Tab) -> None:
    told = ask(tab, "register(); lose(); s.connect(); lose(); s.connect(); lose(); s.connect(); return urls();")
    assert set(told) == {"ws://one/ws"}
