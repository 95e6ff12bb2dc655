"""What synths are told: complete, in time, no more than a message holds, and little of it in a storm."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.json import encode as encode_json
from support.net.sdp import offer
from support.virtual.clients import RawClients, only, refused

from formant_net.protocol import codec
from formant_net.protocol import messages as m
from formant_net.protocol.messages import Role
from formant_net.server import discovery
from formant_net.server.access.join_keys import Access
from formant_net.server.access.tokens import KeySet, make_key
from formant_net.server.outputs import Send, SendAll
from formant_net.server.registry.leases import Place

OFFER = offer()
KEYS = KeySet.parse(json.dumps({"keys": [make_key("HS256", "a", lambda count: b"x" * count)]}))


def guest_token(clients: RawClients, **claims: Any) -> str:
    """An audience token; the hub's wall clock is its own clock."""
    return KEYS.sign({"exp": clients.clock.now + 3600.0, "scope": "controller", **claims})


@pytest.fixture
def clients() -> RawClients:
    return RawClients()


def test_a_synth_gets_a_plain_list_of_ids_with_details_beside_it(clients: RawClients) -> None:
    clients.hub.wall_offset_s = 500.0
    clients.join("ctrl-a")
    clients.wait(5.0)
    clients.join("touch-ctrl-b", meta={"name": "Ann's phone"})
    synth = clients.join("synth-a")
    assert only(clients.say(synth, "request-controllers", source="synth-a")) == {
        "type": "controllers-list",
        "controllers": ["ctrl-a", "touch-ctrl-b"],
        "details": {
            "ctrl-a": {"edge": "attic", "age_s": 5.0, "meta": {}},
            "touch-ctrl-b": {"edge": "attic", "age_s": 0.0, "meta": {"name": "Ann's phone"}},
        },
        "timestamp": 1505000,
    }


def test_synths_are_not_in_the_list(clients: RawClients) -> None:
    clients.join("synth-b")
    assert only(clients.say(clients.join("synth-a"), "request-controllers"))["controllers"] == []


def test_a_join_and_a_leave_are_told_to_every_synth_and_to_no_controller(clients: RawClients) -> None:
    synths = [clients.join("synth-a"), clients.join("synth-b")]
    other = clients.join("ctrl-other")
    for synth in synths:
        clients.heard(synth)
    ctrl = clients.join("ctrl-a")
    for synth in synths:
        joined = only(clients.heard(synth))
        assert joined == {"type": "controller-joined", "controller_id": "ctrl-a", "timestamp": 1000000, "edge": "attic"}
    clients.drop(ctrl)
    for synth in synths:
        left = only(clients.heard(synth))
        assert left == {"type": "controller-left", "controller_id": "ctrl-a", "timestamp": 1000000, "edge": "attic"}
    assert clients.heard(other) == []


def test_a_synth_that_comes_or_goes_is_announced_to_nobody(clients: RawClients) -> None:
    ctrl, synth = clients.join("ctrl-a"), clients.join("synth-a")
    clients.drop(clients.join("synth-b"))
    assert clients.heard(ctrl) == []
    assert clients.heard(synth) == []


def test_only_synths_ask_for_controllers(clients: RawClients) -> None:
    refused(clients.say(clients.join("ctrl-a"), "request-controllers"), "wrong-role", "request-controllers")


def test_the_registry_is_read_only_when_a_synth_asks(
    clients: RawClients, monkeypatch: pytest.MonkeyPatch
) -> None:  # fault 9
    synth = clients.join("synth-a")
    asked: list[str] = []
    places = clients.registry.places

    def counted(role: Role) -> list[Place]:
        asked.append(role)
        return places(role)

    monkeypatch.setattr(clients.registry, "places", counted)
    for n in range(50):
        ctrl = clients.join(f"ctrl-{n}")
        clients.say(ctrl, "heartbeat")
        clients.say(synth, "offer", target=f"ctrl-{n}", data=OFFER)
    clients.wait(30.0, answering=tuple(clients.open))
    assert asked == []
    clients.say(synth, "request-controllers")
    assert asked == ["controller"]


