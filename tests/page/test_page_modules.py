"""The pure modules of the page, each rule by itself: imported into an empty page and asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from page.relay import Relay
from support.browser import Chromium, LoopThread, Tab

from formant_dsp.preset_vowels import names_along
from formant_dsp.presets import DEFAULT, load, names


@pytest.fixture(scope="module")
def tab(loop_thread: LoopThread, chromium: Chromium) -> Iterator[Tab]:
    """One page for all: a pure module keeps nothing."""
    relay = Relay()
    loop_thread.run(relay.start())
    tab = chromium.tab()
    tab.goto(relay.url)
    yield tab
    tab.close()
    loop_thread.run(relay.stop())


def ask(tab: Tab, module: str, body: str) -> Any:
    return tab.evaluate(f"async () => {{ const m = await import('/{module}.js'); {body} }}")


def test_backoff_doubles_to_its_ceiling_and_starts_again_after_thirty_seconds_of_health(tab: Tab) -> None:
    waits = ask(
        tab, "backoff",
        "const b = new m.Backoff({random: () => 1}); const w = [];"
        "for (let k = 0; k < 8; k += 1) w.push(b.closed(0));"
        "b.opened(100); w.push(b.closed(129.9)); b.opened(200); w.push(b.closed(230)); return w;",
    )  # fmt: skip
    assert waits == [0.25, 0.5, 1, 2, 4, 8, 10, 10, 10, 0.25]


def test_backoff_draws_from_zero_to_its_step(tab: Tab) -> None:
    assert ask(tab, "backoff", "return new m.Backoff({random: () => 0.5}).closed(0);") == 0.125
    assert ask(tab, "backoff", "return new m.Backoff({random: () => 0}).closed(0);") == 0


def test_pitch_on_screen_is_the_pitch_that_synths_play(tab: Tab) -> None:
    places = [0.0, 1 / 3, 0.5, 0.777, 1.0]
    shown = [ask(tab, "mapping", f"return m.f0Hz({x});") for x in places]
    assert shown == [pytest.approx(load(DEFAULT).f0_hz(x)) for x in places]


@pytest.mark.parametrize(
    ("x", "label", "cents"),
    [(0, "A2", 0), (1 / 36, "A♯2", 0), (3 / 36, "C3", 0), (1, "A5", 0), (0.51, "D♯4", 36), (0.495, "D♯4", -18)],
)
def test_notes_are_named_with_their_cents(tab: Tab, x: float, label: str, cents: int) -> None:
    assert ask(tab, "mapping", f"return m.noteAt({x});") == {"label": label, "cents": cents}


@pytest.mark.parametrize(
    ("y", "name"), [(0, "a"), (0.25, "e"), (0.3, "e"), (0.375, "e–i"), (0.5, "i"), (0.75, "o"), (1, "u")]
)
def test_vowels_are_named(tab: Tab, y: float, name: str) -> None:
    assert ask(tab, "mapping", f"return m.vowelAt({y});") == name


BASS = '{lowHz: 65, octaves: 2.4, vowels: ["u", "ɛ", "i"]}'


def test_another_surface_has_its_own_notes_and_vowels(tab: Tab) -> None:
    assert ask(tab, "mapping", f"return m.noteAt(0, {BASS});") == {"label": "C2", "cents": -11}
    shown = ask(tab, "mapping", f"return m.semitones({BASS});")
    assert [(each["name"], each["octave"]) for each in (shown[0], shown[-1])] == [("C", 2), ("E", 4)]
    for each in (shown[0], shown[-1]):
        assert 65 * 2 ** (2.4 * each["x"]) == pytest.approx(440 * 2 ** ((each["midi"] - 69) / 12))
    assert ask(tab, "mapping", f"return m.lowestC({BASS});") == 36
    assert ask(tab, "mapping", "return [m.lowestC(), m.xOf(48)];") == [48, pytest.approx(3 / 36)]
    assert [ask(tab, "mapping", f"return m.vowelAt({y}, {BASS});") for y in (0, 0.25, 0.5, 1)] == ["u", "u–ɛ", "ɛ", "i"]
    assert [band["y"] for band in ask(tab, "mapping", f"return m.bands({BASS});")] == [0, 0.5, 1]


@pytest.mark.parametrize(
    "said",
    ["null", "3", "{}", '{low_hz: 0, octaves: 3, vowels: ["a", "e"]}', '{low_hz: 110, octaves: "x", vowels: ["a"]}',
     '{low_hz: 110, octaves: 3, vowels: ["a"]}', '{low_hz: 110, octaves: 3, vowels: ["a", 7]}',
     '{low_hz: 110, octaves: 3, vowels: "aeiou"}', '{low_hz: NaN, octaves: 3, vowels: ["a", "e"]}'],
)  # fmt: skip
def test_what_is_no_surface_is_none(tab: Tab, said: str) -> None:
    assert ask(tab, "mapping", f"return m.rangeOf({said});") is None


@pytest.mark.parametrize("name", names())
def test_what_a_synth_says_of_any_preset_is_a_surface(tab: Tab, name: str) -> None:
    preset = load(name)
    assert ask(tab, "mapping", f"return m.rangeOf({json.dumps(preset.surface)});") == {
        "lowHz": preset.f0_low_hz, "octaves": preset.octaves, "vowels": list(names_along(preset.way)),
    }  # fmt: skip


def test_silence_counts_only_while_the_page_was_awake(tab: Tab) -> None:
    """A phone that slept for an hour has not heard its synths for an hour; they are not dead for that."""
    assert ask(
        tab, "pingpong",
        "const p = new m.PingPong(0); p.sent(0); p.received(0, 0.01); p.tick(3600); const asleep = p.dead;"
        "p.tick(3601); p.tick(3602); return [asleep, p.dead];",
    ) == [False, True]  # fmt: skip


def test_link_that_seems_dead_is_given_up_after_half_a_minute(tab: Tab) -> None:
    """The synth offers before, if it lives and has a server."""
    ends = ask(
        tab, "link",
        "let now = 0; let changes = 0; const common = { peer: 's', iceServers: [], clock: () => now };"
        "const told = { signal() {}, idleState: () => ({}), opened() {}, changed: () => changes++ };"
        "const link = new m.Link({ ...common, ...told });"
        "const channel = { label: 'params', readyState: 'open', bufferedAmount: 0, send() {} };"
        "link.pc.ondatachannel({ channel }); const seen = [];"
        "for (now = 1; now <= 30; now += 1) { link.tick(now); seen.push([link.state, link.silent]); }"
        "return [seen[1], seen[2], seen[28], seen[29], link.ending, changes];",
    )  # fmt: skip
    assert ends == [["open", False], ["open", True], ["open", True], ["lost", False], "no answer for 30 s", 1]


def test_round_trip_is_smoothed_and_a_repeated_pong_counts_once(tab: Tab) -> None:
    assert ask(
        tab, "pingpong",
        "const p = new m.PingPong(0); const a = p.sent(0); p.received(a, 0.008); const first = p.rttS;"
        "const again = p.received(a, 5); const b = p.sent(1); p.received(b, 1.016); return [first, again, p.rttS];",
    ) == [0.008, False, pytest.approx(0.009)]  # fmt: skip


def test_loss_is_the_part_of_pings_without_an_answer(tab: Tab) -> None:
    loss = ask(
        tab, "pingpong",
        "const p = new m.PingPong(0); for (let k = 0; k < 4; k += 1) { const s = p.sent(k); if (k) p.received(s, k); }"
        "p.tick(3.5); return p.loss;",
    )  # fmt: skip
    assert loss == 0.25


def test_more_fingers_than_a_message_may_carry_are_refused(tab: Tab) -> None:
    assert ask(
        tab, "touches",
        "const t = new m.Touches(); const ids = Array.from({length: 40}, () => t.down(0.5, 0.5));"
        "return [t.size, ids.filter((id) => id === null).length];",
    ) == [32, 8]  # fmt: skip


def test_places_outside_the_surface_are_held_at_its_edge(tab: Tab) -> None:
    x, y = ask(tab, "touches", "const t = new m.Touches(); t.down(-3, NaN); const [p] = t.points(); return [p.x, p.y];")
    assert (x, y) == (0, 0)


def test_synth_is_not_shown_the_same_state_twice(tab: Tab) -> None:
    assert ask(
        tab, "touches",
        "const t = new m.Touches(); const id = t.down(0.5, 0.5); return [t.move(id, 0.5, 0.5), t.move(id, 0.6, 0.5)];",
    ) == [False, True]  # fmt: skip


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ({"server": "registered", "open": 2}, "Connected, 2 synths"),
        ({"server": "registered", "open": 1}, "Connected, 1 synth"),
        ({"server": "registered"}, "Looking for synths…"),
        ({"server": "registered", "opening": 1}, "Connecting to a synth…"),
        ({"server": "waiting", "retryInS": 2.3}, "Server unreachable, trying again in 3 s"),
        ({"server": "waiting", "retryInS": 2.3, "open": 1},
         "Server unreachable, trying again in 3 s – sound keeps playing"),
        ({"server": "needs-key", "reason": "Wrong key"}, "Wrong key"),
        ({"server": "refused", "reason": "full", "retryInS": 1}, "Server: full, trying again in 1 s"),
        ({"server": "kicked"}, "Disconnected by the server"),
        ({"server": "connecting"}, "Connecting…"),
    ],
)  # fmt: skip
def test_status_says_what_is_so_and_what_comes_next(tab: Tab, now: dict[str, Any], words: str) -> None:
    given = {"reason": "", "retryInS": 0, "open": 0, "opening": 0, **now}
    shown = tab.evaluate("async (now) => (await import('/status.js')).statusWords(now)", given)
    assert shown["text"] == words
    assert " in " not in shown["spoken"]  # a countdown read aloud every second helps nobody


def test_busy_link_drops_a_touch_instead_of_queueing_it(tab: Tab) -> None:
    """After an outage the channel would deliver what was so half a second ago."""
    sent, dropped = tab.evaluate(
        """async () => {
          const { Link } = await import('/link.js');
          const link = new Link({ peer: 'synth-x', iceServers: [], signal() {}, opened() {}, changed() {},
                                  clock: () => 0 });
          const sent = [];
          const channel = { label: 'params', readyState: 'open', bufferedAmount: 0, send: (text) => sent.push(text) };
          link.pc.ondatachannel({ channel });
          const results = [link.touch('first')];
          channel.bufferedAmount = 100000;
          results.push(link.touch('second'));
          channel.bufferedAmount = 0;
          results.push(link.touch('third'));
          channel.send = () => { throw new Error('closed'); };
          results.push(link.touch('fourth'));
          link.close('done');
          results.push(link.touch('fifth'));
          return [[sent, results], link.dropped];
        }"""
    )
    assert sent == [["first", "third"], [True, False, True, False, False]]
    assert dropped == 1


def test_candidates_that_come_before_the_offer_is_taken_in_are_kept_in_order(tab: Tab) -> None:
    taken = tab.evaluate(
        """async () => {
          const { Link } = await import('/link.js');
          const link = new Link({ peer: 'synth-x', iceServers: [], signal() {}, opened() {}, changed() {},
                                  clock: () => 0 });
          const taken = [];
          let offerTaken;
          link.pc.setRemoteDescription = () => new Promise((resolve) => {
            offerTaken = () => { taken.push('offer'); resolve(); };
          });
          link.pc.addIceCandidate = async (candidate) => { taken.push(candidate?.candidate ?? 'end'); };
          link.accept({ type: 'offer', sdp: '' });
          link.addCandidate({ candidate: 'one' });
          link.addCandidate(null);
          offerTaken();
          await new Promise((resolve) => setTimeout(resolve, 0));
          link.addCandidate({ candidate: 'late' });
          link.close('done');
          link.addCandidate({ candidate: 'after the end' });
          return taken;
        }"""
    )
    assert taken == ["offer", "one", "end", "late"]


SURFACES = [
    *[load(name).surface for name in names()],
    {"low_hz": 200, "octaves": 0.1, "vowels": ["a", "i"]},
    {"low_hz": 30, "octaves": 7, "vowels": list("aeiou")},
    {"low_hz": 55, "octaves": 5, "vowels": list("aeiouoieaei")},
    {"low_hz": 110, "octaves": 3, "vowels": [f"vowel{k:02}x" for k in range(30)]},
]


@pytest.mark.parametrize(("width", "height"), [(320, 480), (360, 740), (740, 360), (1600, 700)])
def test_no_two_labels_of_the_surface_meet(tab: Tab, width: int, height: int) -> None:
    """Boxes of all that is written, as (text, left, right, top, bottom)."""
    for surface in SURFACES:
        written = ask(
            tab, "grid",
            "const {rangeOf} = await import('/mapping.js');"
            "const ctx = document.createElement('canvas').getContext('2d'); const out = [];"
            "ctx.fillText = (text, x, y) => { if (!text) return; const m = ctx.measureText(text);"
            "out.push([text, x - m.actualBoundingBoxLeft, x + m.actualBoundingBoxRight,"
            "y - m.actualBoundingBoxAscent, y + m.actualBoundingBoxDescent]); };"
            f"const area = {{width: {width}, height: {height}, left: 0, top: 0, bottom: 20}};"
            f"m.drawGrid(ctx, area, rangeOf({json.dumps(surface)})); return out;",
        )  # fmt: skip
        texts = [text for text, *_ in written]
        assert surface is not None
        assert surface["vowels"][0] in texts
        assert surface["vowels"][-1] in texts
        assert any(text[-1].isdigit() and text[0] in "ABCDEFG" for text in texts), "no note has a name"
        for k, (one, left, right, top, bottom) in enumerate(written):
            assert left >= -0.5, one
            assert right <= width + 0.5, one
            for other, from_x, to_x, from_y, to_y in written[k + 1 :]:
                assert right <= from_x or to_x <= left or bottom <= from_y or to_y <= top, (surface, one, other)
