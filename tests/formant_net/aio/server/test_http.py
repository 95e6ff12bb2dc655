"""The plain HTTP side on real sockets: the page and nothing but the page, /healthz and /ice-servers."""

from __future__ import annotations

import asyncio
import json

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.net.loopback import edge, run

from formant_net.aio.server.server import Metrics
from formant_net.aio.server.static import read_page

TURN = {"urls": ["turn:t:3478"], "username": "u", "credential": "c"}
STUN = {"urls": ["stun:s:3478"]}


def get(head: str, **options: object) -> tuple[int, dict[str, str], bytes]:
    async def story() -> tuple[int, dict[str, str], bytes]:
        async with edge(**options) as attic:  # type: ignore[arg-type]
            return await attic.http(head)

    return run(story())


def test_the_page_is_served_with_headers_that_shut_everything_else() -> None:
    status, headers, body = get("GET / HTTP/1.1")
    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "unsafe" not in headers["Content-Security-Policy"].replace("'wasm-unsafe-eval'", "")
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-cache"
    assert body == read_page()["/index.html"].body
    assert get("GET /sing HTTP/1.1")[2] == read_page()["/sing.html"].body


def test_a_browser_that_has_the_file_gets_only_word_of_it() -> None:
    etag = read_page()["/index.html"].etag
    status, headers, body = get(f'GET /?v=1 HTTP/1.1\r\nIf-None-Match: W/"other", {etag}')
    assert (status, headers["ETag"], body) == (304, etag, b"")


def test_head_has_the_headers_and_no_body() -> None:
    status, headers, body = get("HEAD /index.html HTTP/1.1")
    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) == len(read_page()["/index.html"].body)


@pytest.mark.parametrize(
    "path",
    [
        "/missing.js",
        "/../server.py",
        "/../aio/server.py",
        "/..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/pyproject.toml",
        "//etc/passwd",
        "/./index.html",
        "/index.html%00.js",
        "/index.html/",
        "/\\..\\server.py",
        "/[bad",
        "//[bad/index.html",
        "/%ff%fe",
        "/ws/",
        "*",
        "[::",
        "@host",
    ],
)
def test_what_is_not_a_file_of_the_page_is_not_there(path: str) -> None:  # fault 10
    status, headers, body = get(f"GET {path} HTTP/1.1")
    assert status == 404
    assert b"touch page is at /" in body
    assert headers["Content-Type"].startswith("text/plain")


def test_other_methods_are_refused_in_words() -> None:
    status, headers, body = get("DELETE / HTTP/1.1")
    assert (status, headers["Allow"]) == (405, "GET, HEAD")
    assert b"use GET" in body


def test_a_plain_request_for_the_websocket_is_told_to_upgrade() -> None:
    assert get("GET /ws HTTP/1.1")[0] == 426


@pytest.mark.parametrize("garbage", ["\x00\x01", "GET", "GET / HTTP/9.9", "GET / HTTP/1.1\r\n" + "a: b\r\n" * 300])
def test_garbage_on_the_port_does_not_end_the_server(garbage: str) -> None:  # fault 11
    async def story() -> None:
        async with edge() as attic:
            _, writer = await asyncio.open_connection("127.0.0.1", attic.port)
            writer.write(f"{garbage}\r\n\r\n".encode())
            await writer.drain()
            assert (await attic.http("GET /healthz HTTP/1.1"))[0] == 200
            writer.close()

    run(story())


def test_health_is_told_in_numbers_and_words() -> None:
    async def story() -> None:
        async with edge(key="abcd") as attic:
            await attic.join("synth-a", key="abcd")
            await attic.join("ctrl-a", key="abcd")
            await attic.join("synth-web-0badcafe", key="abcd")
            status, headers, body = await attic.http("GET /healthz HTTP/1.1")
            health = json.loads(body)
            assert (status, headers["Content-Type"], headers["Cache-Control"]) == (200, "application/json", "no-store")
            assert (health["status"], health["degraded"]) == ("ok", [])
            assert (health["version"], health["edge"]) == ("1.2.3", "attic")
            assert (health["synths"], health["controllers"], health["connections"]) == (1, 1, 3)
            assert health["phones"] == 1
            assert health["uptime_s"] >= 0
            assert health["counters"]["joined"] == 1
            assert b"abcd" not in body

    run(story())


def test_ice_servers_are_told_and_passwords_only_to_who_knows_the_key() -> None:
    def told(path: str, **options: object) -> object:
        return json.loads(get(f"GET {path} HTTP/1.1", ice_servers=[STUN, TURN], **options)[2])

    assert told("/ice-servers") == {"ice_servers": [STUN, TURN]}
    assert told("/ice-servers", key="abcd") == {"ice_servers": [STUN]}
    assert told("/ice-servers?key=abce", key="abcd") == {"ice_servers": [STUN]}
    assert told("/ice-servers?key=abcd", key="abcd") == {"ice_servers": [STUN, TURN]}


