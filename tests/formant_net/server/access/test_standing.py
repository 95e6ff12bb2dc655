"""Standing: a guest or not, and counted with whom."""

from __future__ import annotations

from formant_net.protocol.standing import FULL
from formant_net.server.access.grant import Grant
from formant_net.server.access.standing import standing_of

AUDIENCE = Grant(roles=frozenset({"controller"}), settings=False, token=True)
SYNTH = Grant(roles=frozenset({"synth"}), settings=False, token=True)


def test_who_may_not_change_settings_is_a_guest_unless_it_is_a_synth() -> None:
    assert standing_of("t", AUDIENCE, "controller", "192.0.2.1").guest
    assert not standing_of("k", Grant(), "controller", "192.0.2.1").guest
    assert not standing_of("s", SYNTH, "synth", "192.0.2.1").guest


def test_a_phone_of_the_audience_is_a_guest_among_synths_and_one_with_the_join_key_is_not() -> None:
    phone = Grant(roles=frozenset({"synth"}), settings=False, token=True, phone=True)
    assert standing_of("p", phone, "synth", "192.0.2.1").guest
    assert not standing_of("k", Grant(), "synth", "192.0.2.1").guest


def test_the_first_part_is_of_the_credential_and_all_of_it_of_the_address_too() -> None:
    a = standing_of("t", AUDIENCE, "controller", "192.0.2.1")
    b = standing_of("t", AUDIENCE, "controller", "192.0.2.2")
    c = standing_of("u", AUDIENCE, "controller", "192.0.2.1")
    assert a == standing_of("t", AUDIENCE, "controller", "192.0.2.1")
    assert a.credential == b.credential != c.credential
    assert len({a.group, b.group, c.group}) == 3
    assert a.group.split(".")[1] != c.group.split(".")[1], "an address is hashed with its credential"


def test_one_household_of_ipv6_is_one_group() -> None:
    one, other = (standing_of("t", AUDIENCE, "controller", f"2001:db8:1:2::{n}") for n in (1, 2))
    assert one == other


def test_on_an_open_server_only_the_address_counts_and_without_one_nothing() -> None:
    one, other = (standing_of(None, Grant(), "controller", f"192.0.2.{n}") for n in (1, 2))
    assert one.credential == other.credential == ""
    assert one.group != other.group
    assert standing_of(None, Grant(), "controller", "") == FULL
