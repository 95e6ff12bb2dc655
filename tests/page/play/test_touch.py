"""What fingers, mouse and keys become on the wire: full state, repeated while held, released several times."""

from __future__ import annotations

from functools import partial

import msgspec
import pytest
from page.conftest import Stage
from page.offerer import Heard, Offerer
from support.browser.chromium import Finger, Tab

from formant_net.protocol import codec, messages


def active(synth: Offerer, fingers: int) -> list[Heard]:
    """Touch messages with so many fingers down."""
    return [h for h in synth.heard if h.message["type"] == "touch" and len(h.message["points"]) == fingers]


def released(synth: Offerer) -> list[Heard]:
    return [h for h in synth.heard if h.message["type"] == "touch" and not h.message["active"]]


def test_two_fingers_are_two_points_at_their_places(stage: Stage) -> None:
    _, synth, tab = stage.playing()
    tab.fingers(Finger(0, 0.25, 0.5))
    stage.until(lambda: active(synth, 1), "one finger")
    tab.fingers(Finger(0, 0.25, 0.5), Finger(1, 0.75, 0.9))
    stage.until(lambda: active(synth, 2), "two fingers")
    tab.fingers(Finger(0, 0.25, 0.5), Finger(1, 0.5, 0.1))
    stage.until(lambda: active(synth, 2)[-1].message["points"][1]["x"] == pytest.approx(0.5, abs=0.003), "a move")
    touch = active(synth, 2)[-1].message
    first, second = touch["points"]
    assert (first["x"], first["y"]) == (pytest.approx(0.25, abs=0.003), pytest.approx(0.5, abs=0.003))
    assert second["y"] == pytest.approx(0.1, abs=0.003)
    assert first["id"] != second["id"]
    # A peer that reads only x, y and active follows the newest finger.
    assert (touch["x"], touch["y"], touch["id"], touch["active"]) == (second["x"], second["y"], second["id"], True)

    tab.fingers(Finger(0, 0.25, 0.5))
    stage.until(lambda: synth.touches()[-1]["points"] == [first], "the second finger is up")
    tab.fingers()
    stage.until(lambda: released(synth), "all fingers are up")
    assert synth.touches()[-1]["points"] == []


def test_every_message_decodes_and_seq_only_rises(stage: Stage) -> None:
    _, synth, tab = stage.playing()
    for place in range(5):
        tab.fingers(Finger(0, place / 5, place / 5, force=0.6))
        tab.fingers(Finger(0, place / 5 + 0.1, place / 5, force=0.3))
        tab.fingers()
    stage.until(lambda: len(released(synth)) >= 5, "releases")
    for heard in synth.heard:
        decoded = codec.decode_channel(msgspec.json.encode(heard.message))
        assert not isinstance(decoded, messages.Unknown)
        assert heard.channel == "params"
    sequence = [touch["seq"] for touch in synth.touches()]
    assert sequence == sorted(set(sequence))


@pytest.mark.parametrize("x", [0.0, 0.999])
def test_edges_of_the_surface_are_played(stage: Stage, x: float) -> None:
    """`clientX || touches[0]` failed at x = 0 once."""
    _, synth, tab = stage.playing()
    tab.fingers(Finger(0, x, 0.0005))
    touch = stage.until(lambda: active(synth, 1), "the finger")[0].message
    assert touch["x"] == pytest.approx(x, abs=0.003)
    assert touch["y"] == pytest.approx(0.0, abs=0.003)
    if x == 0.0:
        assert touch["x"] == 0


@pytest.mark.parametrize("size", [(390, 844), (844, 390), (820, 1180), (1440, 900)])
@pytest.mark.parametrize("panel", [False, True])
def test_nothing_covers_the_surface(stage: Stage, size: tuple[int, int], panel: bool) -> None:
    """Each place of the surface is the surface's, with the list of synths open or not; or it is not there to play."""
    tab = stage.tab(stage.relay(), viewport={"width": size[0], "height": size[1]})
    tab.until("formant.server === 'registered'")
    if panel:
        tab.click("#panel-toggle")
    covered = tab.evaluate(
        """() => {
          const canvas = document.getElementById('surface');
          const { left, top, width, height } = canvas.getBoundingClientRect();
          const covered = [];
          for (let i = 0; i < 40; i += 1) for (let j = 0; j < 40 && width > 0; j += 1) {
            const there = document.elementFromPoint(left + (i + 0.5) / 40 * width, top + (j + 0.5) / 40 * height);
            if (there !== canvas) covered.push(there?.id ?? 'nothing');
          }
          return covered;
        }"""
    )
    assert covered == []
    _, _, width, height = tab.surface()
    assert (width, height) == (
        (0, 0) if panel and size[0] < 700 else (size[0] - 340 * panel, size[1] - 56 - 56 * (size[0] < 700))
    )


