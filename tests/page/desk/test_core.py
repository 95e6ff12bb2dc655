"""The desk's core: a fader that moves is shown at once, sent 20 times a second, and ends where the finger left it."""

from __future__ import annotations

from typing import Any

from page.conftest import ask
from support.browser.chromium import Tab

OPEN = """
const desk = new m.Desk();
desk.registered();
const say = (message, now = 0) => desk.receive(message, now);
say({ type: "desk", epoch: "e1", rev: 4 });
say({ type: "desk-changed", rev: 4, path: "boxes/synth-a", set: { name: "North wall", db: -20 } });
desk.drain(0);
const level = () => desk.document.boxes["synth-a"].db;
const sent = (now = 0) => desk.drain(now).map(({ set, request }) => [set, request]);
"""


def desk(tab: Tab, body: str) -> Any:
    return ask(tab, "desk/core", OPEN + body)


def test_a_fader_is_shown_at_once_and_sent_twenty_times_a_second(tab: Tab) -> None:
    found = desk(
        tab,
        """
        const out = [];
        for (let k = 0; k < 100; k += 1) {
          const now = 10 + k / 100;
          if (desk.nextDeadline() !== null && now >= desk.nextDeadline()) desk.onDeadline(now);
          desk.wish("boxes/synth-a", { db: -k / 2 }, now);
          out.push(...sent(now));
        }
        const shown = level();
        desk.onDeadline(desk.nextDeadline());
        return { shown, last: sent(), count: out.length, first: out[0][0].db };
        """,
    )
    assert found["shown"] == -49.5
    assert found["first"] == 0
    assert 19 <= found["count"] <= 21
    assert [fields for fields, _ in found["last"]] in ([{"db": -49.5}], [])


def test_an_echo_of_an_older_move_does_not_pull_the_fader_back(tab: Tab) -> None:
    found = desk(
        tab,
        """
        desk.wish("boxes/synth-a", { db: -10 }, 1);
        const [[, first]] = sent();
        desk.wish("boxes/synth-a", { db: -5 }, 1.01);
        say({ type: "desk-changed", rev: 5, path: "boxes/synth-a", set: { db: -10 } }, 1.02);
        say({ type: "desk-done", request: first, rev: 5 }, 1.02);
        const while_moving = level();
        desk.onDeadline(1.06);
        const [[, second]] = sent();
        say({ type: "desk-changed", rev: 6, path: "boxes/synth-a", set: { db: -5 } }, 1.07);
        say({ type: "desk-done", request: second, rev: 6 }, 1.07);
        say({ type: "desk-changed", rev: 7, path: "boxes/synth-a", set: { db: -30 } }, 1.2);
        return [while_moving, level(), desk.nextDeadline()];
        """,
    )
    assert found == [-5, -30, None]


def test_a_refused_fader_goes_back_and_the_reason_is_kept_for_whoever_shows_it(tab: Tab) -> None:
    found = desk(
        tab,
        """
        desk.wish("boxes/synth-a", { db: -10 }, 1);
        const solo = desk.setSolo("boxes/synth-a", true);
        say({ type: "error", code: "bad-setting", message: "db takes a number", about: "desk-set" }, 1.1);
        say({ type: "desk-done", request: solo, rev: 5 }, 1.1);
        return [level(), desk.trouble.message, desk.trouble.path, desk.outcome(solo)];
        """,
    )
    assert found == [-20, "db takes a number", "boxes/synth-a", {"rev": 5}]


def test_a_request_that_is_never_answered_is_lost_after_a_while_and_its_fader_goes_back(tab: Tab) -> None:
    found = desk(
        tab,
        """
        desk.wish("boxes/synth-a", { db: -10 }, 1);
        const [[, number]] = sent(1);
        desk.onDeadline(10.9);
        const before = [level(), desk.outcome(number), desk.nextDeadline()];
        desk.onDeadline(desk.nextDeadline());
        return [...before, level(), desk.outcome(number).code, desk.trouble.path, desk.nextDeadline()];
        """,
    )
    assert found == [-10, None, 11, -20, "not-here", "boxes/synth-a", None]


