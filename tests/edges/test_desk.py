"""Two desks on two edges, a real engine, and what fails between them: nothing is lost, and all boxes do the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.net.edge_clients import Raw
from support.net.edge_processes import EdgeProcess, edge_processes, until

A, B = "synth-a", "synth-b"


def box(edge: EdgeProcess, id: str) -> Raw:
    return Raw(edge, id, meta={"name": id, "steered": True})


def desk(edge: EdgeProcess, id: str) -> Raw:
    found = Raw(edge, id)
    found.say("desk-open")
    found.hear("desk")
    return found


def set_(by: Raw, path: str, **fields: Any) -> dict[str, Any]:
    by.say("desk-set", path=path, set=fields, base=2**40, request=1)
    return by.hear("desk-done", "error")


def gain(of: Raw, db: float) -> None:
    """Wait until the box was told this."""
    until(lambda: of.hear("settings").get("gain_db", 0.0) == db)


def test_two_desks_on_two_edges_with_a_cut_between_them_and_a_power_cut_of_everything(tmp_path: Path) -> None:
    with edge_processes(tmp_path) as running, running.cable() as cable:
        registry = f"nats://127.0.0.1:{cable.port}/stage"
        attic, barn = running.edge("attic", registry=registry), running.edge("barn")
        running.reached("attic")
        running.reached("barn")
        near, far = box(attic, A), box(barn, B)
        first, second = desk(attic, "desk-1"), desk(barn, "desk-2")
        until(lambda: set_(first, "master", db=-6)["type"] == "desk-done")
        gain(near, -6.0)
        gain(far, -6.0)

        cable.cut()
        lost = set_(first, "master", db=-1)
        assert (lost["type"], lost["code"], lost["about"]) == ("error", "not-here", "desk-set")
        assert set_(second, "master", db=-9)["type"] == "desk-done"
        gain(far, -9.0)
        cable.mend()
        gain(near, -9.0)
        until(lambda: set_(first, "master", db=-12)["type"] == "desk-done")
        gain(near, -12.0)
        gain(far, -12.0)

        running.nats.kill()
        for edge in (attic, barn):
            edge.process.kill()
        running.nats.start()
        attic, barn = running.edge("attic", registry=registry), running.edge("barn")
        near, far = box(attic, A), box(barn, B)
        for each in (near, far):
            gain(each, -12.0)
        running.reached("attic")
        running.reached("barn")
        third = desk(barn, "desk-3")
        until(lambda: set_(third, f"boxes/{A}", mute=True)["type"] == "desk-done")
        until(lambda: near.hear("settings").get("because") == ["mute"])
