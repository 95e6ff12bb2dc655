"""Settings of boxes: each box is told the newest that concerns it, and never more often than it can follow."""

from __future__ import annotations

from typing import Any

import pytest
from support.virtual.clients import RawClients, refused
from support.virtual.steered import A, B, box, desk, set_, told

from formant_net.fleet import document as documents
from formant_net.fleet.effective import House


def test_a_box_that_was_away_gets_what_was_set_meanwhile_when_it_registers(hall: RawClients) -> None:
    first = desk(hall)
    set_(hall, first, f"boxes/{A}", name="North", mute=True, preset="hum")
    (settings,) = told(hall, box(hall, A))
    assert (settings["name"], settings["because"], settings["preset"]) == ("North", ["mute"], "hum")


def test_before_anybody_steers_no_box_is_told_anything(hall: RawClients) -> None:
    conn = box(hall, A)
    desk(hall)
    assert told(hall, conn) == []


def test_boxes_that_play_when_steering_begins_stay_as_loud_and_later_ones_come_softly(hall: RawClients) -> None:
    playing, first = box(hall, A), desk(hall)
    set_(hall, first, "zones/z-nave", name="Nave")
    assert [settings["gain_db"] for settings in told(hall, playing)] == [0.0]
    (settings,) = told(hall, box(hall, B))
    assert settings["gain_db"] == -20.0


def test_a_server_that_has_lost_its_settings_makes_no_box_louder_when_somebody_begins_to_steer(
    hall: RawClients,
) -> None:
    """Its disk was replaced. Its boxes go on with what the old document wanted, and stay so until a desk changes it."""
    soft, silent, first = box(hall, A), box(hall, B), desk(hall)
    hall.say(soft, "settings-applied", epoch="old", rev=90, kept={"gain_db": -24.0, "delay_ms": 11.5, "name": "North"})
    hall.say(silent, "settings-applied", epoch="old", rev=90, kept={"gain_db": -3.0, "silent": True, "preset": "hum"})
    assert told(hall, soft) == [], "nobody steers yet"
    set_(hall, first, "master", db=-1.0)
    (there,), (mute,) = told(hall, soft), told(hall, silent)
    assert (there["gain_db"], there["delay_ms"], there["name"], there.get("because")) == (-25.0, 11.5, "North", None)
    assert (mute["gain_db"], mute["because"], mute["preset"]) == (-4.0, ["mute"], "hum")
    hall.say(soft, "settings-applied", epoch="e1", rev=there["rev"])
    assert hall.hub.steering.followed(A) == (True, ())
    late = box(hall, "synth-c")
    assert [settings["gain_db"] for settings in told(hall, late)] == [-21.0], "it is new to an ensemble that is steered"
    hall.say(late, "settings-applied", epoch="old", rev=90, kept={"gain_db": -6.0})
    hall.wait(1.0)
    assert told(hall, late) == []


def test_the_first_change_of_a_box_leaves_the_rest_of_it_as_it_has_kept_it(hall: RawClients) -> None:
    muted, first = box(hall, A), desk(hall)
    hall.say(muted, "settings-applied", epoch="old", rev=9, kept={"gain_db": -12.0, "silent": True, "name": "\x1b[2J"})
    set_(hall, first, f"boxes/{A}", tags=["low"])
    fields = documents.fields_of(hall.hub.steering.document.boxes[A])
    assert (fields["db"], fields["mute"], fields["tags"]) == (-12.0, True, ("low",))
    assert fields["name"] == " [2J", "a box commands no terminal of a desk"
    (settings,) = told(hall, muted)
    assert settings["because"] == ["mute"]


def test_an_older_box_is_told_nothing_and_the_desk_sees_that(hall: RawClients) -> None:
    old = box(hall, A, steered=False)
    first = desk(hall)
    hall.sort()
    set_(hall, first, "master", off=True)
    assert told(hall, old) == []
    again = hall.join("desk-2")
    (seen,) = [message for message in hall.say(again, "desk-open") if message["type"] == "desk-box"]
    assert seen["steered"] is False


