"""The page `/desk` in a browser: names, keys, fingers, two desks, and a sheet that says a conflict."""

from __future__ import annotations

from typing import Any

import pytest
from page.conftest import Stage
from page.desk_relay import DeskRelay
from support.browser.chromium import Tab

from formant_net.protocol.timing import Timing

OPEN = "formant.open && document.querySelectorAll('.row:not(.head)').length"


def control(name: str) -> str:
    """The one element with this accessible name, in JavaScript."""
    return f"document.querySelector('[aria-label={name!r}]')".replace("'[", "`[").replace("]'", "]`")


@pytest.fixture
def hall(stage: Stage) -> DeskRelay:
    relay = DeskRelay()
    relay.zone("z-nave", "Nave", order=1)
    relay.box("synth-a", "North wall", "z-nave", db=-6)
    relay.box("synth-b", "South wall", "z-nave", db=-12)
    relay.box("synth-c", "Crypt", here=False)
    return stage.started(relay)


def test_the_desk_opens_with_every_box_and_says_who_is_away(stage: Stage, hall: DeskRelay) -> None:
    tab = stage.tab(hall, "desk")
    tab.until(f"{OPEN} === 3")
    [register] = hall.registers
    assert register["role"] == "desk"
    assert register["client_id"].startswith("desk-")
    tab.becomes("document.querySelector('#status-text').innerText", "2 of 3 boxes")
    assert tab.evaluate("[...document.querySelectorAll('h2 .zone-name')].map((each) => each.textContent)") == [
        "Nave",
        "Without a zone",
    ]
    assert "away since" in tab.text("#zones .row[data-tone=away] .state")
    height = tab.evaluate("document.querySelector('.boxes .row').getBoundingClientRect().height")
    assert 44 <= height <= 45
    nameless = tab.evaluate(
        "[...document.querySelectorAll('button, input, select, a')].filter((e) => e.checkVisibility() && "
        "!(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length)).length"
    )
    assert nameless == 0
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert tab.errors == []


@pytest.mark.parametrize(("width", "columns"), [(390, 1), (2560, 3)])
def test_a_hundred_boxes_fit_on_a_phone_and_on_a_large_screen(stage: Stage, width: int, columns: int) -> None:
    relay = DeskRelay()
    for zone in range(5):
        relay.zone(f"z-{zone}", f"Zone {zone}", order=zone)
        for n in range(20):
            relay.box(f"synth-{zone}-{n}", f"A box with a long name {zone}.{n}", f"z-{zone}", db=-6)
    stage.started(relay)
    tab = stage.tab(relay, "desk", viewport={"width": width, "height": 844}, is_mobile=False)
    tab.until(f"{OPEN} === 100")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    lefts = "[...document.querySelectorAll('.boxes .row')].map((row) => Math.round(row.getBoundingClientRect().left))"
    assert tab.evaluate(f"new Set({lefts}).size") >= columns
    heights = "[...document.querySelectorAll('.boxes .row')].map((row) => row.getBoundingClientRect().height)"
    assert 44 <= tab.evaluate(f"Math.min(...{heights})") <= 45
    tab.click("#fold-all")
    tab.until("![...document.querySelectorAll('.boxes .row')].some((row) => row.checkVisibility())")
    assert tab.evaluate("document.getElementById('zones').getBoundingClientRect().height") < 400
    assert tab.errors == []


def test_mute_solo_and_why_by_their_names(stage: Stage, hall: DeskRelay) -> None:
    tab = stage.tab(hall, "desk")
    tab.until(f"{OPEN} === 3")
    tab.click("[aria-label='mute North wall']")
    tab.until(f"{control('mute North wall')}.getAttribute('aria-pressed') === 'true'")
    stage.until(lambda: hall.asked("desk-set"), "the mute")
    assert hall.asked("desk-set")[-1] == {"path": "boxes/synth-a", "set": {"mute": True}, "base": 1}
    tab.click("[aria-label='mute zone Nave']")
    why = "zone Nave muted. Unmute zone Nave"
    tab.until(f"document.querySelectorAll(`[aria-label='{why}']`).length === 2")
    tab.click(f"[aria-label='{why}']")  # it undoes exactly this: the box's own mute stays
    tab.until(f"document.querySelectorAll(`[aria-label='{why}']`).length === 0")
    tab.until("document.querySelector(`[aria-label='muted. Unmute North wall']`)")
    tab.click("[aria-label='solo South wall']")
    tab.until("formant.board.zones[0].boxes[1].solo")
    stage.until(lambda: hall.solo == ["boxes/synth-b"], "the solo")


