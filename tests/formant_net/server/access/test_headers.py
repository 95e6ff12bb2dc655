"""Headers of every answer: nothing inline, nothing from elsewhere, no way out but the own WebSocket."""

from __future__ import annotations

import pytest

from formant_net.server.access.headers import content_policy, security_headers


def policy(host: str | None, **options: object) -> dict[str, str]:
    parts = content_policy(host, **options).split("; ")  # type: ignore[arg-type]
    return dict(part.partition(" ")[::2] for part in parts)


def test_everything_is_shut_but_the_pages_own_files_and_its_socket() -> None:
    rules = policy("192.168.1.20:8080")
    assert rules["default-src"] == "'none'"
    assert rules["connect-src"] == "'self' ws://192.168.1.20:8080 wss://192.168.1.20:8080"
    assert rules["script-src"] == "'self' 'wasm-unsafe-eval'"
    for name in ("style-src", "img-src", "worker-src", "manifest-src"):
        assert rules[name] == "'self'"
    for name in ("base-uri", "form-action", "frame-ancestors"):
        assert rules[name] == "'none'"
    assert rules["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in str(rules).replace("'wasm-unsafe-eval'", "")
    assert "*" not in str(rules)


@pytest.mark.parametrize("host", [None, "", "a b", "x; script-src *", "x,y", "x'", "[::1", "a:123456", "é"])
def test_a_strange_host_writes_nothing_into_the_policy(host: str | None) -> None:
    assert policy(host)["connect-src"] == "'self'"
    assert policy(host)["script-src"] == "'self' 'wasm-unsafe-eval'"


def test_other_edges_may_be_named() -> None:
    assert policy("[fd00::2]:8080", connect=["wss://b.example"])["connect-src"].endswith(
        "wss://[fd00::2]:8080 wss://b.example"
    )


def test_hsts_is_sent_only_where_it_is_asked_for() -> None:
    assert "Strict-Transport-Security" not in security_headers("x")
    assert security_headers("x", hsts=True)["Strict-Transport-Security"] == "max-age=15552000"


def test_no_address_is_told_to_other_sites() -> None:
    headers = security_headers("x")
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "camera=()" in headers["Permissions-Policy"]


def test_the_page_may_ask_for_midi_and_frames_in_it_may_not() -> None:
    assert "midi=(self)" in security_headers("x")["Permissions-Policy"].split(", ")


def test_over_https_a_page_has_no_part_in_a_window_that_another_site_has_opened() -> None:
    assert "Cross-Origin-Opener-Policy" not in security_headers("x")  # browsers ignore it there, and log a warning
    assert security_headers("x", secure=True)["Cross-Origin-Opener-Policy"] == "same-origin"
