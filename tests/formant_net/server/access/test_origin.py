"""Which pages may connect: the server's own under names that nobody outside can own, and those that are named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from formant_net.server.access.origin import OriginError, Origins

OWN = Origins.make(names=["attic", "choir.example.org"])


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, "anything.example"),
        ("http://192.168.1.20:8080", "192.168.1.20:8080"),
        ("http://192.168.1.20", "192.168.1.20"),
        ("http://192.168.1.20", "192.168.1.20:80"),
        ("http://[fd00::2]:8080", "[fd00::2]:8080"),
        ("http://attic:8080", "attic:8080"),
        ("HTTP://Attic.LOCAL:8080", "attic.local:8080"),
        ("http://localhost:8080", "localhost:8080"),
        ("http://choir.example.org", "choir.example.org"),
        ("https://choir.example.org", "choir.example.org"),
        ("https://any.example.com", "any.example.com"),
        ("https://box.example:8443", "box.example:8443"),
    ],
)
def test_the_own_page_may_connect_and_so_may_what_is_no_browser(origin: str | None, host: str) -> None:
    assert OWN.refusal(origin, host) is None


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://evil.example", "192.168.1.20:8080"),
        ("http://192.168.1.20:8081", "192.168.1.20:8080"),
        ("http://192.168.1.20", "192.168.1.20:8080"),
        ("https://192.168.1.20:8080.evil.example", "192.168.1.20:8080"),
        ("http://192.168.1.20:8080@evil.example", "192.168.1.20:8080"),
        ("http://192.168.1.20:8080/path", "192.168.1.20:8080"),
        ("null", "192.168.1.20:8080"),
        ("", "192.168.1.20:8080"),
        ("file://", "192.168.1.20:8080"),
        ("chrome-extension://abc", "192.168.1.20:8080"),
        ("http://192.168.1.20:8080", None),
        ("http://attic:99999", "attic:99999"),
    ],
)
def test_other_pages_are_refused_and_the_operator_is_told_what_to_do(origin: str, host: str | None) -> None:
    assert "--allow-origin" in str(OWN.refusal(origin, host))


def test_a_foreign_name_that_was_pointed_here_is_refused_over_http_although_both_headers_agree() -> None:
    for name in ("evil.example", "evil.example.", "attic.evil.example", "local.evil.example"):
        assert "--advertise" in str(OWN.refusal(f"http://{name}:8080", f"{name}:8080"))
        assert "--advertise" in str(OWN.refusal_of_host(f"{name}:8080"))


def test_over_tls_the_certificate_keeps_foreign_names_out() -> None:
    assert Origins.make(secure=True).refusal_of_host("evil.example") is None


def test_pages_of_other_edges_may_connect_but_not_under_a_name_that_was_pointed_here() -> None:
    origins = replace(OWN, others=lambda: ["http://barn.example:8080"])
    assert origins.refusal("http://barn.example:8080", "192.168.1.20:8080") is None
    assert origins.refusal("http://barn.example:8081", "192.168.1.20:8080") is not None
    assert "--advertise" in str(origins.refusal("http://barn.example:8080", "evil.example:8080"))


def test_named_origins_may_connect_from_wherever_they_are() -> None:
    named = Origins.make(["https://show.example.org", "http://other.example:8080/"])
    assert named.refusal("https://show.example.org", "192.168.1.20:8080") is None
    assert named.refusal("https://show.example.org:443", "192.168.1.20:8080") is None
    assert named.refusal("http://other.example:8080", "192.168.1.20:8080") is None
    assert named.refusal("http://show.example.org", "192.168.1.20:8080") is not None
    assert Origins.make(["*"]).refusal("null", "x") is None


@pytest.mark.parametrize(
    "text", ["", "example.org", "ftp://x", "https://", "https://a b", "https://x/path", "https://x:0"]
)
def test_what_is_no_origin_is_refused_in_words(text: str) -> None:
    with pytest.raises(OriginError, match=r"write https://HOST|is not a port"):
        Origins.make([text])


def test_names_in_a_domain_that_anybody_may_buy_are_not_local() -> None:
    for name, local in (("evil.box", False), ("fritz.box.evil.box", False), ("pi.fritz.box", True), ("pi.lan", True)):
        assert (Origins.make().refusal_of_host(name) is None) == local, name
