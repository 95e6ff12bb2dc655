"""What synths are told: complete, in time, no more than a message holds, and little of it in a storm."""

from __future__ import annotations

from support.desk import Desk

from formant_net import messages as m
from formant_net.hub_outputs import Send, SendAll


def test_a_storm_of_joins_reaches_every_synth_completely_in_few_writes() -> None:
    desk = Desk()
    synth = desk.join("synth-a")
    writes = 0
    for n in range(1000):
        conn = desk.connect()
        desk.hub.receive_frame(conn, desk.text("register", client_id=f"ctrl-{n}"), desk.clock.now)
        outputs = desk.hub.drain()
        writes += sum(synth in output.to for output in outputs if isinstance(output, Send | SendAll))
        for output in outputs:
            if isinstance(output, SendAll):
                desk.hear(output.to, *output.messages)
        desk.clock.now += 0.001  # 1,000 in a second
        if (due := desk.hub.next_deadline()) is not None and due <= desk.clock.now:
            desk.hub.on_deadline(desk.clock.now)
    desk.wait(0.1)
    joined = [message["controller_id"] for message in desk.heard(synth)]
    assert sorted(joined) == sorted(f"ctrl-{n}" for n in range(1000))
    assert writes <= 130


def test_few_joins_are_told_at_once() -> None:
    desk = Desk()
    synth = desk.join("synth-a")
    for n in range(15):
        desk.join(f"ctrl-{n}")
        assert desk.kinds(synth) == ["controller-joined"]


def test_who_comes_and_goes_in_a_storm_is_told_as_gone() -> None:
    desk = Desk()
    synth = desk.join("synth-a")
    for n in range(100):
        desk.drop(desk.join(f"ctrl-{n}"))
    desk.wait(0.1)
    state: dict[str, str] = {}
    for message in desk.heard(synth):
        state[message["controller_id"]] = message["type"]
    assert set(state.values()) == {"controller-left"}
    assert desk.hub.counters.joined == desk.hub.counters.left == 100


def test_a_list_never_grows_beyond_what_a_client_reads() -> None:
    desk = Desk()
    meta = {f"field{n:02}": "x" * 200 for n in range(16)}
    for n in range(100):
        desk.join(f"ctrl-{n:04}", meta=meta)
    synth = desk.join("synth-a")
    desk.hub.receive_frame(synth, desk.text("request-controllers"), desk.clock.now)
    (answer,) = [output.message for output in desk.hub.drain() if isinstance(output, Send)]
    assert isinstance(answer, m.ControllersList)
    text = m.encode(answer)
    assert m.MAX_SIGNALING_BYTES // 2 < len(text) <= m.MAX_SIGNALING_BYTES
    read = m.decode_signaling(text)
    assert isinstance(read, m.ControllersList)
    assert 10 < len(read.controllers) < 100
    assert read.total == 100
    assert isinstance(read.details, dict)
    assert list(read.details) == read.controllers


def test_two_thousand_plain_controllers_are_listed_as_far_as_a_message_holds() -> None:
    desk = Desk()
    for n in range(2000):
        desk.join(f"ctrl-{n:04}")
    synth = desk.join("synth-a")
    (answer,) = desk.say(synth, "request-controllers")
    assert len(answer["controllers"]) > 500
    assert answer["total"] == 2000
