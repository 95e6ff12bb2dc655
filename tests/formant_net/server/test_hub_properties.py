"""Whatever clients do, in whatever order: what the server core promises at every moment."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from support.net.sdp import answer, offer
from support.virtual.clients import RawClients

IDS = st.sampled_from(["synth-a", "synth-b", "ctrl-a", "ctrl-b", "touch-ctrl-c"])
OFFER, ANSWER = offer(), answer()


class AnyClients(RuleBasedStateMachine):
    """`RawClients` itself checks that nothing is ever sent to a closed connection and that none is closed twice."""

    conns = Bundle("conns")

    def __init__(self) -> None:
        super().__init__()
        self.clients = RawClients(key="k")
        self.known: dict[int, str] = {}
        self.rosters: dict[int, set[str]] = {}
        self.secrets: dict[str, str] = {}
        self.armed: float | None = None
        """What a timer that is armed anew only when the hub says `moved` is set to."""

    def listen(self) -> None:
        """Every client reads what it was sent, the way a simple synth would."""
        for conn in self.clients.inbox:
            for message in self.clients.heard(conn):
                kind = message["type"]
                if kind == "registered":
                    self.known[conn] = message["client_id"]
                    self.secrets[message["client_id"]] = message["resume"]
                    continue
                assert conn in self.known or kind in ("error", "kicked"), f"{kind} to a client that never registered"
                if kind == "controllers-list":
                    self.rosters[conn] = set(message["controllers"])
                elif kind == "controller-joined":
                    assert self.known[conn].startswith("synth-")
                    if conn in self.rosters:
                        self.rosters[conn].add(message["controller_id"])
                elif kind == "controller-left":
                    assert self.known[conn].startswith("synth-")
                    if conn in self.rosters:
                        self.rosters[conn].discard(message["controller_id"])
                elif kind in ("offer", "answer", "ice-candidate"):
                    assert message["target"] == self.known[conn]
                    assert message["source"] == message["sender_id"] != message["target"]

    @rule(target=conns)
    def connect(self) -> int:
        return self.clients.connect()

    def say(self, conn: int, type: str, **fields: Any) -> None:
        if conn in self.clients.open:
            self.clients.hub.receive_frame(conn, RawClients.text(type, **fields), self.clients.clock.now)
            self.clients.sort()
        self.listen()

    @rule(conn=conns, id=IDS, key=st.sampled_from(["k", "k", "k", "wrong"]), proven=st.booleans())
    def register(self, conn: int, id: str, key: str, proven: bool) -> None:
        self.say(conn, "register", client_id=id, key=key, resume=self.secrets.get(id) if proven else None)

    @rule(conn=conns)
    def ask(self, conn: int) -> None:
        self.say(conn, "request-controllers")

    @rule(conn=conns, to=IDS)
    def offer(self, conn: int, to: str) -> None:
        self.say(conn, "offer", target=to, data=OFFER)

    @rule(conn=conns, to=IDS)
    def answer(self, conn: int, to: str) -> None:
        self.say(conn, "answer", target=to, data=ANSWER)

    @rule(conn=conns, frame=st.one_of(st.text(max_size=20), st.binary(max_size=20)))
    def babble(self, conn: int, frame: str | bytes) -> None:
        if conn in self.clients.open:
            self.clients.hub.receive_frame(conn, frame, self.clients.clock.now)
            self.clients.sort()
        self.listen()

    @rule(conn=conns)
    def pong(self, conn: int) -> None:
        if conn in self.clients.open:
            self.clients.pong(conn)
        self.listen()

    @rule(conn=consumes(conns))
    def drop(self, conn: int) -> None:
        """Also of a connection that the hub has closed: its late close."""
        self.clients.drop(conn)
        self.listen()

    @rule(seconds=st.sampled_from([0.5, 2.5, 11.0, 30.0, 61.0]))
    def wait(self, seconds: float) -> None:
        self.clients.wait(seconds)
        self.listen()

    @invariant()
    def the_registry_holds_exactly_the_registered_clients(self) -> None:
        clients = self.clients.hub.clients()
        leased = {lease.id: lease.role for lease in self.clients.registry.leases(now=self.clients.clock.now)}
        assert leased == clients

    @invariant()
    def everybody_registered_has_an_open_socket(self) -> None:
        open_ids = [self.known[conn] for conn in self.clients.open if conn in self.known]
        assert sorted(open_ids) == sorted(self.clients.hub.clients())

    @invariant()
    def a_synth_that_asked_once_knows_every_controller_from_then_on(self) -> None:
        leased = {lease.id for lease in self.clients.leases()}
        for conn, roster in self.rosters.items():
            if conn in self.clients.open:
                assert roster == leased

    @invariant()
    def there_is_a_deadline_while_anybody_is_connected(self) -> None:
        assert (self.clients.hub.next_deadline() is not None) == bool(self.clients.open)

    @invariant()
    def no_deadline_comes_earlier_unless_the_hub_says_that_they_have_moved(self) -> None:
        due = self.clients.hub.next_deadline()
        if self.clients.hub.moved():
            self.armed = due
        assert due is None or (self.armed is not None and self.armed <= due)


TestAnyClients = AnyClients.TestCase
TestAnyClients.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