def test_a_finger_moves_a_fader_from_where_it_is_and_a_tap_beside_the_knob_does_not(
    stage: Stage, hall: DeskRelay
) -> None:
    tab = stage.tab(hall, "desk")
    tab.until(f"{OPEN} === 3")
    place = f"{control('level of North wall')}.getBoundingClientRect()"
    left, top, width, height = tab.evaluate(f"(({{left, top, width, height}}) => [left, top, width, height])({place})")

    def touch(kind: str, x: float, y: float) -> None:
        points = [] if kind == "touchEnd" else [{"id": 1, "x": x, "y": y}]
        tab.thread.run(tab.cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points}))

    x, y = left + 0.3 * width, top + height / 2
    touch("touchStart", x, y)
    touch("touchEnd", x, y)
    tab.becomes("formant.document.boxes['synth-a'].db", -6)
    touch("touchStart", x, y)
    touch("touchMove", x - 5, y)
    touch("touchMove", x - 5 - width / 4, y)  # a quarter of 60 dB
    touch("touchEnd", x, y)
    assert tab.evaluate("formant.document.boxes['synth-a'].db") == pytest.approx(-21, abs=1)
    stage.until(
        lambda: hall.parts["boxes/synth-a"]["db"] == tab.evaluate("formant.document.boxes['synth-a'].db"), "the level"
    )


def test_a_fader_whose_row_is_moved_under_the_finger_can_be_moved_again(stage: Stage, hall: DeskRelay) -> None:
    tab = stage.tab(hall, "desk")
    tab.until(f"{OPEN} === 3")

    def grip(name: str) -> list[float]:
        fader = control(f"level of {name}")
        at = tab.evaluate(f"(({{left, top, width}}) => [left, top, width])({fader}.getBoundingClientRect())")
        return [at[0] + 0.5 * at[2], at[1] + 10, at[2]]

    x, y, width = grip("North wall")
    tab.thread.run(tab.page.mouse.move(x, y))
    tab.thread.run(tab.page.mouse.down())
    tab.becomes(f"document.activeElement === {control('level of North wall')}", True)
    tab.thread.run(tab.page.mouse.move(x - 20, y))
    stage.thread.run(hall.change("boxes/synth-a", {"name": "West wall"}))  # it is now below South wall
    tab.until(f"{control('level of West wall')}")
    tab.thread.run(tab.page.mouse.up())
    before = tab.evaluate("formant.document.boxes['synth-a'].db")
    x, y, width = grip("West wall")
    tab.thread.run(tab.page.mouse.move(x, y))
    tab.thread.run(tab.page.mouse.move(x + 20, y))  # hovers
    tab.becomes("formant.document.boxes['synth-a'].db", before)
    tab.thread.run(tab.page.mouse.down())
    tab.thread.run(tab.page.mouse.move(x + 14, y))
    tab.thread.run(tab.page.mouse.move(x + 14 - width / 4, y))
    tab.thread.run(tab.page.mouse.up())
    assert tab.evaluate("formant.document.boxes['synth-a'].db") < before - 5


def test_keys_move_faders_and_go_from_row_to_row(stage: Stage, hall: DeskRelay) -> None:
    tab = stage.tab(hall, "desk")
    tab.until(f"{OPEN} === 3")
    tab.evaluate(f"{control('level of North wall')}.focus()")

    def press(key: str) -> None:
        tab.thread.run(tab.page.keyboard.press(key))

    press("ArrowLeft")
    tab.becomes("formant.document.boxes['synth-a'].db", -6.5)
    tab.becomes(f"{control('level of North wall')}.getAttribute('aria-valuetext')", "−6.5 dB")
    press("Alt+ArrowDown")
    tab.becomes("document.activeElement.getAttribute('aria-label')", "level of South wall")
    press("m")
    tab.until("formant.document.boxes['synth-b'].mute")
    for _ in range(2):
        tab.key_down("m")  # and is held: the second one is a repetition
    tab.key_up("m")
    tab.until("!formant.document.boxes['synth-b'].mute")
    stage.until(lambda: hall.parts["boxes/synth-b"]["mute"] is False, "the mute")
    assert len([asked for asked in hall.asked("desk-set") if "mute" in asked["set"]]) == 2
    press("/")
    tab.becomes("document.activeElement.id", "find")
    tab.fill("#find", "crypt")
    tab.until("document.querySelectorAll('.boxes .row').length === 1")