def test_a_storm_of_joins_reaches_every_synth_completely_in_few_writes() -> None:
    clients = RawClients()
    synth = clients.join("synth-a")
    writes = 0
    for n in range(1000):
        conn = clients.connect()
        clients.hub.receive_frame(conn, clients.text("register", client_id=f"ctrl-{n}"), clients.clock.now)
        outputs = clients.hub.drain()
        writes += sum(synth in output.to for output in outputs if isinstance(output, Send | SendAll))
        for output in outputs:
            if isinstance(output, SendAll):
                clients.hear(output.to, *output.messages)
        clients.clock.now += 0.001  # 1,000 in a second
        if (due := clients.hub.next_deadline()) is not None and due <= clients.clock.now:
            clients.hub.on_deadline(clients.clock.now)
    clients.wait(0.1)
    joined = [message["controller_id"] for message in clients.heard(synth)]
    assert sorted(joined) == sorted(f"ctrl-{n}" for n in range(1000))
    assert writes <= 130


def test_few_joins_are_told_at_once() -> None:
    clients = RawClients()
    synth = clients.join("synth-a")
    for n in range(15):
        clients.join(f"ctrl-{n}")
        assert clients.kinds(synth) == ["controller-joined"]


def test_who_comes_and_goes_in_a_storm_is_told_as_gone() -> None:
    clients = RawClients()
    synth = clients.join("synth-a")
    for n in range(100):
        clients.drop(clients.join(f"ctrl-{n}"))
    clients.wait(0.1)
    state: dict[str, str] = {}
    for message in clients.heard(synth):
        state[message["controller_id"]] = message["type"]
    assert set(state.values()) == {"controller-left"}
    assert clients.hub.counters.joined == clients.hub.counters.left == 100


BIG = {f"field{n:02}": "x" * 200 for n in range(16)}


def test_a_list_never_grows_beyond_what_a_client_reads() -> None:
    clients = RawClients()
    for n in range(300):
        clients.join(f"ctrl-{n:04}", meta=BIG)
    synth = clients.join("synth-a")
    clients.hub.receive_frame(synth, clients.text("request-controllers"), clients.clock.now)
    (answer,) = [output.message for output in clients.hub.drain() if isinstance(output, Send)]
    assert isinstance(answer, m.ControllersList)
    text = codec.encode(answer)
    assert codec.MAX_SIGNALING_BYTES // 2 < len(text) <= codec.MAX_SIGNALING_BYTES
    read = codec.decode_signaling(text)
    assert isinstance(read, m.ControllersList)
    assert 50 < len(read.controllers) < 300
    assert (read.total, read.more) == (300, True)
    assert isinstance(read.details, dict)
    assert list(read.details) == read.controllers


def pages(clients: RawClients, synth: int) -> list[list[str]]:
    """The whole list, as a synth asks for it."""
    asked: list[list[str]] = []
    after: dict[str, str] = {}
    while True:
        told = clients.say(synth, "request-controllers", **after)
        page = only([message for message in told if message["type"] == "controllers-list"])
        assert page.get("after") == after.get("after")
        asked.append(page["controllers"])
        if not page.get("more"):
            return asked
        after = {"after": page["controllers"][-1]}
        clients.wait(0.1)


