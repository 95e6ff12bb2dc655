"""Whatever servers, peers and clocks do: cores raise nothing but ProtocolError, and every voice that starts ends."""

from __future__ import annotations

import contextlib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.virtual.ensemble import Voices
from support.virtual.hands import numbered

from formant_net.client.servers import Server
from formant_net.controller.core import Controller
from formant_net.protocol import messages as m
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.gesture import TimedTouch
from formant_net.protocol.timing import Timing
from formant_net.synth.core import Synth
from formant_net.synth.touches import Touches

names = st.sampled_from(["ctrl-a", "ctrl-b", "synth-a", "synth-b"])
unit = st.sampled_from([0.0, 0.5, 1.0])
fingers = st.sampled_from([0, 1, "thumb"])
seqs = st.none() | st.integers(0, 30)
point_lists = st.none() | st.lists(st.builds(m.Point, id=fingers, x=unit, y=unit), max_size=3)
touches = st.builds(
    m.Touch,
    x=unit,
    y=unit,
    active=st.booleans(),
    id=st.none() | fingers,
    seq=seqs,
    t=st.none() | st.floats(-1e12, 1e12),
    points=point_lists,
)
settings_ = st.sampled_from([True, False, 0.5, 2.0, "x"])
channel_messages = st.one_of(
    touches,
    st.builds(m.Ping, timestamp=st.none() | st.integers(0, 9), seq=seqs, points=point_lists),
    st.builds(m.Pong, timestamp=st.none() | st.integers(0, 9)),
    st.builds(m.Param, name=st.sampled_from(["volume", "x"]), value=settings_),
    st.builds(m.Command, name=st.sampled_from(["power", "x"]), value=st.none() | settings_),
    st.just(m.Unknown("telepathy")),
)
answers = st.builds(lambda sdp: m.Description(type="answer", sdp=sdp), st.sampled_from(["v=0", "a=mid:L1", "a=mid:0"]))
offers = st.just(m.Description(type="offer", sdp="a=mid:0"))
server_messages: st.SearchStrategy[Any] = st.one_of(
    st.builds(
        m.Registered,
        client_id=st.just("synth-a"),
        edge=st.just("e"),
        resume=st.just("r"),
        ice_servers=st.just([]),
        heartbeat_s=st.floats(0.0, 100.0),
        ttl_s=st.just(60.0),
    ),
    st.builds(m.ControllersList, controllers=st.lists(names, max_size=3)),
    st.builds(m.ControllerJoined, controller_id=names),
    st.builds(m.ControllerLeft, controller_id=names),
    st.builds(m.Answer, source=st.none() | names, target=names, data=answers),
    st.builds(m.Offer, source=st.none() | names, target=names, data=offers),
    st.builds(m.IceCandidate, source=st.none() | names, target=names),
    st.builds(m.Error, code=st.sampled_from(["bad-key", "id-taken", "x"]), message=st.just("m")),
    st.builds(m.Kicked, reason=st.just("r")),
    st.just(m.Unknown("telepathy")),
)
links = st.integers(1, 4)
steps = st.one_of(
    st.tuples(st.just("receive"), st.integers(1, 3), server_messages),
    st.tuples(st.just("opened"), st.integers(1, 3)),
    st.tuples(st.just("closed"), st.integers(1, 3), st.just("r")),
    st.tuples(st.just("described"), names, links, st.just("a=mid:0")),
    st.tuples(st.just("link_opened"), names, links, st.sampled_from(["params", "commands"])),
    st.tuples(st.just("link_lost"), names, links, st.just("r")),
    st.tuples(st.just("channel"), names, links, st.just("params"), channel_messages),
    st.tuples(st.just("on_deadline")),
    st.tuples(st.just("touch"), st.lists(st.builds(TimedTouch, st.just(0.0), fingers, unit, unit), max_size=2)),
)
# A beginning that usually links one controller, so that what follows meets open links as well.
usual: list[tuple[Any, ...]] = [
    ("opened", 1),
    (
        "receive",
        1,
        m.Registered(client_id="synth-a", edge="e", resume="r", ice_servers=[], heartbeat_s=20.0, ttl_s=60.0),
    ),
    ("receive", 1, m.ControllersList(controllers=["ctrl-a"])),
    ("described", "ctrl-a", 1, "a=mid:0"),
    ("receive", 1, m.Answer(source="ctrl-a", target="synth-a", data=m.Description(type="answer", sdp="a=mid:L1"))),
    ("link_opened", "ctrl-a", 1, "params"),
]


def perform(core: Synth | Controller, step: tuple[Any, ...], now: float, voices: Voices) -> None:
    name, *arguments = step
    method = getattr(core, name, None)
    if method is not None:
        with contextlib.suppress(ProtocolError):
            method(*arguments, now)
    for effect in core.drain():
        voices.take(effect)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(steps, st.floats(0.0, 4.0)), max_size=40), st.booleans())
def test_a_synth_survives_everything_and_its_voices_are_in_order(
    script: list[tuple[tuple[Any, ...], float]], linked: bool
) -> None:
    core = Synth("synth-a", [Server("ws://one/ws")], Timing(), lambda: 0.0)
    voices = Voices()
    now = 0.0
    core.start(now)
    for step in usual if linked else []:
        perform(core, step, now, voices)
    for step, wait_s in script:
        now += wait_s
        perform(core, step, now, voices)
        assert core.fingers == len(voices.sounding)
    now += 0.3
    perform(core, ("on_deadline",), now, voices)
    assert not voices.sounding, "nothing was heard for longer than the hold time"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(steps, st.floats(0.0, 4.0)), max_size=40))
def test_a_controller_survives_everything(script: list[tuple[tuple[Any, ...], float]]) -> None:
    core = Controller("ctrl-a", [Server("ws://one/ws")], Timing(), lambda: 0.0)
    now = 0.0
    core.start(now)
    for step, wait_s in [(step, 0.0) for step in usual[:2]] + script:
        now += wait_s
        perform(core, step, now, Voices())
    core.release_all(now)
    for i in range(10):
        core.on_deadline(now + 0.02 * (i + 1))
    assert core.settled


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(touches, st.floats(0.0, 0.3)), max_size=60))
def test_touches_start_and_end_each_voice_once(script: list[tuple[m.Touch, float]]) -> None:
    state = Touches(Timing(), numbered())
    voices = Voices()
    now = 0.0
    for touch, wait_s in script:
        now += wait_s
        for note in state.on_deadline(now) + state.touch(touch, now):
            voices.take(note)
        assert len(state) == len(voices.sounding) <= 3
    for note in state.on_deadline(now + 0.25):
        voices.take(note)
    assert not voices.sounding
