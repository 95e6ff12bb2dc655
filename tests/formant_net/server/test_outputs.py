"""What the core asks of its shell: in order, once, stamped by the wall clock."""

from __future__ import annotations

import math

from formant_net.protocol import messages as m
from formant_net.protocol.errors import ProtocolError
from formant_net.server.outputs import Close, Event, Outbox, Post, Probe, Send, SendAll


def test_everything_comes_out_once_and_in_order() -> None:
    out = Outbox()
    move = m.Move(within_s=1.0)
    out.send(1, move)
    out.send((1, 2), "encoded elsewhere")
    out.send_all((1, 2), (move, move))
    out.post("run2", b"{}", ("synth-a", "ctrl-a"))
    out.probe(1)
    out.close(1, 1000, "kicked")
    out.event("info", "left", id="ctrl-a", reason=None)
    assert out.drain() == [
        Send((1,), move),
        Send((1, 2), "encoded elsewhere"),
        SendAll((1, 2), (move, move)),
        Post("run2", b"{}", ("synth-a", "ctrl-a")),
        Probe(1),
        Close(1, 1000, "kicked"),
        Event("info", "left", {"id": "ctrl-a"}),
    ]
    assert out.drain() == []


def test_an_error_goes_out_in_the_words_of_the_protocol() -> None:
    out = Outbox()
    out.error(7, ProtocolError("bad-key", "ask for the new one", "register", fatal=True))
    assert out.drain() == [Send((7,), m.Error(code="bad-key", message="ask for the new one", about="register"))]


def test_people_read_the_wall_clock_which_may_be_put_right() -> None:
    out = Outbox()
    out.wall_offset_s = 1_700_000_000.0
    assert out.wall(10.5) == 1_700_000_010.5
    assert out.timestamp(10.5) == 1_700_000_010_500
    out.wall_offset_s -= 3600.0
    assert math.isclose(out.wall(10.5), 1_699_996_410.5)
