"""ICE servers as an operator writes them."""

from __future__ import annotations

import pytest

from formant_net.protocol.ice import IceServerError, IceServers, parse_ice_server


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("stun:192.168.1.1:3478", {"urls": ["stun:192.168.1.1:3478"]}),
        ("turn:relay:3478", {"urls": ["turn:relay:3478"]}),
        (" stuns:relay.example ", {"urls": ["stuns:relay.example"]}),
        ("turn:ann:s3cret@relay:3478", {"urls": ["turn:relay:3478"], "username": "ann", "credential": "s3cret"}),
        (
            "turns:a%3Ab:p%40w%2F@relay:5349?transport=tcp",
            {"urls": ["turns:relay:5349?transport=tcp"], "username": "a:b", "credential": "p@w/"},
        ),
    ],
)
def test_accepted_spellings(text: str, server: dict[str, object]) -> None:
    assert parse_ice_server(text) == server


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is written"),
        ("relay:3478", "is written"),
        ("http://relay", "is written"),
        ("stun:ann:hush@relay", "takes no user"),
    ],
)
def test_refused_in_words_without_the_password(text: str, says: str) -> None:
    with pytest.raises(IceServerError, match=says) as caught:
        parse_ice_server(text)
    assert "hush" not in str(caught.value)


RELAY = {"urls": ["turn:relay:3478"]}
STUN = {"urls": ["stun:relay:3478"]}


def test_a_relay_with_a_shared_secret_gets_a_password_for_each_client_that_runs_out() -> None:
    ice = IceServers.make([STUN, RELAY], "north", 600.0)
    stun, relay = ice.told("ctrl-a", wall=1_000_000.0)
    assert stun == STUN
    assert relay["urls"] == RELAY["urls"]
    assert relay["username"] == "1000600:ctrl-a"
    # openssl dgst -sha1 -hmac north -binary <<<… | base64, of the text "1000600:ctrl-a" without a line end
    assert relay["credential"] == "8NnBjKZYXUm2Ipf8aX6pjhGfpv8="
    assert ice.told("ctrl-b", wall=1_000_000.0)[1]["credential"] != relay["credential"]
    assert ice.renew_s == 300.0


def test_what_anybody_may_know_has_no_relay() -> None:
    fixed = RELAY | {"username": "u", "credential": "c"}
    assert IceServers.make([STUN, RELAY], "north").public() == [STUN]
    assert IceServers.make([STUN, fixed]).public() == [STUN]
    assert IceServers.make([STUN, fixed]).told("x", 0.0) == [STUN, fixed]
    assert IceServers.make([STUN]).renew_s is None


@pytest.mark.parametrize(
    ("servers", "secret", "says"), [([RELAY], None, "needs a user"), ([STUN], "north", "relay without a user")]
)
def test_a_relay_without_any_password_and_a_secret_without_a_relay_are_refused(
    servers: list[dict[str, object]], secret: str | None, says: str
) -> None:
    with pytest.raises(IceServerError, match=says):
        IceServers.make(servers, secret)


def test_neither_the_secret_nor_a_password_is_in_the_repr() -> None:
    ice = IceServers.make([RELAY, STUN | {"username": "u", "credential": "hush"}], "north")
    assert "north" not in repr(ice)
    assert "hush" not in repr(ice)
