"""The strip in the page: what is chosen is what synths hear, what is drawn, and what is there the next time.

page/test_firefox.py runs these tests in Firefox as well, so they use only the words that both browsers have.
"""

from __future__ import annotations

import pytest
from page.conftest import ONE_OPEN, Stage
from page.offerer import Heard, Offerer
from support.browser.chromium import Finger, Tab

SIZES = [(390, 844), (844, 390), (820, 1180), (1440, 900)]
CROWDED = """() => {
  const shown = [...document.querySelectorAll('#strip button, #sheet button, #sheet select, #sheet input')]
    .filter((each) => each.checkVisibility());
  const small = shown.filter((each) => each.getBoundingClientRect().height < 43).map(({ id }) => id);
  const canvas = document.getElementById('surface').getBoundingClientRect();
  const meets = ({ left, right, top, bottom }) => left < canvas.right - 1 && right > canvas.left + 1
    && top < canvas.bottom - 1 && bottom > canvas.top + 1;
  const places = ['sheet', 'strip', 'bar'].map((id) => document.getElementById(id));
  const covered = places.filter((each) => meets(each.getBoundingClientRect())).map(({ id }) => id);
  return [small, covered, document.documentElement.scrollWidth > innerWidth];
}"""
"""Controls that are too small for a finger, what lies on the surface, and whether the page is too wide."""


def active(synth: Offerer, fingers: int) -> list[Heard]:
    return [h for h in synth.heard if h.message["type"] == "touch" and len(h.message["points"]) == fingers]


def on(tab: Tab, selector: str) -> Finger:
    """A second finger, on a button."""
    script = "(({left, top, width, height}) => [left + width / 2, top + height / 2])"
    x, y = tab.evaluate(f"{script}(document.querySelector('{selector}').getBoundingClientRect())")
    left, top, width, height = tab.surface()
    return Finger(1, (x - left) / width, 1 - (y - top) / height)


def test_a_scale_is_chosen_played_remembered_and_shared(stage: Stage) -> None:
    relay, synth, tab = stage.playing()
    tab.fingers(Finger(0, 0.5, 0.5))
    stage.until(lambda: active(synth, 1), "a finger")
    assert "note" not in active(synth, 1)[-1].message["points"][0], "the synth's own surface says the pitch"
    tab.fingers()
    tab.click("#strip-scale")
    tab.choose("#scale", "pentatonic")
    tab.choose("#root", "D")
    tab.choose("#octaves", "1")
    tab.becomes("document.querySelector('#strip-scale').innerText", "D pentatonic")
    tab.until("formant.choice.octaves === 1 && document.getElementById('strip-range').textContent === 'D3 – D4'")
    tab.click("#strip-scale")
    synth.heard.clear()
    tab.fingers(Finger(0, 0.02, 0.5), Finger(1, 0.53, 0.5))
    touch = stage.until(lambda: active(synth, 2), "two fingers")[0].message
    assert [point["note"] for point in touch["points"]] == [50, 57]
    tab.fingers()
    tab.click("#strip-higher")
    tab.until("document.getElementById('strip-range').textContent === 'D4 – D5'")
    tab.becomes("location.hash", "#scale=pentatonic&root=D&octaves=1&shift=1")
    address = tab.evaluate("location.href")
    tab.goto("about:blank")
    tab.goto(relay.url)  # the device remembers
    tab.until("formant.choice.scale === 'pentatonic' && formant.choice.root === 'D'")
    tab.click("#strip-scale")
    tab.click("#plain")
    tab.until("formant.choice.scale === '' && location.hash === ''")
    tab.goto("about:blank")
    tab.goto(address)  # somebody shared it
    tab.until("document.getElementById('strip-range').textContent === 'D4 – D5'")
    assert tab.errors == []


def test_hold_keeps_notes_and_one_press_ends_them(stage: Stage) -> None:
    _, synth, tab = stage.playing()
    tab.click("#strip-hold")
    for x in (0.2, 0.8):
        tab.fingers(Finger(0, x, 0.5))
        tab.fingers()
    stage.until(lambda: active(synth, 2), "two notes are held")
    tab.until("formant.choice.held === 2 && document.getElementById('strip-hold').textContent === 'End 2'")
    tab.becomes("document.getElementById('strip-hold').ariaLabel", "Hold. 2 notes are held: press to end")
    tab.click("#strip-scale")  # the sheet opens, and they sound on
    tab.becomes("formant.choice.held", 2)
    tab.click("#strip-hold")
    tab.until("formant.fingers.length === 0 && !formant.choice.holding")
    tab.key_down("Escape")
    tab.key_up("Escape")
    tab.becomes("document.activeElement.id", "strip-scale")
    tab.evaluate("document.getElementById('surface').focus()")
    tab.key_down("Space")
    tab.key_up("Space")
    tab.fingers(Finger(0, 0.5, 0.5))
    tab.fingers()
    tab.until("formant.choice.held === 1")
    tab.evaluate("dispatchEvent(new Event('blur'))")
    tab.until("formant.fingers.length === 0 && !formant.choice.holding")


