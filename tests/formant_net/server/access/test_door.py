"""Keys and guesses together: a guesser is slowed, and who has a token behind the same address is not."""

from __future__ import annotations

import json

import pytest

from formant_net.protocol.errors import ProtocolError
from formant_net.server.access.door import Door
from formant_net.server.access.join_keys import Access
from formant_net.server.access.limits import Limits
from formant_net.server.access.tokens import SCOPES, KeySet, make_key

HALL = "192.0.2.1"
WALL = 1_800_000_000.0


@pytest.fixture
def keys() -> KeySet:
    return KeySet.parse(json.dumps({"keys": [make_key("HS256", "a", lambda count: b"x" * count)]}))


def code(door: Door, given: str | None, now: float = 0.0, address: str = HALL) -> str:
    try:
        door.admit(given, address, now, WALL + now)
    except ProtocolError as error:
        return error.code if error.fatal else f"{error.code}, and may try again"
    return "in"


def test_after_too_many_wrong_keys_even_the_right_one_is_not_looked_at_for_a_while() -> None:
    door = Door(Access("abcd"), Limits(guesses=3, guesses_per_min=6.0))
    assert [code(door, f"guess-{n}") for n in range(5)] == ["bad-key"] * 3 + ["too-many-guesses"] * 2
    assert code(door, "abcd") == "too-many-guesses"
    assert code(door, "abcd", address="192.0.2.2") == "in"
    assert code(door, "abcd", now=10.1) == "in"


def test_twenty_boxes_with_an_old_key_do_not_keep_out_who_has_the_new_one() -> None:
    """Behind one address: a household's router, or an IPv6 network."""
    door = Door(Access("abcd"), Limits())
    assert {code(door, "the key of before") for _ in range(20)} == {"bad-key"}
    assert code(door, "abcd") == "in"


def test_no_key_at_all_is_no_guess() -> None:
    door = Door(Access("abcd"), Limits(guesses=1))
    assert [code(door, None) for _ in range(5)] == ["bad-key"] * 5
    assert code(door, "abcd") == "in"


def test_six_digits_last_months() -> None:
    door = Door(Access("123456"), Limits())
    hour = sum(code(door, f"{n}", now=0.1 * n) == "bad-key" for n in range(36_000))
    assert 500_000 / (24 * hour) > 50


def test_a_guesser_does_not_lock_out_the_tokens_of_the_same_hall(keys: KeySet) -> None:
    door = Door(Access("abcd", tokens=keys), Limits(guesses=2))
    token = keys.sign({"exp": WALL + 3600, "scope": "controller"})
    for n in range(5):
        code(door, f"guess-{n}")
    assert code(door, "abcd") == "too-many-guesses"
    assert code(door, token) == "in"


def test_an_expired_token_is_no_guess_and_a_forged_one_is(keys: KeySet) -> None:
    door = Door(Access("abcd", tokens=keys), Limits(guesses=2))
    old = keys.sign({"exp": WALL - 3600, "scope": "controller"})
    assert [code(door, old) for _ in range(5)] == ["token-expired"] * 5
    assert code(door, "abcd") == "in"
    forged = [code(door, old[:-8] + f"AAAAAAA{letter}") for letter in "ABC"]
    assert forged == ["bad-key", "bad-key", "too-many-guesses"]
    assert code(door, "abcd") == "too-many-guesses"


def test_a_join_key_that_looks_like_a_token_is_guessed_no_quicker_than_another(keys: KeySet) -> None:
    """Twenty addresses guess at a key of the form a.b.c; an honest client of another is let in all the while."""
    door = Door(Access("fa.la.la", tokens=keys), Limits(guesses=3, guesses_per_min=6.0))
    token = keys.sign({"exp": WALL + 3600, "scope": "controller"})
    looked_at = 0
    for second in range(60):
        for n in range(20):
            for guess in range(5):
                said = code(door, f"fa.la.{second}x{guess}", now=float(second), address=f"192.0.2.{n}")
                looked_at += said == "bad-key"
        assert code(door, "fa.la.la", now=float(second), address="198.51.100.7") == "in"
        assert code(door, token, now=float(second), address="192.0.2.1") == "in", "a token of the same address"
    assert looked_at <= 20 * (3 + 6)
    assert code(door, "fa.la.la", now=60.0, address="192.0.2.1") == "too-many-guesses"


def test_wrong_keys_in_urls_do_not_lock_out_the_right_one_elsewhere() -> None:
    """Any web page makes its visitor's browser send them, from the visitor's address."""
    door = Door(Access("abcd"), Limits(guesses=3))
    for n in range(200):
        assert not door.knows(f"guess-{n}", HALL, 0.0, WALL, in_url=True)
    assert not door.knows("abcd", HALL, 0.0, WALL, in_url=True), "the URL tells no more than the socket would"
    assert code(door, "abcd") == "in"
    assert door.knows("abcd", HALL, 0.0, WALL)


SCRAPE = "0123456789abcdef"


def test_the_metrics_open_for_the_scrape_token_and_for_who_may_set_everything(keys: KeySet) -> None:
    door = Door(Access("abcd", tokens=keys), Limits())
    until = int(WALL) + 600
    audience, owner = (keys.sign({"exp": until, "scope": " ".join(SCOPES[k])}) for k in ("audience", "controller"))

    def opens(given: str | None, token: str | None = SCRAPE) -> bool:
        return door.may_scrape(given, token, HALL, 0.0, WALL)

    assert [opens(given) for given in (SCRAPE, "abcd", owner)] == [True] * 3
    assert [opens(given) for given in (audience, None, "", "wrong", "\ud800")] == [False] * 5
    assert not opens(SCRAPE, token=None), "no token was made"
    assert code(door, SCRAPE) == "bad-key", "it opens nothing else"


def test_guesses_at_the_metrics_count_and_the_scrape_token_is_still_read_then() -> None:
    door = Door(Access("abcd"), Limits(guesses=3))
    assert not any(door.may_scrape(f"guess-{n}", SCRAPE, HALL, 0.0, WALL) for n in range(5))
    assert not door.may_scrape("abcd", SCRAPE, HALL, 0.0, WALL)
    assert door.may_scrape(SCRAPE, SCRAPE, HALL, 0.0, WALL)
