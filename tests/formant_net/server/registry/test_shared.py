"""The shared registry: single steps, and then any edges, any clients, any failures: in the end all agree on the truth.

A schedule is drawn from a seed, which is printed when it fails: `FORMANT_SEED=123 pytest …` plays it again.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable

import msgspec
import pytest
from support.suite.cases import some
from support.virtual.edges import EdgeClients, Edges

from formant_net.server.registry import stored
from formant_net.server.registry.leases import Lease, Place
from formant_net.server.registry.registry import Joined, Left, Restart, Write
from formant_net.server.registry.shared import ANSWER_S, SharedRegistry

NAMES = ("attic", "barn", "cellar")
IDS = (*(f"ctrl-{n}" for n in range(6)), "synth-0", "synth-1")
STEPS = 60
SEEDS = [int(os.environ["FORMANT_SEED"])] if "FORMANT_SEED" in os.environ else some(range(60), 20)


ATTIC, BARN = Place("attic", "run1"), Place("barn", "run2")


def entry(ws_id: str, place: Place = BARN, *, age_s: float = 0.0, idle_s: float = 0.0) -> bytes:
    return stored.client_entry(Lease("ctrl-a", "controller", ws_id, place, since=-age_s), 0.0, -idle_s)


def up(now: float = 0.0) -> SharedRegistry:
    """A registry whose session has begun on an empty engine."""
    registry = SharedRegistry(ATTIC, ttl_s=60.0)
    registry.on_up(now, fresh=True)
    registry.on_snapshot(now)
    registry.writes()
    return registry


def put(registry: SharedRegistry, ws_id: str, now: float = 0.0, over: str | None = None) -> Write:
    """The write that follows."""
    registry.put(Lease("ctrl-a", "controller", ws_id, ATTIC, since=now), now, over=over)
    (write,) = registry.writes()
    assert isinstance(write, Write)
    return write


KEY = stored.client_key("ctrl-a")


def test_a_registration_is_granted_when_the_engine_has_taken_it() -> None:
    registry = up()
    write = put(registry, "ws1")
    assert (write.key, write.expected, write.gone, write.ttl_s) == (KEY, 0, False, 63)
    assert registry.drain() == []
    registry.on_written(KEY, 7, write.serial, 0.001)
    (notice,) = registry.drain()
    assert isinstance(notice, Joined)
    registry.on_entry(KEY, entry("ws1", ATTIC), False, 7, 0.0, 0.002)
    assert registry.drain() == []


def test_while_the_engines_content_is_read_nobody_is_granted_and_nothing_is_said_to_be_wrong() -> None:
    """Another edge may have the id: that is known when all has been read."""
    registry = SharedRegistry(ATTIC, ttl_s=60.0)
    assert "not connected yet" in (registry.degraded() or "")
    registry.on_up(0.0, fresh=True)
    registry.put(Lease("ctrl-a", "controller", "ws1", ATTIC), 0.0)
    assert not registry.online
    assert registry.degraded() is None
    assert registry.drain() == []
    assert registry.writes() == []
    registry.on_entry(KEY, entry("ws8"), False, 8, 0.0, 0.1)
    registry.on_snapshot(0.1)
    assert registry.online
    assert not any(isinstance(notice, Joined) and notice.lease.ws_id == "ws1" for notice in registry.drain())


def test_what_the_feed_brings_late_changes_nothing() -> None:
    registry = up()
    registry.on_entry(KEY, entry("ws8"), False, 8, 0.0, 1.0)
    registry.drain()
    registry.on_entry(KEY, entry("ws7"), False, 7, 0.0, 1.0)
    assert registry.drain() == []
    assert [lease.ws_id for lease in registry.leases(now=1.0)] == ["ws8"]


def test_the_answer_to_an_earlier_write_is_not_taken_for_that_to_the_present_one() -> None:
    registry = up()
    first = put(registry, "ws1")
    registry.delete("ctrl-a", "ws1", 0.1)
    registry.put(Lease("ctrl-a", "controller", "ws2", ATTIC), 0.2)
    assert registry.writes() == [], "one write a key at a time"
    registry.on_written(KEY, 7, first.serial, 0.3)
    (second,) = registry.writes()
    assert isinstance(second, Write)
    assert second.expected == 7
    registry.on_written(KEY, 7, first.serial, 0.4)
    assert registry.drain() == []
    registry.on_written(KEY, 8, second.serial, 0.5)
    assert [notice.lease.ws_id for notice in registry.drain() if isinstance(notice, Joined)] == ["ws2"]
    registry.touch("ctrl-a", "ws2", 10.0)
    (third,) = registry.writes()
    assert isinstance(third, Write)
    assert third.expected == 8


def test_an_answer_that_comes_after_the_feed_does_not_turn_it_back() -> None:
    registry = up()
    write = put(registry, "ws1")
    registry.on_entry(KEY, entry("ws1", ATTIC), False, 7, 0.0, 0.1)
    registry.on_entry(KEY, entry("ws9"), False, 8, 0.0, 0.1)
    registry.on_written(KEY, 7, write.serial, 0.2)
    kinds = [type(notice).__name__ for notice in registry.drain()]
    assert [lease.ws_id for lease in registry.leases(now=0.2)] == ["ws9"]
    assert kinds[-1] == "Disputed" or "Lost" in kinds


def test_what_was_taken_away_is_known_for_as_long_as_an_older_entry_may_come() -> None:
    registry = up()
    write = put(registry, "ws1")
    registry.on_written(KEY, 7, write.serial, 0.1)
    registry.delete("ctrl-a", "ws1", 0.2)
    (away,) = registry.writes()
    assert isinstance(away, Write)
    registry.on_written(KEY, 8, away.serial, 0.3)
    registry.drain()
    for now in (0.4, 30.0, 59.0):
        registry.expire(now)
        registry.on_entry(KEY, entry("ws1", ATTIC), False, 7, 0.0, now)
        assert registry.leases(now=now) == []
        assert registry.drain() == []
    registry.expire(61.0)
    assert not registry._stored, "and then it is forgotten"


def test_an_entry_that_is_over_when_it_is_read_is_not_shown() -> None:
    registry = up()
    registry.on_entry(KEY, entry("ws1", idle_s=20.0), False, 7, 42.0, 0.0)  # the renewals of an edge may wait 1 s
    assert registry.drain() == []
    registry.on_entry(KEY, entry("ws1", idle_s=20.0), False, 8, 40.9, 0.0)
    assert len(registry.drain()) == 1
    registry.expire(0.2)
    assert [notice.reason for notice in registry.drain() if isinstance(notice, Left)] == ["expired"]


def test_nothing_is_kept_of_clients_that_are_gone() -> None:
    registry = up()
    for n in range(1000):
        id = f"ctrl-{n}"
        lease = Lease(id, "controller", "ws", BARN)
        registry.on_entry(stored.client_key(id), stored.client_entry(lease, 0.0, 0.0), False, n + 1, 0.0, 0.0)
    for n in range(0, 1000, 2):
        registry.on_entry(stored.client_key(f"ctrl-{n}"), b"{}", True, 2000 + n, 0.0, 1.0)
    registry.expire(62.0)
    assert len(registry._stored) == len(registry._table) == 0
    assert len(registry._forgets) == 0


def test_signs_of_life_are_written_at_most_once_a_second_and_say_how_old_they_are() -> None:
    registry = up()
    write = put(registry, "ws1")
    registry.on_written(KEY, 1, write.serial, 0.0)
    for n in range(1, 100):
        registry.touch("ctrl-a", "ws1", n * 0.01)
    assert registry.writes() == []
    deadline = registry.next_deadline()
    assert deadline is not None
    assert deadline == pytest.approx(1.0, abs=0.001)
    registry.expire(deadline)
    (renewal,) = registry.writes()
    assert isinstance(renewal, Write)
    assert msgspec.json.decode(renewal.value)["idle_s"] == pytest.approx(0.01, abs=0.002)
    registry.on_written(KEY, 2, renewal.serial, 1.0)
    registry.touch("ctrl-a", "ws1", 21.0)
    (later,) = registry.writes()
    assert isinstance(later, Write)
    registry.on_written(KEY, 3, later.serial, 21.0)
    registry.touch("ctrl-a", "ws1", 22.0)
    assert len(registry.writes()) == 1, "a second after the last one it is due"


def test_a_write_for_another_reason_is_a_sign_of_life_as_well() -> None:
    registry = SharedRegistry(ATTIC, ttl_s=60.0, renew_s=1.0)
    registry.on_up(0.0, fresh=True)
    registry.on_snapshot(0.0)
    registry.writes()
    first = put(registry, "ws1")
    registry.on_written(KEY, 7, first.serial, 0.1)
    registry.touch("ctrl-a", "ws1", 0.5)
    assert registry.writes() == [], "it waits until a second has passed"
    registry.put(Lease("ctrl-a", "controller", "ws1", ATTIC, meta={"name": "Ann"}), 0.9)
    (second,) = registry.writes()
    assert isinstance(second, Write)
    registry.on_written(KEY, 8, second.serial, 0.95)
    registry.expire(1.5)
    assert registry.writes() == []
    registry.touch("ctrl-a", "ws1", 1.6)
    registry.expire(1.95)
    assert len(registry.writes()) == 1


def test_no_moment_of_any_clock_is_written() -> None:
    """Two edges whose clocks are an hour and a boot apart write the same."""
    values = []
    for clock in (0.0, 3600.0, 1e9):
        registry = up(clock)
        values.append(put(registry, "ws1", clock).value)
    assert len(set(values)) == 1


def test_an_edge_that_does_not_hear_its_own_pulse_begins_another_session() -> None:
    registry = SharedRegistry(ATTIC, ttl_s=60.0)
    registry.on_up(0.0, fresh=True)
    registry.on_snapshot(0.0)
    (pulse,) = registry.writes()
    assert isinstance(pulse, Write)
    registry.on_entry(pulse.key, pulse.value, False, 1, 0.0, 0.01)
    registry.expire(5.0)
    assert len(registry.writes()) == 1
    registry.expire(8.0)
    assert [type(each) for each in registry.writes()] == [Restart]
    assert registry.degraded() is not None


@pytest.mark.parametrize("value", [b"", b"\xff", b"[]", b'{"id":"ctrl-a"}', b"[" * 100_000])
def test_what_no_edge_has_written_is_as_good_as_nothing(value: bytes) -> None:
    registry = up()
    registry.on_entry(KEY, value, False, 1, 0.0, 0.0)
    registry.on_entry("edges.run9", value, False, 2, 0.0, 0.0)
    registry.on_entry("else.where", value, False, 3, 0.0, 0.0)
    assert registry.drain() == []
    assert put(registry, "ws1").expected == 1


def test_who_came_and_went_while_the_engine_was_down_is_forgotten_after_the_ttl() -> None:
    registry = up()
    registry.on_down("gone", 1.0)
    for n in range(100):
        registry.put(Lease(f"ctrl-{n}", "controller", f"ws{n}", ATTIC), 2.0)
        registry.delete(f"ctrl-{n}", f"ws{n}", 3.0)
    assert len(registry._own) == 100, "others may still believe in them: they are to be told"
    registry.expire(63.001)
    assert registry._own == {}
    registry.on_up(64.0, fresh=False)
    registry.on_snapshot(64.0)
    assert [write.key for write in registry.writes() if isinstance(write, Write)] == ["edges.run1"]


def test_who_left_while_the_engine_was_down_is_told_as_gone_when_it_is_back() -> None:
    registry = up()
    write = put(registry, "ws1")
    registry.on_written(KEY, 1, write.serial, 0.1)
    registry.on_down("gone", 1.0)
    registry.delete("ctrl-a", "ws1", 2.0)
    registry.on_up(10.0, fresh=False)
    registry.on_entry(KEY, entry("ws1", ATTIC), False, 1, 9.0, 10.0)
    registry.on_snapshot(10.0)
    (gone,) = [each for each in registry.writes() if isinstance(each, Write) and each.key == KEY]
    assert (gone.gone, gone.expected) == (True, 1)


def test_a_refusal_whose_client_has_gone_or_that_is_about_an_earlier_write_changes_nothing() -> None:
    registry = up()
    first = put(registry, "ws1")
    registry.on_refused("clients.nobody", entry("ws9"), False, 5, first.serial, 0.1)
    registry.on_refused(KEY, entry("ws9"), False, 5, first.serial + 100, 0.1)
    assert (registry.drain(), registry.writes()) == ([], [])
    registry.on_refused(KEY, None, False, 0, first.serial, 0.2)
    (second,) = registry.writes()
    assert isinstance(second, Write)
    registry.on_refused(KEY, entry("ws9"), False, 5, first.serial, 0.3)
    assert (registry.drain(), registry.writes()) == ([], []), "the answer to the second write is still to come"
    registry.on_written(KEY, 6, second.serial, 0.4)
    assert [type(notice) for notice in registry.drain()] == [Joined]


class Storm:
    """Clients that come, move, go and fall silent on edges that are cut off, killed and started again."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.world = Edges(*NAMES)
        self.secrets: dict[str, str] = {}
        self.read: dict[tuple[int, int], list[str]] = {}

    def run(self) -> None:
        steps: list[tuple[int, Callable[[], None]]] = [
            (10, self.join),
            (4, self.leave),
            (3, self.beat),
            (2, self.cut),
            (2, self.mend),
            (1, self.stall),
            (1, self.restart_engine),
            (1, self.kill_edge),
        ]
        for _ in range(STEPS):
            (step,) = self.draw.choices([step for _, step in steps], [weight for weight, _ in steps])
            step()
            self.world.run(self.draw.choice((0.0, 0.0005, 0.002, 0.1, 1.0, 5.0, 30.0)))
            self.listen()

    def calm(self) -> None:
        """Everything is mended, and time for every lease to show whether somebody holds it."""
        self.world.engine.stalled = False
        if not self.world.engine.running:
            self.world.engine.start(keep=self.draw.random() < 0.5)
        for edge in self.world.edges.values():
            edge.link.mend()
            edge.answering.update(edge.open)
        self.world.run(8.0)
        self.listen()
        self.nobody_who_lives_is_missing()
        for _ in range(14):
            self.world.run(10.0)
            for edge in self.world.edges.values():
                for conn in list(edge.open):
                    edge.pong(conn)
            self.listen()

    def nobody_who_lives_is_missing(self) -> None:
        """Within seconds every edge knows every client, at its place. (Some that are gone may still be listed.)"""
        edges = self.world.edges.values()
        truth = {id: edge.hub.edge for edge in edges for id in edge.hub.clients()}
        for edge in edges:
            found = {lease.id: lease.edge for lease in edge.registry.leases(now=edge.clock.now)}
            assert {id: found.get(id) for id in truth} == truth, edge.hub.edge

    def edge(self) -> EdgeClients:
        return self.world.edges[self.draw.choice(sorted(self.world.edges))]

    def join(self) -> None:
        edge, id = self.edge(), self.draw.choice(IDS)
        conn = edge.connect()
        if self.draw.random() < 0.7:
            edge.answering.add(conn)
        resume = self.secrets.get(id) if self.draw.random() < 0.5 else None
        edge.hub.receive_frame(conn, edge.text("register", client_id=id, resume=resume), edge.clock.now)
        edge.sort()

    def leave(self) -> None:
        edge = self.edge()
        if edge.open:
            edge.drop(self.draw.choice(sorted(edge.open)))

    def beat(self) -> None:
        edge = self.edge()
        if edge.open:
            edge.pong(self.draw.choice(sorted(edge.open)))

    def cut(self) -> None:
        self.edge().link.cut()

    def mend(self) -> None:
        self.edge().link.mend()

    def stall(self) -> None:
        engine = self.world.engine
        engine.stalled = not engine.stalled
        if not engine.stalled:
            for link in engine.links:
                link.release()

    def restart_engine(self) -> None:
        engine = self.world.engine
        if engine.running:
            engine.stop()
        else:
            engine.start(keep=self.draw.random() < 0.5)

    def kill_edge(self) -> None:
        name = self.draw.choice(sorted(self.world.edges))
        self.world.kill(name)
        self.world.edge(name)

    def listen(self) -> None:
        for edge in self.world.edges.values():
            for conn in edge.inbox:
                for message in edge.heard(conn):
                    if message["type"] == "registered":
                        self.secrets[message["client_id"]] = message["resume"]


