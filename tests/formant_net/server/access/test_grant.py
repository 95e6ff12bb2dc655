"""What a grant allows: roles, ids, and nothing else."""

from __future__ import annotations

import pytest

from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.messages import Role
from formant_net.server.access.grant import Grant


def code(grant: Grant, id: str, role: Role = "controller") -> str:
    try:
        grant.check(id, role)
    except ProtocolError as error:
        return error.code if error.fatal else "may try again"
    return "in"


def test_the_join_key_opens_every_role_and_id() -> None:
    assert code(Grant(), "synth-a", "synth") == code(Grant(), "ctrl-a") == "in"
    assert Grant().settings
    assert not Grant().token


@pytest.mark.parametrize(
    ("ids", "id", "allowed"),
    [
        ("", "ctrl-a", True),
        ("ctrl-a", "ctrl-a", True),
        ("ctrl-a", "ctrl-ab", False),
        ("ctrl-a", "ctrl-", False),
        ("ctrl-*", "ctrl-ab", True),
        ("ctrl-*", "ctrl-", True),
        ("ctrl-*", "ctrl", False),
        ("ctrl-*", "synth-ctrl-a", False),
    ],
)
def test_an_id_fits_as_it_is_or_with_a_star_by_how_it_begins(ids: str, id: str, allowed: bool) -> None:
    assert code(Grant(ids=ids), id) == ("in" if allowed else "not-allowed")


def test_a_role_that_is_not_granted_is_refused_in_words_that_name_those_that_are() -> None:
    with pytest.raises(ProtocolError, match="for a controller, not for a synth"):
        Grant(roles=frozenset({"controller"})).check("synth-a", "synth")
    with pytest.raises(ProtocolError, match="for a nothing"):
        Grant(roles=frozenset()).check("ctrl-a", "controller")


def test_a_phone_sings_under_the_id_of_a_browser_and_takes_no_name_of_a_box() -> None:
    phone = Grant(roles=frozenset({"synth"}), phone=True)
    assert code(phone, "synth-web-0badcafe", "synth") == "in"
    assert code(phone, "synth-kitchen", "synth") == "not-allowed"
    assert code(phone, "ctrl-a") == "not-allowed"
    both = Grant(roles=frozenset({"synth", "controller"}), phone=True)
    assert code(both, "ctrl-a") == code(both, "synth-web-0badcafe", "synth") == "in"
    assert code(both, "synth-kitchen", "synth") == "not-allowed"
