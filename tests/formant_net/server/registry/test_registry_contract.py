"""What every registry and every bus does, in memory, on a simulated engine and on a real NATS server alike.

In short: a lease lasts until its edge ends it, or for the TTL from its last sign of life if that edge is dead; only its
holder touches it; every edge is told of every change exactly once; messages between two edges arrive in order, once,
and nowhere else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from support.net.nats import nats_server
from support.net.registries import KINDS, End, Ensemble, ensemble
from support.suite.patience import PATIENCE_S

from formant_net.server.outputs import Post
from formant_net.server.registry.registry import Joined

Story = Callable[[Ensemble], Awaitable[None]]
in_time = pytest.mark.parametrize("tell", [kind for kind in KINDS if kind != "nats"], indirect=True)
"""What is judged to a part of the TTL, on clocks that stand still while nothing happens. What a real engine does with
the TTL is tried at the end of this file."""


@pytest.fixture(scope="module")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with nats_server(tmp_path_factory.mktemp("nats")) as server:
        yield server.address


@pytest.fixture(params=KINDS)
def tell(request: pytest.FixtureRequest) -> Callable[[Story], None]:
    """Runs a story on one kind of registry and bus."""
    kind = request.param
    server = request.getfixturevalue("nats") if kind == "nats" else ""

    def run(story: Story) -> None:
        async def told() -> None:
            async with asyncio.timeout(PATIENCE_S), ensemble(kind, server) as world:
                await story(world)

        asyncio.run(told())

    return run


async def two(world: Ensemble) -> tuple[End, End]:
    return await world.edge("attic", location="52.52,13.40"), await world.edge("barn")


def ids(end: End, prefix: str = "") -> list[str]:
    return sorted(lease.id for lease in end.leases(prefix))


def test_a_join_and_a_leave_are_told_on_every_edge_once(tell: Callable[[Story], None]) -> None:
    async def story(world: Ensemble) -> None:
        attic, barn = await two(world)
        attic.put("ctrl-a", "ws1", name="Ann")
        await world.settle()
        (notice,) = barn.notices
        assert isinstance(notice, Joined)
        lease = notice.lease
        assert (lease.id, lease.role, lease.ws_id, lease.meta) == ("ctrl-a", "controller", "ws1", {"name": "Ann"})
        assert (lease.place.edge, lease.place.location) == ("attic", "52.52,13.40")
        assert lease.place.node == attic.registry.place.node
        assert attic.told() == barn.told() == ["joined ctrl-a ws1"]
        attic.delete("ctrl-a", "ws1")
        await world.settle()
        assert attic.told() == barn.told() == ["closed ctrl-a"]
        assert attic.leases() == barn.leases() == []

    tell(story)


@in_time
def test_a_lease_is_ended_by_its_edge_alone_which_says_why(tell: Callable[[Story], None]) -> None:
    async def story(world: Ensemble) -> None:
        attic, barn = await two(world)
        attic.put("ctrl-a", "ws1")
        await world.wait(0.95 * world.ttl_s)
        assert ids(attic) == ids(barn) == ["ctrl-a"]
        attic.delete("ctrl-a", "ws1", "expired")
        await world.settle()
        assert ids(attic) == ids(barn) == []
        assert attic.told() == barn.told() == ["joined ctrl-a ws1", "expired ctrl-a"]
        await world.wait(0.5 * world.ttl_s)
        assert attic.told() == barn.told() == []

    tell(story)


@in_time
def test_an_edge_that_runs_keeps_its_own_lease_beyond_the_ttl(tell: Callable[[Story], None]) -> None:
    async def story(world: Ensemble) -> None:
        attic, _ = await two(world)
        attic.put("ctrl-a", "ws1")
        await world.wait(1.5 * world.ttl_s)
        assert ids(attic) == ["ctrl-a"]
        assert attic.told() == ["joined ctrl-a ws1"]

    tell(story)


@in_time
def test_signs_of_life_keep_a_lease_everywhere_and_are_not_told(tell: Callable[[Story], None]) -> None:
    async def story(world: Ensemble) -> None:
        attic, barn = await two(world)
        attic.put("ctrl-a", "ws1")
        for _ in range(4):
            await world.wait(0.7 * world.ttl_s)
            attic.touch("ctrl-a", "ws1")
            assert ids(barn) == ["ctrl-a"]
        await world.settle()
        assert attic.told() == barn.told() == ["joined ctrl-a ws1"]

    tell(story)


@in_time
def test_only_the_holder_renews_and_gives_back(tell: Callable[[Story], None]) -> None:
    async def story(world: Ensemble) -> None:
        attic, barn = await two(world)
        attic.put("ctrl-a", "ws1")
        await world.wait(0.5 * world.ttl_s)
        for end in (attic, barn):
            end.touch("ctrl-a", "ws2")
            end.touch("ctrl-b", "ws1")
            end.delete("ctrl-a", "ws2")
            end.delete("ctrl-b", "ws1")
        barn.delete("ctrl-a", "ws9")
        await world.settle()
        assert ids(attic) == ids(barn) == ["ctrl-a"]
        await world.remove(attic)
        await world.wait(0.7 * world.ttl_s)
        assert ids(barn) == [], "the signs of life of another socket have kept it"

    tell(story)


def test_an_id_that_is_held_is_disputed_and_stays_with_its_holder(tell: Callable[[Story], None]) -> None:
    async def story(world: Ensemble) -> None:
        attic, barn = await two(world)
        attic.put("ctrl-a", "ws1")
        await world.settle()
        attic.told(), barn.told()
        barn.put("ctrl-a", "ws2")
        await world.settle()
        assert barn.told() == ["disputed ctrl-a ws2 to ws1"]
        assert attic.told() == []
        assert [lease.ws_id for lease in attic.leases() + barn.leases()] == ["ws1", "ws1"]

    tell(story)


def test_of_two_edges_that_put_an_id_at_once_one_wins_and_the_other_is_told(tell: Callable[[Story], None]) -> None:
    async def story(world: Ensemble) -> None:
        attic, barn = await two(world)
        for n in range(20):
            one, other = (attic, barn) if n % 2 else (barn, attic)
            one.put(f"ctrl-{n}", "ws1")
            other.put(f"ctrl-{n}", "ws2")
        await world.settle()
        for n in range(20):
            here, there = ([w for w in end.notices if f"ctrl-{n}'" in repr(w)] for end in (attic, barn))
            kinds = [[type(notice).__name__ for notice in each] for each in (here, there)]
            assert sorted(map(sorted, kinds)) == [["Disputed", "Joined"], ["Joined"]], (n, kinds)
        holders = {lease.id: lease.ws_id for lease in attic.leases()}
        assert holders == {lease.id: lease.ws_id for lease in barn.leases()}
        assert len(holders) == 20

    tell(story)


def test_a_lease_that_is_taken_over_is_told_as_joined_and_lost_to_its_holder(tell: Callable[[Story], None]) -> None:
    async def story(world: Ensemble) -> None:
        attic, barn = await two(world)
        third = await world.edge("cellar")
        attic.put("ctrl-a", "ws1")
        await world.settle()
        barn.put("ctrl-a", "ws2", over="ws1")
        await world.settle()
        assert barn.told() == third.told() == ["joined ctrl-a ws1", "joined ctrl-a ws2"]
        assert sorted(attic.told()) == ["joined ctrl-a ws1", "joined ctrl-a ws2", "lost ctrl-a ws1 to ws2"]
        attic.delete("ctrl-a", "ws1")  # the late close of the old socket
        attic.touch("ctrl-a", "ws1")
        await world.settle()
        assert [lease.ws_id for end in (attic, barn, third) for lease in end.leases()] == ["ws2"] * 3
        barn.delete("ctrl-a", "ws2")
        await world.settle()
        assert attic.told() == barn.told() == third.told() == ["closed ctrl-a"]

    tell(story)


def test_a_renewal_brings_new_words_and_is_not_told(tell: Callable[[Story], None]) -> None:
    async def story(world: Ensemble) -> None:
        attic, barn = await two(world)
        attic.put("ctrl-a", "ws1", name="Ann")
        await world.settle()
        since = barn.leases()[0].since
        attic.put("ctrl-a", "ws1", name="Bea")
        await world.settle()
        assert [end.leases()[0].meta for end in (attic, barn)] == [{"name": "Bea"}] * 2
        assert barn.leases()[0].since == pytest.approx(since, abs=0.2)
        assert attic.told() == barn.told() == ["joined ctrl-a ws1"]

    tell(story)


def test_leases_are_listed_by_prefix_by_place_and_by_role(tell: Callable[[Story], None]) -> None:
    async def story(world: Ensemble) -> None:
        attic, barn = await two(world)
        for id in ("ctrl-a", "touch-ctrl-b", "ctrl-c.d:e_f"):
            attic.put(id, f"ws-{id}")
        attic.put("synth-a", "ws-s", role="synth")
        barn.put("ctrl-z", "ws-z")
        await world.settle()
        for end in (attic, barn):
            assert ids(end, "ctrl-") == ["ctrl-a", "ctrl-c.d:e_f", "ctrl-z"]
            assert ids(end, "synth-") == ["synth-a"]
            assert end.registry.count("controller") == 4
            places = {place.edge: place for place in end.registry.places("controller")}
            assert sorted(places) == ["attic", "barn"]
            there = end.registry.at(places["barn"], "controller", 0.0, guests=False)
            assert [lease.id for lease in there] == ["ctrl-z"]

    tell(story)


def test_an_id_that_leaves_and_comes_back_at_once_is_told_in_order(tell: Callable[[Story], None]) -> None:
    async def story(world: Ensemble) -> None:
        attic, barn = await two(world)
        attic.put("ctrl-a", "ws0")
        await world.settle()
        for n in range(5):
            attic.delete("ctrl-a", f"ws{n}")
            attic.put("ctrl-a", f"ws{n + 1}")
        await world.settle()
        assert [lease.ws_id for lease in attic.leases() + barn.leases()] == ["ws5", "ws5"]
        # What comes and goes while a write is under way need not be told to the others; how it ends does.
        assert barn.told()[-1] == "joined ctrl-a ws5"
        assert attic.told()[-1] == "joined ctrl-a ws5"

    tell(story)


@in_time
def test_an_edge_that_comes_later_reads_what_is_there(tell: Callable[[Story], None]) -> None:
    async def story(world: Ensemble) -> None:
        attic = await world.edge("attic")
        attic.put("ctrl-a", "ws1")
        attic.put("ctrl-gone", "ws2")
        await world.wait(0.3 * world.ttl_s)
        attic.delete("ctrl-gone", "ws2")
        await world.settle()
        barn = await world.edge("barn")
        await world.settle()
        assert ids(barn) == ["ctrl-a"]
        assert barn.leases()[0].since == pytest.approx(attic.leases()[0].since, abs=0.1)
        await world.remove(attic)
        await world.wait(0.8 * world.ttl_s)
        await world.settle()
        assert ids(barn) == []

    tell(story)


@in_time
def test_what_a_dead_edge_held_lapses_by_the_ttl_and_is_told_once(tell: Callable[[Story], None]) -> None:
    async def story(world: Ensemble) -> None:
        attic, barn = await two(world)
        cellar = await world.edge("cellar")
        for n in range(50):
            attic.put(f"ctrl-{n}", f"ws{n}")
        await world.settle()
        assert len(barn.told()) == len(cellar.told()) == 50
        await world.remove(attic)
        await world.wait(0.7 * world.ttl_s)
        assert len(barn.leases()) == 50
        late = await world.edge("late")
        await world.settle()
        await world.wait(0.4 * world.ttl_s)
        await world.settle()
        assert sorted(barn.told()) == sorted(cellar.told()) == sorted(f"expired ctrl-{n}" for n in range(50))
        assert barn.leases() == cellar.leases() == late.leases() == []
        assert sorted(place.edge for place in barn.registry.others()) == ["cellar", "late"]

    tell(story)


def test_a_storm_of_joins_and_leaves_is_told_completely(tell: Callable[[Story], None]) -> None:
    async def story(world: Ensemble) -> None:
        world.ttl_s = 60.0  # nobody renews the leases, and a busy machine takes seconds for the storm
        attic, barn = await two(world)
        for n in range(500):
            attic.put(f"ctrl-{n}", "ws")
            barn.put(f"ctrl-b{n}", "ws")
        await world.told(1000, attic, barn)
        expected = sorted([f"joined ctrl-{n} ws" for n in range(500)] + [f"joined ctrl-b{n} ws" for n in range(500)])
        assert sorted(attic.told()) == expected
        assert sorted(barn.told()) == expected
        for n in range(500):
            attic.delete(f"ctrl-{n}", "ws")
        await world.told(500, barn)
        assert sorted(barn.told()) == sorted(f"closed ctrl-{n}" for n in range(500))

    tell(story)


def test_ensembles_on_one_engine_know_nothing_of_each_other(tell: Callable[[Story], None]) -> None:
    async def story(world: Ensemble) -> None:
        attic, stranger = await world.edge("attic", "one"), await world.edge("attic", "two")
        attic.put("ctrl-a", "ws1")
        stranger.post(Post(attic.registry.place.node, b"hello", ("synth-x", "ctrl-a")))
        await world.settle()
        assert stranger.leases() == []
        assert stranger.told() == []
        assert attic.mail == []
        assert stranger.unreachable == [(attic.registry.place.node, ("synth-x", "ctrl-a"))]

    tell(story)


def test_messages_between_edges_arrive_in_order_once_and_nowhere_else(tell: Callable[[Story], None]) -> None:
    async def story(world: Ensemble) -> None:
        attic, barn = await two(world)
        cellar = await world.edge("cellar")
        there = barn.registry.place.node
        for n in range(300):
            attic.post(Post(there, f"from attic {n}".encode(), ("synth-a", "ctrl-a")))
            cellar.post(Post(there, f"from cellar {n}".encode()))
        await world.settle()
        for name in ("attic", "cellar"):
            heard = [mail.decode() for mail in barn.mail if name.encode() in mail]
            assert heard == [f"from {name} {n}" for n in range(300)]
        assert attic.mail == cellar.mail == []
        assert attic.unreachable == cellar.unreachable == []

    tell(story)


def test_a_message_to_an_edge_that_is_gone_is_reported(tell: Callable[[Story], None]) -> None:
    async def story(world: Ensemble) -> None:
        attic, barn = await two(world)
        node = barn.registry.place.node
        await world.remove(barn)
        await world.settle()
        attic.post(Post(node, b"1", ("synth-a", "ctrl.b:c")))
        attic.post(Post(node, b"2"))
        await world.settle()
        assert attic.unreachable == [(node, ("synth-a", "ctrl.b:c")), (node, ())]

    tell(story)


def test_a_working_registry_says_nothing_is_degraded(tell: Callable[[Story], None]) -> None:
    async def story(world: Ensemble) -> None:
        attic, _ = await two(world)
        attic.put("ctrl-a", "ws1")
        await world.settle()
        assert attic.registry.online
        assert attic.registry.degraded() is None

    tell(story)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("tell", ["nats"], indirect=True)
def test_a_real_engine_forgets_what_a_dead_edge_held_and_tells_it_once(tell: Callable[[Story], None]) -> None:
    async def story(world: Ensemble) -> None:
        world.ttl_s = 1.0
        attic, barn = await two(world)
        cellar = await world.edge("cellar")
        for n in range(5):
            attic.put(f"ctrl-{n}", f"ws{n}")
        await world.told(5, barn, cellar)
        await world.remove(attic)
        await until(lambda: barn.leases() == cellar.leases() == [])
        await world.settle()
        once = [f"{what} ctrl-{n}{ws}" for n in range(5) for what, ws in (("joined", f" ws{n}"), ("expired", ""))]
        assert sorted(barn.told()) == sorted(cellar.told()) == sorted(once)

    tell(story)


@pytest.mark.parametrize("tell", ["nats"], indirect=True)
def test_a_real_engine_keeps_what_gives_signs_of_life_and_an_edge_that_comes_later_reads_it(
    tell: Callable[[Story], None],
) -> None:
    async def story(world: Ensemble) -> None:
        world.ttl_s = 2.0
        attic = await world.edge("attic")
        attic.put("ctrl-a", "ws1")
        attic.put("ctrl-gone", "ws2")
        await world.settle()
        attic.delete("ctrl-gone", "ws2")
        for _ in range(25):  # longer than the TTL
            await world.wait(0.1)
            attic.touch("ctrl-a", "ws1")
        assert ids(attic) == ["ctrl-a"]
        assert attic.told() == ["joined ctrl-a ws1", "joined ctrl-gone ws2", "closed ctrl-gone"]
        barn = await world.edge("barn")
        await until(lambda: attic.touch("ctrl-a", "ws1") or ids(barn) == ["ctrl-a"])  # type: ignore[func-returns-value]

    tell(story)


def test_the_server_is_there(nats: str, tmp_path: Path) -> None:
    """The engine's tests run: the extra `test` brings the server, so there is nothing to skip."""
    assert nats.startswith("127.0.0.1:")