@pytest.mark.parametrize("seed", SEEDS)
def test_when_the_storm_is_over_all_edges_agree_on_who_is_there(seed: int) -> None:
    storm = Storm(seed)
    storm.run()
    storm.calm()
    edges = storm.world.edges.values()
    truth: dict[str, str] = {}
    for edge in edges:
        for id in edge.hub.clients():
            assert id not in truth, f"{id} is registered at {truth[id]} and {edge.hub.edge}"
            truth[id] = edge.hub.edge
    for edge in edges:
        found = {lease.id: lease.edge for lease in edge.registry.leases(now=edge.clock.now)}
        assert found == truth, edge.hub.edge
        assert edge.hub.degraded() == []
        # Nothing is left behind.
        shared = edge.shared
        assert len(edge.hub._contest) == 0
        assert set(shared._own) == set(edge.hub.clients())
        assert not len(shared._answers)
        assert len(edge.hub._liveness) == len(edge.open)
        assert sorted(place.edge for place in shared.others()) == sorted(set(NAMES) - {edge.hub.edge})


def test_a_refusal_after_its_client_went_changes_nothing() -> None:
    registry = up()
    write = put(registry, "ws1")
    registry.delete("ctrl-a", "ws1", 0.1)
    registry.on_refused(KEY, entry("ws9"), False, 9, write.serial, 0.2)
    registry.on_refused(KEY, entry("ws9"), False, 9, write.serial, 0.3)
    assert [lease.ws_id for lease in registry.leases(now=0.3)] == ["ws9"]
    assert [type(notice).__name__ for notice in registry.drain()] == ["Joined"]
    assert registry.writes() == [], "the key is another's: there is nothing to take away"