def test_a_box_that_nobody_knows_moves_from_where_newcomers_begin(tab: Tab) -> None:
    found = desk(
        tab,
        """
        desk.wish("boxes/synth-new", { mute: true }, 1);
        const { db, mute } = desk.document.boxes["synth-new"];
        return [db, mute];
        """,
    )
    assert found == [-20, True]


def test_what_was_on_its_way_ends_with_the_connection_and_what_is_known_stays_to_be_seen(tab: Tab) -> None:
    found = desk(
        tab,
        """
        desk.wish("boxes/synth-a", { db: -10 }, 1);
        desk.closed();
        const away = [desk.open, level()];
        desk.registered();
        return [...away, desk.drain(0).at(-1)];
        """,
    )
    assert found == [False, -20, {"type": "desk-open", "health": True}]


def test_after_a_new_connection_rows_stay_until_the_server_has_named_everything(tab: Tab) -> None:
    found = desk(
        tab,
        """
        say({ type: "desk-changed", rev: 4, path: "zones/z-old", set: { name: "Old" } });
        for (const id of ["synth-a", "synth-b"]) say({ type: "desk-box", id, here: true });
        const there = () => [Object.keys(desk.document.zones), [...desk.boxes.keys()]];
        desk.closed();
        desk.registered();
        say({ type: "desk", epoch: "e2", rev: 9 }, 50);
        say({ type: "desk-changed", rev: 9, path: "boxes/synth-a", set: { db: -7 } }, 50);
        say({ type: "desk-box", id: "synth-a", here: true }, 50);
        const before = there();
        const due = desk.nextDeadline();
        desk.onDeadline(due);
        return [before, there(), due - 50, level(), desk.nextDeadline()];
        """,
    )
    assert found == [[["z-old"], ["synth-a", "synth-b"]], [[], ["synth-a"]], 1, -7, None]


def test_what_a_server_that_went_away_never_answered_is_lost_and_says_so(tab: Tab) -> None:
    found = desk(
        tab,
        """
        const number = desk.set("boxes/synth-a", { name: "South" }, 4);
        const before = [desk.waitsSince];
        desk.drain(7);
        desk.setSolo("boxes/synth-a", true);
        desk.drain(8);
        before.push(desk.waitsSince);
        desk.closed();
        const { code, message } = desk.outcome(number);
        return { before, after: desk.waitsSince, code, message, told: desk.trouble.path };
        """,
    )
    assert found["before"] == [None, 7]
    assert found["after"] is None
    assert found["code"] == "not-here"
    assert "look" in found["message"]
    assert found["told"] == "boxes/synth-a"


def test_a_refusal_that_names_its_request_is_not_taken_for_an_older_one(tab: Tab) -> None:
    found = desk(
        tab,
        """
        const [one, other] = ["A", "B"].map((name) => desk.set("boxes/synth-a", { name }, 4));
        const refusal = { type: "error", code: "desk-conflict", message: "changed", about: "desk-set" };
        say({ ...refusal, request: other });
        const named = [desk.outcome(one), desk.outcome(other).code];
        say({ ...refusal, request: 99 });
        const unknown = desk.outcome(one);
        say(refusal);
        return [named, unknown, desk.outcome(one).code];
        """,
    )
    assert found == [[None, "desk-conflict"], None, "desk-conflict"]


def test_the_newest_outcomes_are_kept(tab: Tab) -> None:
    found = desk(
        tab,
        """
        for (let k = 0; k < 101; k += 1) say({ type: "desk-done", request: desk.setSolo("master", true), rev: k });
        return [1, 2, 101].map((number) => desk.outcome(number)?.rev ?? null);
        """,
    )
    assert found == [None, 1, 100]


def test_a_document_that_does_not_come_is_waited_for_as_any_answer(tab: Tab) -> None:
    found = desk(
        tab,
        """
        const since = [];
        const look = () => since.push(desk.waitsSince);
        for (const answer of [
          { type: "desk", epoch: "e2", rev: 4 },
          { type: "error", code: "not-here", message: "no settings are kept", about: "desk-open" },
        ]) {
          desk.registered();
          desk.drain(9);
          look();
          say(answer, 9);
          look();
        }
        return since;
        """,
    )
    assert found == [9, None, 9, None]
