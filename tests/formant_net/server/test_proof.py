"""What a registration proves: the role that its id tells, the secret, the household."""

from __future__ import annotations

from typing import Any

import pytest

from formant_net.protocol import messages as m
from formant_net.protocol.errors import ProtocolError
from formant_net.server.access.grant import Grant
from formant_net.server.clients import Client
from formant_net.server.proof import home_of, proof_of, proves, role_of, same_household
from formant_net.timers.allowance import Allowance


def client(address: str, **grant: Any) -> Client:
    made = Client(1, 0.0, Allowance(1.0, 1, 0.0), address)
    made.grant = Grant(**grant)
    return made


@pytest.mark.parametrize(
    ("id", "role", "is_a"),
    [("synth-a", None, "synth"), ("touch-ctrl-a", None, "controller"), ("box", "synth", "synth")],
)
def test_a_role_comes_from_the_prefix_or_from_the_field(id: str, role: m.Role | None, is_a: str) -> None:
    assert role_of(m.Register(client_id=id, role=role)) == is_a


@pytest.mark.parametrize(("id", "role"), [("box", None), ("ctrl-a", "synth")])
def test_no_role_and_two_roles_are_refused(id: str, role: m.Role | None) -> None:
    with pytest.raises(ProtocolError) as refused:
        role_of(m.Register(client_id=id, role=role))
    assert refused.value.code == "bad-role"


def test_only_the_secret_itself_proves_and_nothing_proves_nothing() -> None:
    proof = proof_of("secret")
    assert proves("secret", proof)
    assert not any((proves("secreT", proof), proves(proof, proof), proves("", proof), proves(None, proof)))
    assert not proves("", proof_of(""))


def test_a_household_is_one_address_and_needs_the_key() -> None:
    here, there = client("192.0.2.1"), client("198.51.100.1")
    assert same_household(client("192.0.2.1"), here)
    assert not same_household(there, here)
    assert not same_household(client("192.0.2.1", token=True), here)
    assert home_of(client("192.0.2.1", token=True)) == "token"
    assert "192.0.2.1" not in home_of(here)
