"""Who gives way to whom: rights before shares, and one share for who has many ids and many addresses."""

from __future__ import annotations

import random
from pathlib import Path

import formant_net
from formant_net.protocol.standing import FULL, PHONE, Shares, Standing, is_phone


def guest(token: str, address: str = "a") -> Standing:
    return Standing(guest=True, group=f"{token}.{address}")


def player(address: str = "a") -> Standing:
    return Standing(group=f"key.{address}")


def shares(**held: Standing) -> Shares[str]:
    made: Shares[str] = Shares()
    for name, standing in held.items():
        made.add(name, standing)
    return made


def test_a_guest_gives_way_to_who_is_none_and_never_the_other_way() -> None:
    held = shares(ann=player(), bea=guest("t"))
    assert held.give_way(player("b")) == ["bea"]
    assert held.give_way(guest("u")) == []
    assert shares(ann=player()).give_way(guest("t")) == []


def test_places_are_counted_by_credential_and_by_group() -> None:
    held = shares(a1=guest("t", "x"), a2=guest("t", "x"), a3=guest("t", "y"), ann=player())
    assert held.held(guest("t", "x")) == (3, 2)
    assert held.held(guest("t", "z")) == (3, 0)
    assert held.held(guest("u", "x")) == (0, 0), "nobody of that credential holds a place"
    assert held.held(player()) == (1, 1)
    assert held.held(player("b")) == (1, 0)


def test_of_many_guests_the_largest_group_of_the_largest_token_gives_way() -> None:
    held = shares(a1=guest("t", "x"), b1=guest("u", "x"), b2=guest("u", "y"), b3=guest("u", "y"))
    assert held.give_way(player()) == ["b2", "b3"]


def test_a_token_with_many_ids_and_addresses_makes_room_for_another_token() -> None:
    held = shares(**{f"g{n}": guest("t", f"address{n % 10}") for n in range(20)})
    assert held.give_way(guest("u")) == ["g0", "g10"]
    held.remove("g10")
    assert set(held.give_way(guest("u"))) == {"g1", "g11"}


def test_of_one_token_an_address_with_many_ids_makes_room_for_another_address() -> None:
    held = shares(a=guest("t", "x"), b=guest("t", "x"), c=guest("t", "y"))
    assert held.give_way(guest("t", "z")) == ["a", "b"]
    assert held.give_way(guest("t", "y")) == []


def test_a_hall_behind_one_address_gives_way_to_nobody_of_itself() -> None:
    held = shares(**{f"phone{n}": guest("t", "hall") for n in range(100)})
    assert held.give_way(guest("t", "hall")) == []


def test_players_with_the_key_share_by_address() -> None:
    held = shares(a=player("x"), b=player("x"), c=player("x"))
    assert held.give_way(player("y")) == ["a", "b", "c"]
    assert held.give_way(player("x")) == []


def test_where_a_server_says_nothing_all_are_equal() -> None:
    held = shares(**{f"c{n}": FULL for n in range(50)})
    assert held.give_way(FULL) == []


def test_nobody_gives_way_for_ever_in_a_circle() -> None:
    """Whoever gave way asks again: the shares settle."""
    held = shares(**{f"a{n}": guest("t", "x") for n in range(10)})
    waiting = [(f"b{n}", guest("u", "y")) for n in range(10)]
    moved = 0
    for _ in range(200):
        name, standing = waiting.pop(0)
        victims = held.give_way(standing)
        if not victims:
            waiting.append((name, standing))
            continue
        moved += 1
        gone = victims[-1]
        held.remove(gone)
        held.add(name, standing)
        waiting.append((gone, guest("t", "x") if gone.startswith("a") else guest("u", "y")))
    assert moved == 5


def test_it_knows_at_any_time_who_holds_a_place() -> None:
    draw, truth = random.Random(1), {}
    held: Shares[int] = Shares()
    for _ in range(3000):
        key = draw.randrange(40)
        if draw.random() < 0.5:
            standing = Standing(draw.random() < 0.5, f"{draw.choice('tuv')}.{draw.choice('xyz')}")
            held.add(key, standing)
            truth[key] = standing
        else:
            held.remove(key)
            truth.pop(key, None)
        assert len(held) == len(truth)
        assert held.guests() == sum(standing.guest for standing in truth.values())
        assert set(held.give_way(player())) <= set(truth)
    for key in list(truth):
        held.remove(key)
    assert held._members == {False: {}, True: {}}
    assert held._sizes == {False: {}, True: {}}


def test_a_phone_is_told_by_how_its_id_begins() -> None:
    assert is_phone("synth-web-0badcafe")
    assert not any(map(is_phone, ("synth-web", "synth-kitchen", "touch-ctrl-1", "")))


def test_the_page_means_the_same_ids() -> None:
    page = Path(formant_net.__file__).parent / "page" / "protocol" / "phones.js"
    assert f'PHONE = "{PHONE}"' in page.read_text("utf-8")
