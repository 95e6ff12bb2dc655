"""The board in words: every row says how its box is, why it is silent and what ends that; unknown is never fine."""

from __future__ import annotations

from typing import Any

from page.conftest import ask
from support.browser.chromium import Tab

BOARD = """
const { Desk } = await import("/desk/core.js");
const desk = new Desk();
const say = (type, more, now = 0) => desk.receive({ type, ...more }, now);
const box = (id, more = {}, now = 0) => say("desk-box", { id, here: true, name: id, ...more }, now);
const set = (path, fields) => say("desk-changed", { rev: 2, path, set: fields });
const board = (how = {}) => m.board(desk, { now: 0, wallMs: Date.UTC(2026, 0, 2), ...how });
const row = (id, how = {}) => board(how).zones.flatMap((zone) => zone.boxes).find((each) => each.id === id);
say("desk", { epoch: "e", rev: 2 });
"""


def board(tab: Tab, body: str) -> Any:
    return ask(tab, "desk/board", BOARD + body)


def test_a_row_says_why_its_box_is_silent_and_what_ends_that(tab: Tab) -> None:
    found = board(
        tab,
        """
        set("master", { off: true });
        set("zones/z-nave", { name: "Nave", mute: true });
        set("boxes/a", { name: "North wall", zone: "z-nave", mute: true });
        set("boxes/b", { db: -60 });
        box("a"); box("b"); box("c");
        const why = (id) => row(id).because.map(({ text, undo, path }) => [text, undo, path]);
        const all = why("a");
        set("master", { off: false });
        desk.solo = ["boxes/c"];
        return [all, why("b"), why("c"), row("c").solo];
        """,
    )
    assert found[0] == [
        ["all is off", "All on", "master"],
        ["muted", "Unmute North wall", "boxes/a"],
        ["zone Nave muted", "Unmute zone Nave", "zones/z-nave"],
    ]
    assert found[1:] == [[["others solo", "End the solo", "solo"]], [], True]


def test_a_fader_at_the_bottom_is_a_reason_too(tab: Tab) -> None:
    found = board(
        tab, 'set("boxes/b", { db: -60 }); box("b"); return row("b").because.map(({ text, undo }) => [text, undo]);'
    )
    assert found == [["fader down", ""]]


def test_states_in_words_and_what_needs_attention(tab: Tab) -> None:
    found = board(
        tab,
        """
        box("ready", { wanted: 2, applied: 2 });
        box("late", { wanted: 2, applied: 1 }, 0);
        box("older", { steered: false });
        box("refuses", { refused: { audio: "no such device" } });
        box("away", { here: false, since: Date.UTC(2025, 11, 24, 12) });
        const states = (now) => Object.fromEntries(
          board({ now }).zones[0].boxes.map((each) => [each.id, [each.tone, each.state, each.attention.length]]));
        return [states(1), states(9).late, board().attention, board({ attentionOnly: true }).shown];
        """,
    )
    states, late, attention, shown = found
    assert states["ready"] == ["good", "ready", 0]
    assert states["late"] == ["busy", "follows…", 0]
    assert late == ["busy", "does not follow", 1]
    assert states["older"] == ["busy", "older: no desk steers it", 1]
    assert states["refuses"] == ["bad", "audio: no such device", 1]
    tone, words, count = states["away"]
    assert (tone, count) == ("away", 1)
    assert words.startswith("away since ")
    assert "24" in words
    assert attention == shown == 3


def test_a_figure_that_is_not_said_is_not_known_and_an_old_one_is_marked(tab: Tab) -> None:
    found = board(
        tab,
        """
        box("a"); box("b");
        const health = (underflows, now) => say("desk-health", { id: "a", age_s: 1, health: {
          version: "0.2.0", rtt_ms: 3.14, busy: 0.41, underflows, overruns: 0, shed: 0, ring_dropped: 0,
          temperature_c: null, undervoltage: true, throttled: "x", troubles: ["undervoltage", "newer-word"] } }, now);
        health(3, 10);
        const first = row("a", { now: 10 });
        health(6, 25);
        const second = row("a", { now: 26 });
        const text = (one) => Object.fromEntries(one.figures.map((each) => [each.key, each.text]));
        return { first: text(first), second: text(second), none: row("b").figures.filter((each) => each.known).length,
          bad: second.figures.filter((each) => each.bad).map((each) => each.key),
          attention: second.attention, remedies: second.remedies, stale: second.stale,
          old: [row("a", { now: 70 }).stale, row("a", { now: 70 }).state, row("a", { now: 70 }).tone] };
        """,
    )
    assert found["first"]["breaks"] == "not known"  # one report alone says nothing of a rate
    assert found["second"]["breaks"] == "12 breaks/min"
    assert found["second"]["rtt_ms"] == "3.1 ms"
    assert found["second"]["busy"] == "41 % busy"
    for key in ("temperature_c", "throttled", "wifi_dbm", "clock_synchronised"):
        assert found["second"][key] == "not known"
    assert found["none"] == 0
    assert found["bad"] == ["undervoltage"]
    assert found["attention"] == ["the power supply is too weak", "newer-word"]
    assert found["remedies"][0] == (
        "the power supply is too weak: use the supply made for this board, and a short cable"
    )
    assert found["stale"] is False
    assert found["old"] == [True, "no report for a while", "busy"]


def test_zones_have_their_order_and_a_search_finds_names_zones_and_tags(tab: Tab) -> None:
    found = board(
        tab,
        """
        set("zones/z-b", { name: "Nave", order: 2 });
        set("zones/z-a", { name: "Choir", order: 1 });
        set("zones/z-c", { name: "Empty", order: 3 });
        set("boxes/box-10", { zone: "z-b", tags: ["alto"] });
        set("boxes/box-9", { zone: "z-b" });
        set("boxes/box-1", { zone: "z-a" });
        box("box-11"); box("box-9"); box("box-1");
        const ids = (zone) => zone.boxes.map((each) => each.id);
        const seen = (how) => board(how).zones.map((zone) => [zone.name, zone.count, ids(zone)]);
        return [seen({}), seen({ find: "alto" }), seen({ find: " CHOIR " }), seen({ find: "nothing" })];
        """,
    )
    assert found[0] == [
        ["Choir", "1 box", ["box-1"]],
        ["Nave", "1 of 2 boxes", ["box-9", "box-10"]],
        ["Empty", "0 boxes", []],
        ["Without a zone", "1 box", ["box-11"]],
    ]
    assert found[1] == [["Nave", "1 of 2 boxes", ["box-10"]]]
    assert found[2] == [["Choir", "1 box", ["box-1"]]]
    assert found[3] == []


def test_browsers_that_sing_are_no_boxes(tab: Tab) -> None:
    found = board(
        tab,
        """
        box("synth-a");
        box("synth-web-1", { steered: false });
        set("boxes/synth-web-2", { db: -20 });
        const { boxes, here, attention } = board();
        return [boxes, here, attention];
        """,
    )
    assert found == [1, 1, 0]


def test_a_box_that_is_called_like_something_of_the_language_is_drawn_as_any_other(tab: Tab) -> None:
    found = board(
        tab,
        """
        for (const id of ["constructor", "toString", "synth-a"]) box(id);
        return board().zones.map(({ name, boxes }) => [name, boxes.map((each) => [each.id, each.fields.db])]);
        """,
    )
    assert found == [["All boxes", [["constructor", -20], ["synth-a", -20], ["toString", -20]]]]