def test_what_a_page_elsewhere_sends_is_refused_and_not_counted() -> None:
    """Forty pages ask with wrong keys from the address of an honest client, whose right one goes on counting."""

    async def story() -> None:
        relay = {"urls": ["turn:t"], "username": "u", "credential": "c"}
        async with edge(key="abcd", ice_servers=[relay]) as attic:
            for n in range(40):
                for said in (
                    "Origin: https://evil.example",
                    "Sec-Fetch-Site: cross-site",
                    "Sec-Fetch-Site: same-site",
                ):
                    status, _, _ = await attic.http(f"GET /ice-servers?key=guess-{n} HTTP/1.1\r\n{said}")
                    assert status == 403
            for ask in (
                "GET /ice-servers?key=abcd HTTP/1.1",
                "GET /ice-servers HTTP/1.1\r\nAuthorization: Bearer abcd",
            ):
                status, _, body = await attic.http(ask)
                assert (status, json.loads(body)["ice_servers"]) == (200, [relay])
            await attic.join("ctrl-a", key="abcd")
            status, _, _ = await attic.http("GET /ice-servers?key=abcd HTTP/1.1\r\nSec-Fetch-Site: same-origin")
            assert status == 200

    run(story())


def test_pages_elsewhere_in_many_browsers_count_for_no_address_and_an_honest_client_is_answered_meanwhile() -> None:
    """Thirty visitors of a bad page, one of them behind the address of the honest client, each with twelve guesses."""

    async def story() -> None:
        relay = {"urls": ["turn:t"], "username": "u", "credential": "c"}
        async with edge(key="abcd", ice_servers=[relay]) as attic:
            for n in range(12):
                for visitor in range(30):
                    ask = f"GET /ice-servers?key=guess-{n}-{visitor} HTTP/1.1\r\nSec-Fetch-Site: cross-site"
                    status, _, _ = await attic.http(ask, source=f"127.0.0.{1 + visitor}")
                    assert status == 403
                for source in ("127.0.0.1", "127.0.0.2", "127.0.0.99"):
                    status, _, body = await attic.http("GET /ice-servers?key=abcd HTTP/1.1", source=source)
                    assert (status, json.loads(body)["ice_servers"]) == (200, [relay])
                await attic.join(f"ctrl-{n}", key="abcd")

    run(story())


def test_a_page_that_hides_where_it_is_locks_nobody_out_of_the_socket() -> None:
    """Over plain http an image of another page has no header that tells."""

    async def story() -> None:
        relay = {"urls": ["turn:t"], "username": "u", "credential": "c"}
        async with edge(key="abcd", ice_servers=[relay]) as attic:
            for n in range(40):
                status, _, body = await attic.http(f"GET /ice-servers?key=guess-{n} HTTP/1.1")
                assert (status, json.loads(body)["ice_servers"]) == (200, [])
            await attic.join("ctrl-a", key="abcd")
            status, _, body = await attic.http("GET /ice-servers HTTP/1.1\r\nAuthorization: Bearer abcd")
            assert json.loads(body)["ice_servers"] == [relay]

    run(story())


TOKEN = "0123456789abcdef"


def test_the_metrics_are_off_by_default() -> None:
    assert get("GET /metrics HTTP/1.1")[0] == 404


@pytest.mark.parametrize(
    ("key", "status"),
    [("attic-key", 200), (TOKEN, 200), ("wrong", 401), ("", 401), (None, 401)],
)
def test_the_metrics_need_the_key_or_the_scrape_token(key: str | None, status: int) -> None:
    head = "GET /metrics HTTP/1.1" + ("" if key is None else f"\r\nAuthorization: Bearer {key}")
    found, headers, body = get(head, key="attic-key", metrics=Metrics(TOKEN))
    assert found == status
    assert headers["Cache-Control"] == "no-store"
    if status == 200:
        assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert 'formant_server_clients{role="synth"} 0' in body.decode()
    else:
        assert headers["WWW-Authenticate"] == "Bearer"
        assert b"formant_" not in body


def test_a_key_in_the_url_opens_no_metrics_because_proxies_would_log_it() -> None:
    assert get("GET /metrics?key=attic-key HTTP/1.1", key="attic-key", metrics=Metrics())[0] == 401


def test_an_open_server_tells_everybody_once_it_is_asked_to() -> None:
    assert get("GET /metrics HTTP/1.1", metrics=Metrics())[0] == 200


def test_a_box_that_registers_is_in_the_metrics() -> None:
    async def story() -> None:
        async with edge(metrics=Metrics()) as attic:
            await attic.join("synth-a", meta={"name": "North"})
            first = (await attic.http("GET /metrics HTTP/1.1"))[2].decode()
            families = {metric.name: metric for metric in text_string_to_metric_families(first)}
            assert [sample.labels for sample in families["formant_box_up"].samples] == [{"box": "synth-a"}]
            assert families["formant_box_info"].samples[0].labels["name"] == "North"

    run(story())