def test_all_off_and_the_master_reach_the_server(stage: Stage, hall: DeskRelay) -> None:
    tab = stage.tab(hall, "desk")
    tab.until(f"{OPEN} === 3")
    tab.click("#all-off")
    tab.until("document.getElementById('all-off').textContent === 'All is off'")
    tab.until("document.querySelectorAll('.why').length === 2")
    stage.until(lambda: hall.parts["master"].get("off"), "all off")
    tab.fill("[aria-label='level of the master']", "-10")
    stage.until(lambda: hall.parts["master"].get("db") == -10, "the master")


def test_what_another_desk_does_is_shown_and_zones_fold(stage: Stage, hall: DeskRelay) -> None:
    tab = stage.tab(hall, "desk")
    tab.until(f"{OPEN} === 3")
    stage.thread.run(hall.change("boxes/synth-a", {"db": -30, "name": "Organ"}))
    tab.until(f"{control('level of Organ')}?.value === '-30'")
    stage.thread.run(hall.say("synth-b", here=False))
    tab.until("document.getElementById('status-text').textContent === '1 of 3 boxes'")
    tab.click(".fold")
    tab.until("document.querySelector('.fold').getAttribute('aria-expanded') === 'false'")
    tab.becomes("document.querySelectorAll('.boxes')[0].checkVisibility()", False)
    stage.thread.run(hall.stop())
    tab.until("!formant.open")
    tab.until("document.getElementById('all-off').disabled")
    stage.thread.run(hall.start())
    tab.until("formant.open")


def test_two_who_rename_one_box_see_both_names_and_nobody_overwrites_unseen(stage: Stage, hall: DeskRelay) -> None:
    tab = stage.tab(hall, "desk")
    tab.until(f"{OPEN} === 3")
    tab.click("[aria-label='North wall: details']")
    tab.until("document.getElementById('part').open")
    tab.fill("#part-name", "Mine")
    stage.thread.run(hall.change("boxes/synth-a", {"name": "Theirs", "tags": ["alto"]}))
    tab.until("document.getElementById('part-title').textContent === 'Theirs'")
    hall.refuse_set = {"code": "desk-conflict", "message": "it was changed meanwhile."}
    tab.click("#part .main")
    tab.until("document.querySelector('#part .trouble').checkVisibility()")
    assert hall.asked("desk-set")[-1] == {"path": "boxes/synth-a", "set": {"name": "Mine"}, "base": 1}
    said = tab.text("#part .trouble")
    assert "Name is “Theirs” now" in said
    assert "Tags is “alto” now" in said
    tab.becomes("document.getElementById('part-tags').value", "alto")
    tab.click("#part .main")
    tab.until("!document.getElementById('part').open")
    assert hall.asked("desk-set")[-1] == {"path": "boxes/synth-a", "set": {"name": "Mine"}, "base": 2}


def test_a_box_gets_a_new_zone_and_a_box_that_is_away_is_forgotten(stage: Stage, hall: DeskRelay) -> None:
    tab = stage.tab(hall, "desk")
    tab.until(f"{OPEN} === 3")
    tab.click("[aria-label='North wall: details']")
    tab.choose("#part-zone", "+")
    tab.fill("#part-zone + input", "Organ loft")
    tab.click("#part .main")
    tab.until("!document.getElementById('part').open")
    zone, box = hall.asked("desk-set")
    assert zone == {"path": "zones/z-organ-loft", "set": {"name": "Organ loft", "order": 2}, "base": None}
    assert (box["path"], box["set"]) == ("boxes/synth-a", {"zone": "z-organ-loft"})
    tab.click("[aria-label='Crypt: details']")
    tab.until("document.querySelector('#part .quiet').textContent === 'Forget'")
    tab.click("#part .quiet")
    tab.click("#part .quiet")
    stage.until(lambda: "boxes/synth-c" not in hall.parts, "it is forgotten")
    tab.until(f"{OPEN} === 2")


