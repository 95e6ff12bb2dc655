"""The rows of the table: what a box says with its age, what needs attention, and unknown figures as such."""

from __future__ import annotations

from typing import Any

from formant_net.client.servers import Server
from formant_net.desk.core import Desk
from formant_net.desk.rows import COLUMNS, Row, remedies, rows
from formant_net.protocol import steering as s
from formant_net.protocol.messages import Registered
from formant_net.protocol.timing import Timing

NOW = 1000.0
A, B = "synth-a", "synth-b"


def desk(*messages: Any) -> Desk:
    """A desk that has heard these messages at `NOW`."""
    core = Desk("desk-1", [Server("ws://hall/ws")], Timing(), lambda: 0.5, wants_health=True)
    core.start(NOW)
    core.opened(1, NOW)
    registered = Registered(client_id="desk-1", edge="e", resume="r", ice_servers=[], heartbeat_s=20.0, ttl_s=60.0)
    for message in (registered, s.DeskOpened(epoch="e1", rev=3), *messages):
        core.receive(1, message, NOW)
    return core


def said(id: str = A, age_s: float = 2.0, **fields: Any) -> s.DeskHealth:
    return s.DeskHealth(id=id, age_s=age_s, health=s.Health(version="0.1.0", uptime_s=9.0, **fields))


def only(core: Desk, now: float = NOW) -> Row:
    (row,) = rows(core, now)
    return row


def cells(row: Row) -> dict[str, str]:
    return dict(zip(COLUMNS, row.cells(), strict=True))


def test_a_box_with_its_figures_and_their_age() -> None:
    core = desk(
        s.DeskChanged(rev=1, path="zones/z-nave", set={"name": "Nave"}),
        s.DeskChanged(rev=2, path=f"boxes/{A}", set={"name": "North", "zone": "z-nave"}),
        s.DeskBox(id=A, here=True, name="box-1", wanted=2, applied=2),
        said(links=3, gain=0.5, busy=0.41, underflows=2, shed=1, rtt_ms=4.2, temperature_c=61.4, wifi_dbm=-63.0),
    )
    found = cells(only(core, NOW + 3.0))
    assert (found["box"], found["zone"], found["state"], found["needs attention"]) == ("North", "Nave", "here", "")
    assert (found["links"], found["level"], found["busy"], found["breaks"]) == ("3", "50%", "41%", "3")
    assert (found["round trip"], found["heat"], found["Wi-Fi"], found["said"]) == (
        "4.2 ms",
        "61 °C",
        "-63 dBm",
        "5 s ago",
    )
    assert found["latency"] == found["voices"] == "?", "what it does not say is not known"


def test_troubles_are_shown_with_what_to_do_until_they_are_old() -> None:
    core = desk(s.DeskBox(id=A, here=True), said(troubles=["hot", "breaks"]))
    row = only(core)
    assert row.attention == ("hot", "breaks")
    assert [line.partition(":")[0] for line in remedies([row])] == ["hot", "breaks"]
    late = only(core, NOW + 60.0)
    assert (late.attention, late.stale) == (("says-nothing",), True)


def test_a_box_that_is_away_stays_with_its_name_and_without_figures() -> None:
    core = desk(
        s.DeskChanged(rev=1, path=f"boxes/{B}", set={"name": "Tower"}),
        s.DeskBox(id=A, here=False, name="box-1", since=5.0),
        said(troubles=["hot"], temperature_c=90.0),
    )
    tower, box = sorted(rows(core, NOW), key=lambda row: row.id, reverse=True)
    assert (tower.name, tower.attention) == ("Tower", ("away",))
    assert (box.attention, cells(box)["heat"], box.since_ms) == (("away",), "?", 5.0)


def test_why_a_box_is_silent_and_what_it_has_not_done() -> None:
    core = desk(
        s.DeskChanged(rev=1, path=f"boxes/{A}", set={"mute": True}),
        s.DeskBox(id=A, here=True, wanted=3, applied=2),
        s.DeskBox(id=B, here=True, steered=False, refused={}),
        said(),
        said(B),
    )
    muted, old = rows(core, NOW)
    assert (cells(muted)["state"], muted.attention) == ("silent: mute", ("not-as-set",))
    assert cells(old)["state"] == "here, not steered"


def test_a_program_gets_only_figures_that_are_known() -> None:
    row = only(desk(s.DeskBox(id=A, here=True), said(links=0))).as_dict()
    assert row["health"] == {"type": "health", "version": "0.1.0", "uptime_s": 9.0, "links": 0}
    assert (row["age_s"], row["stale"], row["attention"]) == (2.0, False, [])


def test_rows_are_sorted_by_zone_and_name_and_those_without_a_zone_come_last() -> None:
    core = desk(
        s.DeskChanged(rev=1, path="zones/z-a", set={"name": "Apse"}),
        s.DeskChanged(rev=1, path="boxes/synth-1", set={"name": "Z", "zone": "z-a"}),
        s.DeskChanged(rev=1, path="boxes/synth-2", set={"name": "A"}),
        s.DeskChanged(rev=1, path="boxes/synth-3", set={"name": "B", "zone": "z-a"}),
    )
    assert [row.name for row in rows(core, NOW)] == ["B", "Z", "A"]


def test_how_loud_a_box_is_now_and_not_how_loud_it_was() -> None:
    core = desk(s.DeskBox(id=A, here=True), s.DeskLevels(peak_db={A: -12.3}))
    assert (cells(only(core))["sound"], only(core).as_dict()["peak_db"]) == ("-12 dB", -12.3)
    assert (cells(only(core, NOW + 5.0))["sound"], only(core, NOW + 5.0).as_dict()["peak_db"]) == ("?", None)
    quiet = desk(s.DeskBox(id=A, here=True), s.DeskLevels(peak_db={A: s.QUIET_DB}))
    assert cells(only(quiet))["sound"] == "none"