def test_buttons_of_the_strip_work_while_a_finger_plays(stage: Stage) -> None:
    """Browsers make no click of a second touch."""
    _, _, tab = stage.playing()
    playing = Finger(0, 0.5, 0.5)
    for selector, done in (("#strip-hold", "formant.choice.holding"), ("#strip-higher", "formant.choice.shift === 1")):
        tab.fingers(playing)
        tab.fingers(playing, on(tab, selector))
        tab.fingers(playing)
        tab.until(done)
    tab.fingers(playing, on(tab, "#strip-higher"))
    tab.fingers(playing, Finger(1, 0.9, 0.9))  # it slides off the button
    tab.fingers()
    tab.until("formant.choice.held === 1")
    tab.becomes("formant.choice.shift", 1)
    tab.evaluate("() => { window.clicks = 0; addEventListener('click', () => (window.clicks += 1), true); }")
    tab.tap("#strip-lower")
    tab.until("window.clicks === 1")
    tab.becomes("formant.choice.shift", 0)  # a touch and its click are one press
    tab.evaluate("document.getElementById('strip-lower').focus()")
    tab.key_down("Enter")
    tab.key_up("Enter")
    tab.becomes("formant.choice.shift", -1)


def test_a_finger_that_is_down_keeps_its_pitch_while_the_range_moves(stage: Stage) -> None:
    _, synth, tab = stage.playing()
    playing = Finger(0, 0.25, 0.5)  # on the synth's own surface, A2 to A5
    tab.fingers(playing)
    stage.until(lambda: active(synth, 1), "a finger")
    tab.fingers(playing, on(tab, "#strip-higher"))
    tab.fingers(playing)
    tab.until("formant.choice.shift === 1")
    tab.fingers(Finger(0, 0.25, 0.6))
    moved = stage.until(lambda: [h for h in active(synth, 1) if h.message["points"][0]["y"] > 0.55], "it moves")
    assert moved[0].message["points"][0]["note"] == pytest.approx(45.0 + 0.25 * 36.0, abs=0.1)
    tab.fingers()


SURFACE = {
    "low_hz": 110.0, "octaves": 3.0, "vowels": ["u", "ɔ", "æ", "i"],
    "plane": [["u", 0, 0], ["ɔ", 0, 1], ["i", 1, 0], ["æ", 1, 1]],
}  # fmt: skip
PLANAR = {
    "audio_enabled": True, "volume": 0.7, "powered_on": True, "preset": "plane", "presets": ["plane", "plain"],
    "takes": ["note", "vel", "place"], "surface": SURFACE,
}  # fmt: skip


def test_on_the_plane_one_finger_moves_the_vowel_of_held_notes(stage: Stage) -> None:
    _, synth, tab = stage.playing(state=dict(PLANAR))
    tab.click("#strip-hold")
    tab.fingers(Finger(0, 0.25, 0.5))
    tab.fingers()
    tab.click("#strip-scale")
    tab.choose("#vowels", "plane")
    tab.until("document.getElementById('vowels-note').textContent.startsWith('A finger moves')")
    tab.becomes("document.getElementById('surface').ariaLabel",
                "Playing surface: left to right is front to back, up is close")  # fmt: skip
    tab.becomes("location.hash", "#vowels=plane")
    tab.click("#strip-scale")
    tab.fingers(Finger(0, 0.2, 0.9))
    found = stage.until(lambda: [h for h in active(synth, 1) if "place" in h.message["points"][0]], "a place")
    assert found[0].message["points"][0]["place"] == pytest.approx([0.8, 0.1], abs=0.01)
    assert found[0].message["points"][0]["y"] == 1.0, "the nearest of the path: i"
    tab.fingers()
    tab.becomes("formant.fingers.length", 1)  # the note is held; the finger only led it
    tab.click("#strip-hold")
    tab.until("formant.fingers.length === 0")
    tab.fingers(Finger(0, 0.9, 0.2))  # nothing sounds: the last pitch again

    def back() -> list[Heard]:
        return [h for h in active(synth, 1) if h.message["points"][0].get("place", [1.0])[0] < 0.5]

    alone = stage.until(back, "a finger at the back")[0].message["points"][0]
    assert alone["note"] == pytest.approx(45.0 + 0.25 * 36.0, abs=0.1)
    assert alone["place"] == pytest.approx([0.1, 0.8], abs=0.01)
    tab.fingers()
    tab.until("formant.fingers.length === 0")
    synth.state["surface"] = {**SURFACE, "plane": None}
    tab.click("#strip-scale")
    tab.until("document.getElementById('vowels-note').textContent.startsWith('This preset has no plane')")
    tab.fingers(Finger(0, 0.5, 0.5))
    tab.until("formant.fingers.length === 1 && formant.fingers[0].place === undefined")
    tab.fingers()
    assert tab.errors == []


