"""What one address may cost: connections, messages, guesses; and that remembering it costs little."""

from __future__ import annotations

import pytest

from formant_net.protocol.errors import ProtocolError
from formant_net.server.access import addresses as module
from formant_net.server.access.addresses import Addresses, group_of
from formant_net.server.access.limits import Limits

PHONE, OTHER = "192.0.2.7", "192.0.2.8"


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("@unix", "@unix"),
    ],
)
def test_a_household_is_one_address(address: str, group: str) -> None:
    assert group_of(address) == group


def test_websockets_of_one_address_are_counted_and_others_are_not_touched() -> None:
    addresses = Addresses(Limits(clients_per_address=2))
    addresses.joined(PHONE, 0.0)
    addresses.joined(PHONE, 0.0)
    with pytest.raises(ProtocolError, match="clients_per_address") as caught:
        addresses.joined(PHONE, 0.0)
    assert (caught.value.code, caught.value.fatal) == ("address-full", True)
    addresses.joined(OTHER, 0.0)
    addresses.left(PHONE)
    addresses.joined(PHONE, 0.0)


def test_guests_and_others_of_one_address_have_shares_of_their_own() -> None:
    addresses = Addresses(Limits(clients_per_address=2, address_rate_per_s=1.0, address_burst=10))
    for guest in (True, False):
        assert [addresses.message(PHONE, 0.0, guest=guest) for _ in range(20)].count(True) == 10
        for _ in range(2):
            addresses.joined(PHONE, 0.0, guest=guest)
        with pytest.raises(ProtocolError):
            addresses.joined(PHONE, 0.0, guest=guest)
    addresses.left(PHONE, guest=True)
    addresses.joined(PHONE, 0.0, guest=True)
    with pytest.raises(ProtocolError):
        addresses.joined(PHONE, 0.0)


def test_new_connections_of_one_address_come_at_a_rate() -> None:
    addresses = Addresses(Limits(connects_per_s=10.0, connects_burst=20))
    came = [addresses.opened(PHONE, 0.0) for _ in range(30)]
    assert came == [True] * 20 + [False] * 10
    assert addresses.opened(OTHER, 0.0)
    for _ in came:
        addresses.closed(PHONE)
    assert [addresses.opened(PHONE, 1.0) for _ in range(11)].count(True) == 10


def test_sockets_that_do_nothing_are_counted_too() -> None:
    addresses = Addresses(Limits(clients_per_address=10, newcomers_per_address=30))
    assert [addresses.opened(PHONE, 0.0) for _ in range(632)].count(True) == 2 * 10 + 30 + 576
    addresses.closed(PHONE)
    assert not addresses.opened(PHONE, 0.0), "the six that were turned away have not gone yet"
    for _ in range(7):
        addresses.closed(PHONE)
    assert addresses.opened(PHONE, 0.0)


def test_messages_of_one_address_come_at_a_rate_however_many_connections_it_has() -> None:
    addresses = Addresses(Limits(address_rate_per_s=100.0, address_burst=200))
    assert [addresses.message(PHONE, 0.0) for _ in range(300)].count(True) == 200
    assert addresses.message(OTHER, 0.0)
    assert [addresses.message(PHONE, 1.0) for _ in range(300)].count(True) == 100


def test_guesses_are_slowed_and_given_back_with_time() -> None:
    addresses = Addresses(Limits(guesses=3, guesses_per_min=6.0))
    for n in range(3):
        addresses.may_guess(PHONE, 0.0)
        addresses.guessed(PHONE, f"guess-{n}", 0.0)
    with pytest.raises(ProtocolError, match="wait 10 s") as caught:
        addresses.may_guess(PHONE, 0.0)
    assert (caught.value.code, caught.value.fatal) == ("too-many-guesses", True)
    addresses.may_guess(OTHER, 0.0)
    addresses.may_guess(PHONE, 10.1)


def test_the_same_wrong_key_again_is_no_new_guess() -> None:
    addresses = Addresses(Limits(guesses=3, guesses_per_min=6.0))
    for n in range(100):
        addresses.may_guess(PHONE, 0.0)
        addresses.guessed(PHONE, ("an old key", "an older key")[n % 2], 0.0)
    addresses.guessed(PHONE, "a guess", 0.0)
    with pytest.raises(ProtocolError):
        addresses.may_guess(PHONE, 0.0)


def test_no_more_than_a_few_wrong_keys_are_known_again() -> None:
    addresses = Addresses(Limits(guesses=40, guesses_per_min=6.0))
    for n in range(20):
        addresses.guessed(PHONE, f"guess-{n}", 0.0)
    for n in range(20):  # the first ones are forgotten, and push out those that follow
        addresses.guessed(PHONE, f"guess-{n}", 0.0)
    with pytest.raises(ProtocolError):
        addresses.may_guess(PHONE, 0.0)


def test_nobodys_address_has_no_limits() -> None:
    addresses = Addresses(Limits(clients_per_address=1, connects_burst=1, address_burst=1, guesses=1))
    for _ in range(3):
        assert addresses.opened("", 0.0)
        assert addresses.message("", 0.0)
        addresses.joined("", 0.0)
        addresses.guessed("", "guess", 0.0)
        addresses.may_guess("", 0.0)
    addresses.closed("")
    addresses.left("")
    assert len(addresses) == 0


def test_a_crowd_of_addresses_that_guess_once_is_forgotten_before_it_fills_the_memory() -> None:
    addresses = Addresses(Limits())
    addresses.joined(PHONE, 0.0)
    for n in range(40_000):
        addresses.guessed(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", "guess", 0.001 * n)
    assert len(addresses) <= 16_384
    addresses.left(PHONE)  # who is connected is never forgotten


def test_no_more_addresses_are_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them owes something, so none is idle."""
    monkeypatch.setattr(module, "_REMEMBERED", 8)
    addresses = Addresses(Limits())
    for n in range(40):
        addresses.guessed(f"192.0.2.{n}", "guess", 0.0)
        assert len(addresses._known) == n + 1 if n < 8 else len(addresses._known) <= 8