def test_the_surface_stays_where_it_is_when_the_words_of_the_status_change(stage: Stage) -> None:
    relay, _, tab = stage.playing()
    before = tab.surface()
    stage.thread.run(relay.stop())
    tab.until("/sound keeps playing/.test(formant.status)")
    assert tab.surface() == before


MOUSE = "{pointerId: 1, pointerType: 'mouse', clientX: 100, clientY: 300, bubbles: true"


def mouse(tab: Tab, *events: tuple[str, int, int]) -> list[int]:
    """How many fingers are down after each event `(type, button, buttons)`."""
    counts = []
    for kind, button, buttons in events:
        tab.evaluate(
            f"document.getElementById('surface').dispatchEvent(new PointerEvent('{kind}', "
            f"{MOUSE}, button: {button}, buttons: {buttons}}}))"
        )
        counts.append(tab.evaluate("formant.fingers.length"))
    return counts


def test_the_first_button_alone_begins_and_ends_a_note(stage: Stage) -> None:
    """While one button is down browsers report the others as moves: left down, right down, left up, right up."""
    _, _, tab = stage.playing()
    down, up = ("pointerdown", 0, 1), ("pointerup", 2, 0)
    assert mouse(tab, down, ("pointermove", 2, 3), ("pointermove", 0, 2), up) == [1, 1, 0, 0]
    right = ("pointerdown", 2, 2)
    assert mouse(tab, right, ("pointermove", 0, 3), ("pointermove", -1, 3), ("pointermove", 0, 2), up) == [
        0,
        1,
        1,
        0,
        0,
    ]
    assert mouse(tab, right, ("pointermove", -1, 2), up) == [0, 0, 0]


def test_resting_finger_is_sent_fifty_times_a_second(stage: Stage) -> None:
    _, synth, tab = stage.playing()
    tab.fingers(Finger(0, 0.5, 0.5))
    stage.steady_second(lambda: active(synth, 1))


def test_release_is_sent_five_times_and_then_rides_on_pings(stage: Stage) -> None:
    _, synth, tab = stage.playing()
    tab.fingers(Finger(0, 0.5, 0.5))
    stage.until(lambda: active(synth, 1), "the finger")
    tab.fingers()
    stage.until(lambda: len(released(synth)) == 5, "five releases")
    pings = len(synth.of_type("ping"))
    stage.until(lambda: len(synth.of_type("ping")) >= pings + 2, "two more pings")
    assert len(released(synth)) == 5
    last = released(synth)[-1].message
    assert (last["x"], last["points"]) == (pytest.approx(0.5, abs=0.003), [])
    ping = synth.of_type("ping")[-1]
    assert ping["points"] == []
    assert ping["seq"] > last["seq"]


def test_pings_do_not_deny_a_finger_that_is_down(stage: Stage) -> None:
    _, synth, tab = stage.playing()
    tab.fingers(Finger(0, 0.5, 0.5))
    stage.until(lambda: active(synth, 1), "the finger")
    pings = len(synth.of_type("ping"))
    stage.until(lambda: len(synth.of_type("ping")) >= pings + 2, "two more pings")
    assert "points" not in synth.of_type("ping")[-1]


def test_new_touch_is_a_new_voice(stage: Stage) -> None:
    """With one id for both, a release lost in between would turn the second note into a glide."""
    _, synth, tab = stage.playing()
    tab.fingers(Finger(0, 0.3, 0.5))
    first = stage.until(lambda: active(synth, 1), "the first touch")[0].message["id"]
    tab.fingers()
    tab.fingers(Finger(0, 0.6, 0.5))
    stage.until(lambda: active(synth, 1)[-1].message["x"] > 0.5, "the second touch")
    assert active(synth, 1)[-1].message["id"] != first


def test_pressure_is_sent_only_where_it_is_measured(stage: Stage) -> None:
    _, synth, tab = stage.playing()
    tab.fingers(Finger(0, 0.5, 0.5))  # full force all the time: no sensor
    assert "z" not in stage.until(lambda: active(synth, 1), "the finger")[-1].message["points"][0]
    tab.fingers()
    tab.fingers(Finger(0, 0.5, 0.5, force=0.3))
    stage.until(lambda: active(synth, 1)[-1].message["points"][0].get("z") == pytest.approx(0.3, abs=0.01), "pressure")