def test_a_list_that_fits_exactly_is_whole(clients: RawClients, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ctrl-a", "ctrl-b"):
        clients.join(name)
    synth = clients.join("synth-a")
    whole = only(clients.say(synth, "request-controllers"))
    size = sum(2 * len(name) + len(encode_json(detail)) + 8 for name, detail in whole["details"].items())
    monkeypatch.setattr(discovery, "LIST_BYTES", size)
    assert only(clients.say(synth, "request-controllers")) == whole
    monkeypatch.setattr(discovery, "LIST_BYTES", size - 1)
    cut = only(clients.say(synth, "request-controllers"))
    assert (cut["controllers"], cut["more"], cut["total"]) == (["ctrl-a"], True, 2)


def test_two_thousand_controllers_are_listed_in_several_messages_each_once() -> None:
    clients = RawClients()
    for n in range(2000):
        clients.join(f"ctrl-{n:04}")
    synth = clients.join("synth-a")
    asked = pages(clients, synth)
    assert 2 <= len(asked) <= 4
    assert [id for page in asked for id in page] == [f"ctrl-{n:04}" for n in range(2000)]


def test_a_list_whose_last_id_has_left_begins_again() -> None:
    clients = RawClients()
    conns = {f"ctrl-{n:04}": clients.join(f"ctrl-{n:04}") for n in range(800)}
    synth = clients.join("synth-a")
    first = only(clients.say(synth, "request-controllers"))["controllers"]
    clients.drop(conns[first[-1]])
    clients.heard(synth)
    again = only(clients.say(synth, "request-controllers", after=first[-1]))["controllers"]
    assert again[: len(first) - 1] == first[:-1]
    assert only(clients.say(synth, "request-controllers", after="synth-a"))["controllers"][0] == "ctrl-0000"


def test_guests_with_much_to_say_push_nobody_out_of_the_list() -> None:
    """Issue: 14 guests with 5 kB of `meta` hid the honest controller for 40 s. Here 400 guests of 40 addresses."""
    clients = RawClients(access=Access("abcd", tokens=KEYS))
    for n in range(400):
        clients.join(f"touch-ctrl-{n:03}", key=guest_token(clients), address=f"192.0.2.{n % 40}", meta=BIG)
    clients.join("ctrl-honest", key="abcd", address="198.51.100.7", meta={"name": "Ann", "run": "r1"})
    clients.join(
        "touch-ctrl-phone", key=guest_token(clients), address="198.51.100.8", meta={"name": "Bea", "run": "r2"}
    )
    synth = clients.join("synth-a", key="abcd")
    page = only(clients.say(synth, "request-controllers"))
    assert page["controllers"][0] == "ctrl-honest"
    assert page["details"]["ctrl-honest"]["meta"] == {"name": "Ann", "run": "r1"}
    assert "settings" not in page["details"]["ctrl-honest"]
    guest = page["details"]["touch-ctrl-000"]
    assert guest["settings"] is False
    assert len(json.dumps(guest["meta"])) < 600
    everybody = [id for one in pages(clients, synth) for id in one]
    assert len(everybody) == len(set(everybody)) == 402
    assert "touch-ctrl-phone" in everybody


def test_synths_are_told_who_is_counted_with_whom_and_nobody_else_is() -> None:
    clients = RawClients(access=Access("abcd", tokens=KEYS))
    synth = clients.join("synth-a", key="abcd")
    one, other = guest_token(clients), guest_token(clients, nbf=1.0)
    for id, key, address in (
        ("ctrl-a", one, "192.0.2.1"),
        ("ctrl-b", one, "192.0.2.1"),
        ("ctrl-c", one, "192.0.2.2"),
        ("ctrl-d", other, "192.0.2.1"),
        ("ctrl-e", "abcd", "192.0.2.1"),
    ):
        clients.join(id, key=key, address=address)
    clients.wait(0.1)
    groups = {message["controller_id"]: message["group"] for message in clients.heard(synth)}
    parts = {id: group.split(".") for id, group in groups.items()}
    assert groups["ctrl-a"] == groups["ctrl-b"]
    assert parts["ctrl-a"][0] == parts["ctrl-c"][0]
    assert parts["ctrl-a"][1] != parts["ctrl-c"][1]
    assert len({parts["ctrl-a"][0], parts["ctrl-d"][0], parts["ctrl-e"][0]}) == 3
    for group in groups.values():
        assert "192" not in group
        assert "abcd" not in group
    details = only(clients.say(synth, "request-controllers"))["details"]
    assert {id: detail["group"] for id, detail in details.items()} == groups