def test_an_id_that_is_disputed_is_not_granted_because_an_answer_is_late() -> None:
    """The hub asks the other edge. Until that has answered, nobody else has the id, and the registry is well."""
    registry = up()
    write = put(registry, "ws1")
    registry.on_refused(KEY, entry("ws9"), False, 9, write.serial, 0.1)
    assert "Disputed" in [type(notice).__name__ for notice in registry.drain()]
    registry.expire(0.1 + 2.0 * ANSWER_S)
    assert [notice for notice in registry.drain() if isinstance(notice, Joined)] == []
    assert registry.degraded() is None


def test_a_refusal_with_the_serial_of_an_earlier_write_is_not_taken_for_that_of_the_present_one() -> None:
    registry = up()
    first = put(registry, "ws1")
    registry.on_written(KEY, 7, first.serial, 0.1)
    registry.drain()
    registry.touch("ctrl-a", "ws1", 10.0)
    (second,) = registry.writes()
    assert isinstance(second, Write)
    registry.on_refused(KEY, entry("ws9"), False, 99, first.serial, 10.1)
    assert registry.drain() == []
    assert [lease.ws_id for lease in registry.leases(now=10.1)] == ["ws1"]
    assert registry.writes() == [], "the present write is still under way"
    registry.on_written(KEY, 8, second.serial, 10.2)
    assert [lease.ws_id for lease in registry.leases(now=10.2)] == ["ws1"]