@pytest.mark.parametrize(
    "loss",
    [
        "dispatchEvent(new Event('blur'))",
        "dispatchEvent(new PageTransitionEvent('pagehide'))",
        "Object.defineProperty(document, 'visibilityState', {value: 'hidden'}),"
        "document.dispatchEvent(new Event('visibilitychange'))",
    ],
    ids=["blur", "pagehide", "hidden"],
)
def test_page_that_loses_sight_of_the_fingers_releases_all(stage: Stage, loss: str) -> None:
    _, synth, tab = stage.playing()
    tab.fingers(Finger(0, 0.3, 0.5), Finger(1, 0.7, 0.5))
    tab.key_down("KeyA")
    stage.until(lambda: active(synth, 3), "two fingers and a key")
    tab.evaluate(f"() => {{ {loss} }}")
    stage.until(lambda: released(synth), "a release")
    assert tab.evaluate("formant.fingers") == []
    tab.fingers(Finger(0, 0.4, 0.5), Finger(1, 0.8, 0.5))  # they still lie on the glass: no ghost may rise
    stage.until(lambda: len(released(synth)) == 5, "five releases")
    assert synth.touches()[-1]["points"] == []


def test_cancelled_touch_is_released(stage: Stage) -> None:
    _, synth, tab = stage.playing()
    tab.fingers(Finger(0, 0.3, 0.5), Finger(1, 0.7, 0.5))
    stage.until(lambda: active(synth, 2), "two fingers")
    tab.cancel_fingers()
    stage.until(lambda: released(synth), "a release")
    assert synth.touches()[-1]["points"] == []


def test_mouse_plays_while_its_first_button_is_down(stage: Stage) -> None:
    relay = stage.relay()
    synth = stage.synth(relay)
    tab = stage.tab(relay, viewport={"width": 1000, "height": 500}, has_touch=False, is_mobile=False)
    tab.until("formant.links.some((link) => link.state === 'open')")
    mouse = tab.page.mouse
    stage.thread.run(mouse.move(100, 400))
    stage.thread.run(mouse.down(button="right"))
    stage.thread.run(mouse.up(button="right"))
    stage.thread.run(mouse.down())
    first = stage.until(lambda: active(synth, 1), "the mouse")[0].message
    left, top, width, height = tab.surface()
    at = ((100 - left) / width, 1 - (400 - top) / height)
    assert (first["x"], first["y"]) == (pytest.approx(at[0], abs=0.002), pytest.approx(at[1], abs=0.003))
    assert "z" not in first
    stage.thread.run(mouse.move(1200, 300))  # dragged out of the window
    stage.until(lambda: active(synth, 1)[-1].message["x"] == 1, "the drag, held at the edge")
    stage.thread.run(mouse.up())
    stage.until(lambda: released(synth), "a release")


def place(tab: Tab) -> list[list[float]]:
    found: list[list[float]] = tab.evaluate("formant.fingers.map(({x, y}) => [x * 36, y])")
    return [[round(value, 3) for value in pair] for pair in found]


def test_keyboard_plays_a_scale_and_moves_the_vowel(stage: Stage) -> None:
    _, synth, tab = stage.playing()
    tab.key_down("KeyA")
    tab.key_down("KeyD")
    assert place(tab) == [[3, 0], [7, 0]]  # C3 and E3, semitones above A2
    assert stage.until(lambda: active(synth, 2), "two keys")[-1].message["active"] is True
    tab.key_down("Digit3")
    assert place(tab) == [[3, 0.5], [7, 0.5]]
    tab.key_up("Digit3")
    tab.key_down("ArrowUp")
    assert place(tab) == [[3, 0.562], [7, 0.562]]
    tab.key_down("KeyA")  # the keyboard repeats a held key
    assert len(place(tab)) == 2
    tab.key_up("KeyA")
    tab.key_up("KeyD")
    stage.until(lambda: released(synth), "a release")
    tab.key_down("KeyX")
    tab.key_down("KeyA")
    assert place(tab) == [[15, 0.562]]


