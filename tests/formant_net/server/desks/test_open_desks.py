"""Open desks: how many there may be, and that each is told everything."""

from __future__ import annotations

from support.virtual.clients import RawClients
from support.virtual.steered import A, B, box, desk, set_

from formant_net.server.outputs import Close, Send


def test_a_desk_that_opens_gets_everything_that_there_is(hall: RawClients) -> None:
    first = desk(hall)
    set_(hall, first, "zones/z-nave", name="Nave")
    set_(hall, first, f"boxes/{A}", zone="z-nave", db=-6)
    box(hall, B)
    second = hall.join("desk-2")
    opened, *rest = hall.say(second, "desk-open")
    assert opened == {"type": "desk", "epoch": "e1", "rev": 2, "following": len(rest)}
    paths = {message["path"]: message["set"] for message in rest if message["type"] == "desk-changed"}
    assert set(paths) == {"master", "zones/z-nave", f"boxes/{A}"}, "B has come later and is in no document"
    assert paths[f"boxes/{A}"]["zone"] == "z-nave"
    there = {message["id"]: message["here"] for message in rest if message["type"] == "desk-box"}
    assert there == {A: False, B: True}


def test_sixty_four_desks_are_told_of_changes_and_no_more(hall: RawClients) -> None:
    conns = [desk(hall, f"desk-{n}") for n in range(64)]
    one_more = hall.join("desk-more")
    (said,) = hall.say(one_more, "desk-open")
    assert said["code"] == "server-full"
    hall.drop(conns[0])
    assert hall.say(one_more, "desk-open")[0]["type"] == "desk"


def test_whoever_opens_the_document_again_and_again_is_slowed_down(hall: RawClients) -> None:
    """20 bytes ask for up to 600 kB."""
    conn = hall.join("desk-1")
    opened = [said for _ in range(200) for said in hall.say(conn, "desk-open") if said["type"] == "desk"]
    assert 10 < len(opened) <= 45


def test_a_desk_that_falls_silent_together_with_a_box_is_told_nothing_more(hall: RawClients) -> None:
    """Found by the fuzzer: it was told of the box after its connection was closed."""
    box(hall, A)
    conn = desk(hall)
    hall.wait(30.0)
    hall.clock.now += 100.0
    hall.hub.on_deadline(hall.clock.now)
    gone = False
    for output in hall.hub.drain():
        gone |= isinstance(output, Close) and output.conn == conn
        assert not (gone and isinstance(output, Send) and conn in output.to)
    assert gone
