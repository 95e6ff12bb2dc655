"""The page's sockets to several servers, by hand. The rules themselves are in tests/vectors/data/signaling.json."""

from __future__ import annotations

from typing import Any

from page.conftest import ask
from support.browser.chromium import Tab

STAGE = """
const { Signaling } = await import('/client/signaling.js');
const made = [];
class Fake {
  static OPEN = 1;
  readyState = 1;
  sent = [];
  closed = false;
  constructor(url) { this.url = url; made.push(this); }
  send(text) { this.sent.push(JSON.parse(text)); }
  close() { this.readyState = 3; this.closed = true; }
}
const real = globalThis.WebSocket;
globalThis.WebSocket = Fake;
let now = 0;
const fresh = () => Object.assign(identity, { id: 'touch-ctrl-b', resume: null });
const identity = { id: 'touch-ctrl-a', resume: null, run: '1', fresh };
const signaling = new Signaling({
  identity, servers: ['ws://one/ws'], key: 'k', timing, bounds, random: () => 0 });
const seen = [];
const sockets = new m.Sockets({
  signaling, clock: () => now,
  events: { changed: () => seen.push(signaling.ending || signaling.state), offer() {}, candidate() {} } });
const say = (socket, message) => socket.onmessage?.({ data: JSON.stringify(message) });
const register = (socket, servers = []) => {
  socket.onopen();
  say(socket, { type: 'registered', edge: 'e', resume: 'r', ice_servers: [], heartbeat_s: 20, servers });
};
const at = (moment) => { now = moment; sockets.tick(); };
sockets.does((moment) => signaling.start(moment));
"""


def told(tab: Tab, body: str) -> Any:
    """What `body` returns; the page's own WebSocket is put back afterwards, and no timer is left."""
    end = "globalThis.WebSocket = real; signaling.nextDeadline = () => null; sockets.tick();"
    return ask(tab, "client/sockets", f"{STAGE} try {{ {body} }} finally {{ {end} }}")


def test_the_page_is_registered_at_the_new_server_before_it_lets_go_of_the_old_one(tab: Tab) -> None:
    steps = told(
        tab,
        """register(made[0], ['ws://two/ws']);
        const steps = [];
        const note = () => steps.push([signaling.state, made.map((each) => each.closed)]);
        say(made[0], { type: 'move', within_s: 0 });
        at(0.001); note();
        made[1].onopen(); note();
        say(made[1], { type: 'registered', edge: 'f', resume: 'r', ice_servers: [], heartbeat_s: 20 }); note();
        return [steps, made[1].url, made[1].sent[0].resume, signaling.registrations];""",
    )
    assert steps == [
        [["registered", [False, False]], ["registered", [False, False]], ["registered", [True, False]]],
        "ws://two/ws",
        "r",
        2,
    ]


def test_what_is_sent_goes_to_the_server_that_has_registered_us(tab: Tab) -> None:
    kinds = told(
        tab,
        """register(made[0], ['ws://two/ws']);
        say(made[0], { type: 'move', within_s: 0 });
        at(0.001); made[1].onopen();
        sockets.send({ type: 'answer' });
        say(made[1], { type: 'registered', edge: 'f', resume: 'r', ice_servers: [], heartbeat_s: 20 });
        sockets.send({ type: 'answer' });
        return made.map((each) => each.sent.map((message) => message.type));""",
    )
    assert kinds == [["register", "answer"], ["register", "answer"]]


def test_an_id_that_is_taken_is_given_up_at_once_but_not_again_and_again(tab: Tab) -> None:
    ids = told(
        tab,
        """const taken = { type: 'error', code: 'id-taken', message: 'taken', about: 'register' };
        made[0].onopen(); say(made[0], taken);
        made[1].onopen(); say(made[1], taken);
        return [made.length, made[1].sent[0].client_id, signaling.state, signaling.reason];""",
    )
    assert ids == [2, "touch-ctrl-b", "waiting", "taken"]


def test_a_key_that_is_withdrawn_while_the_page_plays_is_asked_for(tab: Tab) -> None:
    ends = told(
        tab,
        """register(made[0], ['ws://two/ws']);
        made[0].onclose(); at(1); made[1].onopen();
        say(made[1], { type: 'error', code: 'bad-key', message: 'no', about: 'register' });
        return [signaling.ending, signaling.reason, made.length, signaling.nextDeadline()];""",
    )
    assert ends == ["needs-key", "Wrong key", 2, None]


def test_an_address_that_the_policy_forbids_is_one_that_failed(tab: Tab) -> None:
    states = told(
        tab,
        """globalThis.WebSocket = class { static OPEN = 1; constructor() { throw new Error('forbidden'); } };
        made[0].onclose(); at(1);
        await new Promise((done) => setTimeout(done, 0));
        return [signaling.state, seen.at(-1)];""",
    )
    assert states == ["waiting", "waiting"]


def test_messages_that_are_no_json_end_nothing(tab: Tab) -> None:
    assert told(
        tab,
        """register(made[0]);
        for (const data of ['x', 'null', '7', '[]', '{}', '{"type": 5}']) made[0].onmessage({ data });
        return [signaling.state, made.length];""",
    ) == ["registered", 1]


def test_kicked_by_a_server_of_another_make_is_final(tab: Tab) -> None:
    assert told(
        tab,
        """register(made[0]);
        say(made[0], { type: 'kicked', kicked_by: 'somebody' });
        at(1000);
        return [signaling.ending, signaling.reason, made.length];""",
    ) == ["kicked", "somebody", 1]


def test_a_server_that_never_says_registered_is_taken_by_its_first_offer(tab: Tab) -> None:
    states = told(
        tab,
        """made[0].onopen(); at(1);
        const before = signaling.state;
        say(made[0], { type: 'offer', source: 'synth-a', data: { type: 'offer', sdp: 'x' } });
        const after = signaling.state;
        at(20.5); at(21.5);
        const beats = made[0].sent.filter((message) => message.type === 'heartbeat').length;
        sockets.does((moment) => signaling.verify(moment)); // it would not answer
        at(30);
        return [before, after, beats, signaling.state, made.length];""",
    )
    assert states == ["registering", "registered", 1, "registered", 1]