def test_a_server_that_answers_no_more_is_left_and_what_was_asked_of_it_is_said_to_be_lost(stage: Stage) -> None:
    hall = DeskRelay(timing=Timing(verify_s=0.3))
    hall.box("synth-a", "North wall")
    tab = stage.tab(stage.started(hall), "desk")
    tab.until(f"{OPEN} === 1")
    tab.click("[aria-label='North wall: details']")
    tab.fill("#part-name", "Mine")
    hall.deaf = True
    tab.click("#part .main")
    stage.until(lambda: len(hall.registers) > 1, "another connection")
    tab.until("document.querySelector('#part .trouble').checkVisibility()")
    assert "went away" in tab.text("#part .trouble")
    # A server that is slow is left as well, so it is asked again until it was quick enough.
    main = "document.querySelector('#part .main')"
    again = f"(formant.open && !{main}.disabled && {main}.click(), !document.getElementById('part').open)"
    stage.until(lambda: tab.evaluate(again), "it is saved")
    assert hall.parts["boxes/synth-a"]["name"] == "Mine"


def test_whoever_looks_at_the_desk_again_makes_it_ask_whether_its_server_lives(stage: Stage) -> None:
    hall = DeskRelay(timing=Timing(verify_s=0.3))
    tab = stage.tab(stage.started(hall), "desk")
    tab.until("formant.open")
    hall.deaf = True
    tab.evaluate("void document.dispatchEvent(new Event('visibilitychange'))")
    stage.until(lambda: len(hall.registers) >= 2, "another connection")
    tab.until("formant.open")


def test_whoever_saves_a_new_zone_again_makes_no_second_one(stage: Stage, hall: DeskRelay) -> None:
    tab = stage.tab(hall, "desk")
    tab.until(f"{OPEN} === 3")
    tab.click("[aria-label='North wall: details']")
    tab.choose("#part-zone", "+")
    tab.fill("#part-zone + input", "Loft")
    hall.refuse_set_at = "boxes/synth-a"
    tab.click("#part .main")
    tab.until("document.querySelector('#part .trouble').checkVisibility()")
    hall.refuse_set_at = ""
    tab.until("!document.querySelector('#part .main').disabled")
    tab.click("#part .main")
    tab.until("!document.getElementById('part').open")
    assert [asked["path"] for asked in hall.asked("desk-set")] == ["zones/z-loft", "boxes/synth-a"] * 2
    assert hall.parts["zones/z-loft"] == {"name": "Loft", "order": 2}
    tab.click("#new-zone")
    tab.fill("#part-name", "Porch")
    hall.refuse_set_at = "zones/z-porch"
    tab.click("#part .main")
    tab.until("document.querySelector('#part .trouble').checkVisibility()")
    tab.becomes("document.querySelector('#part-title').innerText", "New zone")
    hall.refuse_set_at = ""
    tab.until("!document.querySelector('#part .main').disabled")
    tab.click("#part .main")
    tab.until("!document.getElementById('part').open")
    assert [asked["path"] for asked in hall.asked("desk-set")][-2:] == ["zones/z-porch"] * 2


def test_without_the_right_the_server_says_why_and_asks_for_another_key(stage: Stage, hall: DeskRelay) -> None:
    words = "your token is for a controller, not for a desk: ask the operator for another"
    hall.refuse_next = {"type": "error", "code": "not-allowed", "message": words, "about": "register"}
    tab = stage.tab(hall, "desk")
    tab.until("document.getElementById('gate').open")
    tab.becomes("document.querySelector('#gate-title').innerText", words)
    tab.fill("#gate-key", "right")
    tab.click("#gate-button")
    tab.until("formant.open")


def told(tab: Tab) -> Any:
    return tab.evaluate("document.getElementById('said-text').textContent")


def test_a_scene_is_stored_recalled_and_undone(stage: Stage, hall: DeskRelay) -> None:
    tab = stage.tab(hall, "desk")
    tab.until(f"{OPEN} === 3")
    tab.click("#scenes-open")
    tab.fill("#scenes .store > input", "Night")
    tab.fill("#scenes .ramp input", "8")
    tab.click("#scenes .main")
    tab.until("document.querySelector('.recall')")
    [scene] = hall.asked("desk-set")
    assert scene["path"] == "scenes/s-night"
    assert scene["set"]["boxes"]["synth-a"] == {"db": -6, "mute": False, "preset": ""}
    assert scene["set"]["ramp_s"] == 8
    tab.click("[aria-label='recall Night within 8 s']")
    stage.until(lambda: hall.asked("desk-recall") == [{"scene": "s-night"}], "the recall")
    tab.until("document.getElementById('said-text').textContent === 'Night is recalled'")
    tab.click("#scenes .close")
    tab.click("#said-undo")
    stage.until(lambda: hall.asked("desk-undo") == [{}], "the undo")
    tab.until("document.getElementById('said-text').textContent === 'The recall is undone'")
    assert tab.errors == []


