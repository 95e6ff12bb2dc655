"""Boxes that are switched on together, with few of them. A hundred, and real ones: `make fleet`."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from fleet.discovery import search, there
from support.machine.processes import processes
from support.net.bad_cable import Switch
from support.net.namespace import Lan
from support.suite.patience import PATIENCE_S
from support.suite.require import require_namespaces

from formant_net.aio.client import find


@pytest.mark.parametrize("loss", [0.0, pytest.param(0.3, marks=pytest.mark.long)])
def test_boxes_that_are_on_before_their_server_all_find_it(
    loss: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_namespaces()
    monkeypatch.setattr(find, "open_multicast", there)
    boxes = {f"box{n}": (f"10.7.1.{1 + n}/16",) for n in range(6)}
    with Lan(server=("10.7.0.1/16",), **boxes) as lan, processes() as start:
        if loss:
            lan.lose(loss)
        state = {"FORMANT_STATE_DIR": str(tmp_path)}
        start("server", "--open", "--port", "8099", environment=state, prefix=lan["server"].inside)
        took = asyncio.run(search([lan[name] for name in boxes], PATIENCE_S))
    assert len(took) == len(boxes)


def test_the_cable_of_these_tests_loses_what_it_should_and_returns_nothing_to_its_sender() -> None:
    """A port may have many hosts behind it: a frame from one of them to another is not sent back."""
    machine, switch = os.pipe(), os.pipe()
    cable = Switch({"machine": machine[1], "switch": switch[1]})
    server, one, other = b"server", b"boxone", b"boxtwo"
    everybody = b"\xff" * 6
    cable.change("switch", "machine", {"loss": 0.3})
    for sender in (one, other):
        cable.frame("switch", everybody + sender, 0.0)
    cable.frame("switch", one + other, 0.0)
    for _ in range(1000):
        cable.frame("switch", server + one, 0.0)
        cable.frame("machine", one + server, 0.0)
    cable.deliver(1.0)
    came = [len(os.read(end, 100_000)) // 12 for end, _ in (machine, switch)]
    for end in (*machine, *switch):
        os.close(end)
    assert came[1] == 1000
    assert 650 < came[0] < 750