def test_a_fader_that_moves_is_told_twenty_times_a_second_and_ends_where_it_stands(hall: RawClients) -> None:
    conn, first = box(hall, A), desk(hall)
    for n in range(200):
        set_(hall, first, "master", db=-n / 10)
        hall.wait(0.005)
    hall.wait(0.1)
    levels = [settings["gain_db"] for settings in told(hall, conn)]
    assert levels[-1] == pytest.approx(-19.9)
    assert 15 <= len(levels) <= 22


def test_a_solo_is_not_kept_and_ends_for_the_house_when_its_box_goes(hall: RawClients) -> None:
    one, other, first = box(hall, A), box(hall, B), desk(hall)
    hall.say(first, "desk-solo", path=f"boxes/{A}", on=True)
    assert [settings["because"] for settings in told(hall, other)] == [["solo"]]
    assert all("because" not in settings for settings in told(hall, one))
    hall.wait(1.0)
    hall.drop(one)
    hall.wait(0.1)
    assert ["because" in settings for settings in told(hall, other)] == [False]
    assert hall.hub.steering.document.rev == 0


def test_a_new_box_sings_softly_or_waits_until_a_desk_admits_it(hall: RawClients) -> None:
    first = desk(hall)
    set_(hall, first, "master", db=0)
    (softly,) = told(hall, box(hall, A))
    assert (softly["gain_db"], softly.get("because", [])) == (-20.0, [])
    hall.wait(1.0)
    set_(hall, first, "master", hold_new=True)
    late = box(hall, B)
    assert told(hall, late)[-1]["because"] == ["new"]
    hall.wait(1.0)
    set_(hall, first, f"boxes/{B}", db=-3)
    (admitted,) = told(hall, late)
    assert (admitted["gain_db"], admitted.get("because", [])) == (-3.0, [])


def test_a_scene_ramps_and_can_be_undone(hall: RawClients) -> None:
    conn, first = box(hall, A), desk(hall)
    set_(hall, first, f"boxes/{A}", db=-3)
    set_(hall, first, "scenes/s-night", name="Night", ramp_s=8, boxes={A: {"db": -40}})
    hall.wait(1.0)
    told(hall, conn)
    hall.say(first, "desk-recall", scene="s-night")
    (night,) = told(hall, conn)
    assert (night["gain_db"], night["ramp_ms"]) == (-40.0, 8000.0)
    hall.wait(1.0)
    hall.say(first, "desk-undo")
    (back,) = told(hall, conn)
    assert (back["gain_db"], back["ramp_ms"]) == (-3.0, 50.0)
    refused(hall.say(first, "desk-undo"), "bad-setting", "desk-undo")


@pytest.mark.parametrize("desks", [1, 20])
def test_a_flood_of_changes_is_told_as_one_and_the_newest_arrives(
    hall: RawClients, desks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 200 boxes, each change once cost 20 ms, in which the server heard nobody."""
    boxes = [box(hall, f"synth-{n}") for n in range(50)]
    conns = [desk(hall, f"desk-{n}") for n in range(desks)]
    hall.wait(10.0)
    worked_out = 0
    house = House.box

    def counted(self: House, id: str) -> Any:
        nonlocal worked_out
        worked_out += 1
        return house(self, id)

    monkeypatch.setattr(House, "box", counted)
    codes = set()
    for n in range(1000):  # two seconds
        said = set_(hall, conns[n % desks], f"boxes/synth-{n % 50}", db=-float(n % 60))
        codes |= {each["code"] for each in said if each["type"] == "error"}
        hall.wait(0.002)
    assert worked_out <= len(boxes) * (64 + 2 * 20 + 2 * 20)
    assert codes <= {"too-fast"}
    hall.wait(10.0)
    assert "desk-done" in {said["type"] for said in set_(hall, conns[0], "boxes/synth-7", db=-12.0)}
    hall.wait(0.1)
    assert told(hall, boxes[7])[-1]["gain_db"] == -12.0