def test_a_box_is_identified_and_one_that_cannot_says_so(stage: Stage, hall: DeskRelay) -> None:
    tab = stage.tab(hall, "desk")
    tab.until(f"{OPEN} === 3")
    tab.click("[aria-label='North wall: details']")
    identify = "document.querySelector('#part .foot [aria-pressed]')"
    tab.until(f"{identify}?.disabled === false")
    tab.evaluate(f"{identify}.click()")
    tab.until(f"{identify}.textContent === 'It sings… stop'")
    stage.until(lambda: hall.asked("desk-identify") == [{"id": "synth-a", "on": True}], "the request")
    tab.click("#part .close")
    tab.click("[aria-label='South wall: details']")
    tab.until(f"!{identify}.disabled && {identify}.textContent === 'Identify'")
    tab.evaluate(f"[{identify}.click(), {identify}.click()]")  # begun and stopped at once
    stage.until(lambda: len(hall.asked("desk-identify")) == 3, "both requests")
    assert hall.asked("desk-identify")[1:] == [{"id": "synth-b", "on": True}, {"id": "synth-b", "on": False}]
    hall.refuse_set = {"code": "bad-setting", "message": "synth-b is older and has no tune: update it"}
    tab.click("#part .foot [aria-pressed]")
    tab.until("document.querySelector('#part .trouble').checkVisibility()")
    assert "older" in tab.text("#part .trouble")
    tab.until(f"{identify}.textContent === 'Identify'")


def meter(name: str) -> str:
    """What the meter of a box shows, in JavaScript: a part of the whole scale, or null for no bar."""
    bar = f"{control(f'level of {name}')}.parentElement.querySelector('.meter')"
    return f"(({{hidden, style}}) => hidden ? null : Number(style.getPropertyValue('--at')))({bar})"


def test_meters_show_how_loud_boxes_are_and_no_old_level(stage: Stage, hall: DeskRelay) -> None:
    tab = stage.tab(hall, "desk")
    tab.until(f"{OPEN} === 3")
    stage.until(lambda: list(hall.metering.values()) == [True], "the desk asks for levels")
    bars = f"[{meter('North wall')}, {meter('South wall')}, {meter('Crypt')}]"
    assert tab.evaluate(bars) == [None, None, None], "not known yet"

    def seen(of: str) -> object:
        """After a level that is new: on a busy machine the last one may be old already."""
        stage.thread.run(hall.levels(synth_a=-15.0, synth_b=-90.0))
        return tab.evaluate(of)

    stage.until(lambda: seen(bars) == [0.75, 0, None], "two levels: South wall is silent, and known to be")
    assert tab.evaluate("document.querySelectorAll('.meter:not([aria-hidden=true])').length") == 0
    tab.click("[aria-label='North wall: details']")
    words = (
        "[...document.querySelectorAll('dt')].find((dt) => dt.textContent === 'Sounds now')?.nextSibling.textContent"
    )
    stage.until(lambda: seen(words) == "−15 dB", "the details say it for people who see no bar")
    tab.becomes(bars, [None, None, None])  # nothing has come for two seconds
    assert tab.errors == []


def test_a_hidden_desk_lets_no_box_measure_and_shows_no_level_when_it_is_seen_again(
    stage: Stage, hall: DeskRelay
) -> None:
    tab = stage.tab(hall, "desk")
    tab.until(f"{OPEN} === 3")
    stage.until(lambda: list(hall.metering.values()) == [True], "the desk asks for levels")

    def turn(state: str) -> None:
        tab.evaluate(
            f"Object.defineProperty(document, 'visibilityState', {{value: '{state}', configurable: true}}), "
            "void document.dispatchEvent(new Event('visibilitychange'))"
        )

    turn("hidden")
    stage.until(lambda: list(hall.metering.values()) == [False], "it wants none")
    turn("visible")
    stage.until(lambda: list(hall.metering.values()) == [True], "it wants them again")
    assert [asked["on"] for asked in hall.asked("desk-meters")] == [True, False, True]
