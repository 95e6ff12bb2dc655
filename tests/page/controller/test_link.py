"""One link by itself, with a connection that is driven by hand."""

from __future__ import annotations

from page.conftest import ask
from support.browser.chromium import Tab

MAKE = """
const link = new m.Link({ peer: 'synth-x', iceServers: [], timing, bounds, signal() {}, idleState: () => ({}),
                          opened() {}, changed() {}, clock: () => 0 });
const { pc } = link.connection;
"""
CHANNEL = """
const sent = [];
const channel = { label: 'params', readyState: 'open', bufferedAmount: 0, send: (text) => sent.push(text) };
pc.ondatachannel({ channel });
"""


def test_busy_link_drops_a_touch_instead_of_queueing_it(tab: Tab) -> None:
    """After an outage the channel would deliver what was so half a second ago."""
    sent, results, dropped = ask(
        tab,
        "controller/link",
        f"""{MAKE}{CHANNEL}
        const results = [link.touch('first')];
        channel.bufferedAmount = bounds.unsent_bytes;
        results.push(link.touch('second'));
        channel.bufferedAmount = bounds.unsent_bytes + 1;
        results.push(link.touch('third'));
        channel.bufferedAmount = 0;
        results.push(link.touch('fourth'));
        channel.send = () => {{ throw new Error('closed'); }};
        results.push(link.touch('fifth'));
        link.close('done');
        results.push(link.touch('sixth'));
        return [sent, results, link.dropped];""",
    )
    assert sent == ["first", "second", "fourth"]
    assert results == [True, True, False, True, False, False]
    assert dropped == 1


def test_candidates_that_come_before_the_offer_is_taken_in_are_kept_in_order(tab: Tab) -> None:
    taken = ask(
        tab,
        "controller/link",
        f"""{MAKE}
        const taken = [];
        let offerTaken;
        pc.setRemoteDescription = () => new Promise((resolve) => {{
          offerTaken = () => {{ taken.push('offer'); resolve(); }};
        }});
        pc.addIceCandidate = async (candidate) => {{ taken.push(candidate?.candidate ?? 'end'); }};
        link.accept({{ type: 'offer', sdp: '' }});
        link.addCandidate({{ candidate: 'one' }});
        link.addCandidate(null);
        offerTaken();
        await new Promise((resolve) => setTimeout(resolve, 0));
        link.addCandidate({{ candidate: 'late' }});
        link.addCandidate({{ candidate: 'a=candidate:1 1 UDP 1 192.0.2.1 9 typ host' }}); // as libdatachannel writes it
        link.close('done');
        link.addCandidate({{ candidate: 'after the end' }});
        return taken;""",
    )
    assert taken == ["offer", "one", "end", "late", "candidate:1 1 UDP 1 192.0.2.1 9 typ host"]


def test_a_setting_of_one_kind_does_not_use_up_the_tries_of_another(tab: Tab) -> None:
    """While a slider moves it asks twenty times a second; a lost power command is asked for each second."""
    names = ask(
        tab,
        "controller/link",
        f"""{MAKE}{CHANNEL}
        sent.length = 0;
        link.setPower(false);
        for (let k = 0; k < 20; k += 1) link.setVolume(k / 20);
        link.remind();
        return sent.map((text) => JSON.parse(text)).filter((each) => each.type !== 'ping').map((each) => each.name);""",
    )
    assert names.count("power") == 2
    assert names.count("volume") == 21


def test_a_setting_of_a_person_is_remembered_and_one_that_is_played_is_not(tab: Tab) -> None:
    remembered = ask(
        tab,
        "controller/link",
        f"""{MAKE}{CHANNEL}
        sent.length = 0;
        link.setVolume(0.2); link.setVolume(0.3, {{ remember: false }});
        const params = sent.map((text) => JSON.parse(text)).filter(({{ type }}) => type === 'param');
        return params.map((each) => each.remember);""",
    )
    assert remembered == [True, False]


def test_a_setting_is_shown_until_the_synth_shows_it_or_does_not_take_it(tab: Tab) -> None:
    volumes = ask(
        tab,
        "controller/link",
        f"""{MAKE}{CHANNEL}
        const say = (volume) => channel.onmessage({{ data: JSON.stringify({{ type: 'pong', state: {{ volume }} }}) }});
        const shown = [];
        say(0.7); shown.push(link.synth.volume);
        link.setVolume(0.2); shown.push(link.synth.volume);
        say(0.7); shown.push(link.synth.volume);
        for (let k = 0; k < 5; k += 1) link.remind();
        shown.push(link.synth.volume);
        link.setVolume(0.3); say(0.3); say(0.9); shown.push(link.synth.volume);
        return shown;""",
    )
    assert volumes == [0.7, 0.2, 0.2, 0.7, 0.9]