def test_a_key_is_the_same_note_on_every_synth(stage: Stage) -> None:
    """Each synth is told where the note lies on its own surface; one that takes notes sings the note itself."""
    relay = stage.relay()
    surface = {"low_hz": 110.0, "octaves": 3.0, "vowels": ["a", "e", "i", "o", "u"]}
    state = {"audio_enabled": True, "volume": 0.7, "powered_on": True}
    plain = stage.synth(relay, id="synth-a", state={**state, "surface": surface})
    high = stage.synth(relay, id="synth-b", state={**state, "surface": {**surface, "low_hz": 220.0}})
    able = stage.synth(relay, id="synth-c", state={**state, "surface": {**surface, "low_hz": 220.0}, "takes": ["note"]})
    tab = stage.tab(relay)
    tab.until("formant.links.filter((link) => link.told).length === 3")
    tab.drawn()
    tab.key_down("KeyX")  # the upper octave
    tab.key_down("KeyA")
    note = 60 if tab.evaluate("formant.range.lowHz") == 110 else 72  # a C of the surface that is shown
    heard = {}
    for synth in (plain, high, able):
        heard[synth.id] = stage.until(partial(active, synth, 1), "the key")[0].message["points"][0]
    for name, low_midi in (("synth-a", 45), ("synth-b", 57)):
        assert heard[name]["note"] == note
        assert heard[name]["x"] == pytest.approx((note - low_midi) / 36, abs=1e-5)
    assert heard["synth-c"]["note"] == note
    tab.key_up("KeyA")
    for synth in (plain, high, able):
        stage.until(partial(released, synth), "a release")
    assert tab.errors == []


def test_a_note_that_a_synth_cannot_reach_is_not_sent_to_it(stage: Stage) -> None:
    relay = stage.relay()
    vowels = ["a", "e", "i", "o", "u"]
    state = {"audio_enabled": True, "volume": 0.7, "powered_on": True}
    surface = {"low_hz": 110.0, "octaves": 3.0, "vowels": vowels}
    low = stage.synth(relay, id="synth-a", state={**state, "surface": surface})
    tab = stage.tab(relay)
    tab.until("formant.range.lowHz === 110 && formant.links[0]?.told")
    high = stage.synth(relay, id="synth-b", state={**state, "surface": {**surface, "low_hz": 880.0, "octaves": 1.0}})
    tab.until("formant.links.filter((link) => link.told).length === 2")
    tab.key_down("KeyA")  # C3
    stage.until(lambda: active(low, 1), "the key")
    stage.until(lambda: len(low.touches()) > 10, "repeats")
    assert active(high, 1) == []
    tab.key_up("KeyA")
    assert tab.errors == []


def test_keys_with_a_modifier_belong_to_the_browser(stage: Stage) -> None:
    _, _, tab = stage.playing()
    tab.key_down("Control")
    tab.key_down("KeyS")
    assert place(tab) == []


def test_typing_into_a_field_makes_no_sound(stage: Stage) -> None:
    relay = stage.relay(key="right")
    tab = stage.tab(stage.relay())
    tab.goto(f"http://127.0.0.1:{relay.port}/")
    tab.until("document.getElementById('gate').open")
    tab.key_down("KeyA")
    assert tab.evaluate("document.getElementById('gate-key').value") == "a"
    assert place(tab) == []


def test_moves_are_merged_to_one_message_a_frame(stage: Stage) -> None:
    """A pointer at 1 kHz must not fill a channel that carries 60 states a second."""
    _, synth, tab = stage.playing()
    tab.evaluate("addEventListener('pointerdown', ({pointerId}) => { window.pointer = pointerId; }, true)")
    tab.fingers(Finger(0, 0.1, 0.5))
    stage.until(lambda: active(synth, 1), "the finger")
    frames, begin, end = tab.evaluate(
        """async () => {
          const canvas = document.getElementById('surface');
          return await new Promise((resolve) => {
            const start = performance.now();
            let frames = 0;
            const frame = () => {
              frames += 1;
              for (let k = 0; k < 20; k += 1) {
                canvas.dispatchEvent(new PointerEvent('pointermove', {
                  pointerId: window.pointer, pointerType: 'touch', buttons: 1,
                  clientX: 40 + frames + k, clientY: 300 }));
              }
              if (performance.now() - start < 500) requestAnimationFrame(frame);
              else resolve([frames, start, performance.now()]);
            };
            frame();
          });
        }"""
    )
    stage.until(lambda: synth.touches()[-1]["t"] > end, "what came after that")
    sent = [touch for touch in synth.touches() if begin < touch["t"] <= end]
    assert len(sent) <= frames + (end - begin) / 10 + 1  # one a frame, and ticks, of which two are 10 ms apart
    assert len({touch["x"] for touch in sent}) > 1