def test_space_opens_what_has_the_focus_and_does_not_switch_hold(stage: Stage) -> None:
    _, _, tab = stage.playing()
    tab.evaluate(
        """() => {
          const group = Object.assign(document.createElement('details'), { id: 'group' });
          group.append(Object.assign(document.createElement('summary'), { textContent: 'Phones' }), 'one');
          document.body.append(group);
          group.firstChild.focus();
        }"""
    )
    tab.key_down("Space")
    tab.key_up("Space")
    tab.becomes("[formant.choice.holding, document.getElementById('group').open]", [False, True])


def test_the_address_that_is_copied_has_the_key_also_where_it_is_only_remembered(stage: Stage) -> None:
    relay = stage.relay()
    tab = stage.tab(relay)
    tab.evaluate("localStorage.setItem('formant-key', 'of-last-time')")
    tab.goto("about:blank")
    tab.goto(relay.url)
    tab.until("formant.server === 'registered'")
    tab.click("#strip-scale")
    tab.choose("#scale", "major")
    writes = "{ writeText: async (text) => { window.copied = text; } }"
    tab.evaluate(f"() => {{ Object.defineProperty(navigator, 'clipboard', {{ value: {writes} }}); }}")
    tab.click("#share")
    tab.until("window.copied")
    tab.becomes("new URL(window.copied).hash", "#scale=major&key=of-last-time")


def test_a_tuning_from_a_file_is_played_and_there_the_next_time(stage: Stage) -> None:
    relay, synth, tab = stage.playing()
    tab.click("#strip-scale")

    def choose(*files: tuple[str, str]) -> None:
        tab.choose_files("#tuning-files", *[(name, text.encode("latin-1")) for name, text in files])

    choose(("bad.scl", "! x\n2\n701,955\n2/1\n"))
    tab.until("document.getElementById('tuning-note').textContent.startsWith('Bad.scl')")
    assert "the number of notes is missing" in tab.text("#tuning-note")
    tab.evaluate("() => { window.File.prototype.arrayBuffer = () => new Promise(() => {}); }")  # it would take long
    choose(("huge.scl", "x" * 100_001))
    tab.becomes("document.getElementById('tuning-note').textContent",
                "Huge.scl: the file has 100001 bytes: 100000 at most.")  # fmt: skip
    tab.evaluate("() => { window.File.prototype.arrayBuffer = window.Blob.prototype.arrayBuffer; }")
    choose(("fifths \u00fc.scl", "! x\nFifths \u00fc\n2\n702.\n2/1\n"))
    tab.until("formant.choice.tuning === 'file'")
    tab.says("#strip-scale", "fifths")
    tab.becomes("document.getElementById('scale').value", "all")  # a tuning is played with all its steps
    tab.becomes("document.getElementById('tuning-note').hidden", True)
    tab.click("#strip-scale")
    tab.fingers(Finger(0, 0.02, 0.5))
    touch = stage.until(lambda: active(synth, 1), "a finger")[0].message
    assert touch["points"][0]["note"] in (48.0, 55.02)
    tab.fingers()
    tab.goto("about:blank")
    tab.goto(relay.url)
    tab.until("formant.choice.tuning === 'file' && formant.range.octaves === 3.5")
    assert tab.errors == []


def test_only_the_synths_that_are_chosen_are_played(stage: Stage) -> None:
    relay = stage.relay()
    north, south = stage.synth(relay, name="North wall"), stage.synth(relay, name="South wall", id="synth-south")
    tab = stage.tab(relay)
    tab.until("formant.links.filter((link) => link.told).length === 2")
    tab.click("#strip-scale")
    tab.click("[aria-label='Play South wall']")
    tab.until("formant.status === 'Connected, 1 synth'")
    tab.fingers(Finger(0, 0.5, 0.8))
    stage.until(lambda: active(north, 1), "a finger")
    tab.fingers()
    assert active(south, 1) == []
    tab.click("[aria-label='Play North wall']")
    tab.until("formant.status.startsWith('No synth is chosen')")


def test_the_sheet_covers_nothing_and_everything_in_it_can_be_tapped(stage: Stage) -> None:
    tab = stage.tab(stage.relay())
    tab.until("formant.server === 'registered'")
    tab.click("#strip-scale")
    for size in SIZES:
        tab.resize(*size)
        tab.becomes(CROWDED, [[], [], False])
        _, _, width, height = tab.surface()
        assert width >= 390, size
        assert height >= 300, size


def test_the_page_plays_where_the_tuning_cannot_be_had(stage: Stage) -> None:
    relay = stage.relay()
    del relay.assets["/tuning/shipped/pelog.scl"]
    stage.synth(relay)
    tab = stage.tab(relay, "#tuning=pelog")
    tab.until(ONE_OPEN)
    tab.click("#strip-scale")
    tab.until("document.getElementById('tuning-note').textContent.includes('does not hand out')")
    tab.fingers(Finger(0, 0.5, 0.8))
    tab.until("formant.fingers.length === 1 && formant.fingers[0].note === undefined")
    tab.fingers()
