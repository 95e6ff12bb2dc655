"""What both kinds of client have in common: one settle an event, and what neither of them does anything with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from support.virtual.ensemble import World
from support.virtual.hands import controller_of, press, synth_of

from formant_net.client.core import ClientCore
from formant_net.client.effects import Connect, Notice, Transmit
from formant_net.client.servers import Server
from formant_net.protocol import messages as m
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.timing import Timing

REGISTERED = m.Registered(client_id="synth-a", edge="e", resume="r", ice_servers=[], heartbeat_s=20.0, ttl_s=60.0)


class Plain(ClientCore[Any]):
    """A client that does nothing with messages, and counts."""

    role = "synth"

    def __init__(self, servers: Sequence[Server] = (Server("ws://one/ws"),)) -> None:
        super().__init__("synth-a", "synth", None, list(servers), Timing(), lambda: 0.5)
        self.settled: list[float] = []
        self.registered = 0

    def _settle(self, now: float) -> None:
        self.settled.append(now)
        super()._settle(now)

    def _registered(self) -> None:
        self.registered += 1

    def _receive(self, message: m.Message | m.Unknown, now: float) -> None:
        self._otherwise(message)


def online() -> Plain:
    core = Plain()
    core.start(0.0)
    core.opened(1, 0.0)
    core.receive(1, REGISTERED, 0.0)
    core.settled.clear()
    core.drain()
    return core


def test_effects_come_out_in_order_and_once() -> None:
    core = Plain()
    core.start(0.0)
    core.opened(1, 0.0)
    assert [type(effect) for effect in core.drain()] == [Connect, Transmit]
    assert core.drain() == []


def test_every_event_settles_once_with_its_time() -> None:
    core = online()
    core.receive(1, m.Unknown("telepathy"), 1.0)
    assert core.counters == {"unknown": 1}
    core.checked(0, True, 2.0)
    core.closed(1, "gone", 3.0)
    assert core.settled == [1.0, 2.0, 3.0]


def test_a_better_server_that_is_well_is_moved_to() -> None:
    servers = [Server("ws://one/ws"), Server("ws://two/ws")]
    core = Plain(servers)
    core.start(0.0)
    core.closed(1, "refused", 0.0)
    for at in range(1, 60):
        core._signaling.on_deadline(float(at))
        if core._signaling.attempt == 2:
            break
    core.opened(2, float(at))
    core.receive(2, REGISTERED, float(at))
    core.drain()
    for check in range(10):
        core.checked(0, True, at + 10.0 * check)
    assert "ws://one/ws" in [effect.url for effect in core.drain() if isinstance(effect, Connect)]


def test_each_registration_is_told_once_and_an_answer_to_a_question_is_none() -> None:
    core = online()
    assert core.registered == 1
    core._signaling.verify(1.0)
    core.receive(1, REGISTERED, 1.1)
    assert core.registered == 1
    core.closed(1, "gone", 2.0)
    core.on_deadline = lambda now: core._signaling.on_deadline(now)  # type: ignore[attr-defined]
    core.on_deadline(20.0)  # type: ignore[attr-defined]
    core.opened(2, 20.0)
    core.receive(2, REGISTERED, 20.1)
    assert core.registered == 2


def test_refusals_are_counted_and_said_with_their_code() -> None:
    core = online()
    core.receive(1, m.Error(code="unknown-target", message="nobody is there"), 1.0)
    (notice,) = core.drain()
    assert notice == Notice("server refuses", {"code": "unknown-target", "reason": "nobody is there"}, warning=True)
    assert core.counters == {"refused": 1}


def test_what_others_are_sent_is_refused_by_its_name_and_settles_nothing() -> None:
    core = online()
    answer = m.Answer(source="ctrl-a", target="synth-a", data=m.Description(type="answer", sdp="v=0"))
    for message, name, source in ((answer, "answer", "ctrl-a"), (m.Heartbeat(), "heartbeat", "the server")):
        with pytest.raises(ProtocolError, match=source) as caught:
            core.receive(1, message, 1.0)
        assert (caught.value.code, caught.value.about) == ("unexpected", name)
    assert core.settled == []


def test_an_ensemble_plays_with_a_server_that_knows_no_registered() -> None:
    world = World()
    world.wordless = True
    synth, controller = world.synth(), world.controller()
    world.run(1.5)
    assert synth_of(synth).open_peers == ("ctrl-a",)
    press(controller)
    world.run(0.2)
    assert synth.voices.sounding
    late = world.controller("ctrl-b")
    world.run(0.5)
    assert controller_of(late).synths(world.clock.now)[0].open
    world.kill(controller)
    world.run(5.0)
    assert synth_of(synth).open_peers == ("ctrl-b",)
    assert synth_of(synth)._signaling.online
