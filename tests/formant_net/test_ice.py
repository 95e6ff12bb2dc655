"""ICE servers as an operator writes them."""

from __future__ import annotations

import pytest

from formant_net.ice import IceServerError, parse_ice_server


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("stun:192.168.1.1:3478", {"urls": ["stun:192.168.1.1:3478"]}),
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
        ("turn:relay:3478", "asks for a user"),
        ("stun:ann:secret@relay", "takes no user"),
    ],
)
def test_refused_in_words_without_the_password(text: str, says: str) -> None:
    with pytest.raises(IceServerError, match=says) as caught:
        parse_ice_server(text)
    assert "secret" not in str(caught.value)
