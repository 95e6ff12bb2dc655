"""`--registry`: what is understood, what is refused in words, and that no password is ever repeated."""

from __future__ import annotations

import pytest

from formant_net.server.registry.engine_url import EngineUrl, EngineUrlError


def test_a_host_is_enough() -> None:
    url = EngineUrl.parse("nats://box")
    assert (url.servers, url.ensemble, url.tls, url.replicas) == (("box:4222",), "formant", False, 1)
    assert (url.user, url.password, url.token, url.credentials) == (None, None, None, None)


def test_several_servers_login_ensemble_and_options() -> None:
    url = EngineUrl.parse(
        "tls://ann:p%40ss@a.example:4443,[::1]:5222,b/choir?creds=/run/me.creds&ca=/ca.pem&replicas=3"
    )
    assert url.servers == ("a.example:4443", "[::1]:5222", "b:4222")
    assert (url.user, url.password, url.ensemble, url.replicas) == ("ann", "p@ss", "choir", 3)
    assert (url.tls, url.ca, url.credentials) == (True, "/ca.pem", "/run/me.creds")


def test_a_single_word_before_the_host_is_a_token() -> None:
    url = EngineUrl.parse("nats://s3cret@box")
    assert (url.token, url.user) == ("s3cret", None)


@pytest.mark.parametrize("options", ["ca=/ca.pem", "cert=/c.pem&key=/k.pem"])
def test_certificates_mean_tls(options: str) -> None:
    assert EngineUrl.parse(f"nats://box?{options}").tls


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "memory"),
        ("redis://box", "NATS"),
        ("box:4222", "NATS"),
        ("nats://", "HOST"),
        ("nats://a,,b", "HOST"),
        ("nats://a:0", "HOST"),
        ("nats://a:99999", "HOST"),
        ("nats://a/two words", "ensemble"),
        ("nats://a/x/y", "ensemble"),
        ("nats://a?colour=red", "colour"),
        ("nats://a?replicas=6", "1 to 5"),
        ("nats://a?cert=/c.pem", "both"),
        ("nats://a?x", "URL"),
    ],
)
def test_anything_else_is_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(EngineUrlError, match=says):
        EngineUrl.parse(text)


@pytest.mark.parametrize("text", ["nats://ann:hushhush@box", "nats://hushhush@box"])
def test_no_secret_in_repr_or_in_an_error(text: str) -> None:
    assert "hushhush" not in repr(EngineUrl.parse(text))
    with pytest.raises(EngineUrlError) as refused:
        EngineUrl.parse(text + "?replicas=9")
    assert "hushhush" not in str(refused.value)
