"""The usual request is answered as the library would answer it; every other is left to the library."""

from __future__ import annotations

import pytest
from websockets.datastructures import Headers
from websockets.http11 import Request
from websockets.server import ServerProtocol

from formant_net.aio.server.connection.upgrade import upgraded

USUAL = {
    "Host": "127.0.0.1",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


def request(*more: tuple[str, str], **changed: str) -> Request:
    names = {name.replace("-", "").lower(): name for name in USUAL}
    headers = USUAL | {names[name]: value for name, value in changed.items()}
    return Request("/ws", Headers([*headers.items(), *more]))


@pytest.mark.parametrize(
    "asked", [request(), request(connection="keep-alive, Upgrade"), request(upgrade="WebSocket")],
    ids=["chromium", "firefox", "old"],
)  # fmt: skip
def test_the_usual_request_gets_what_the_library_would_say(asked: Request) -> None:
    said = upgraded(asked)
    assert said is not None
    theirs = ServerProtocol().accept(asked)
    del theirs.headers["Date"]  # an informational answer may lack it (RFC 9110 section 6.6.1)
    assert said == theirs.serialize()


@pytest.mark.parametrize(
    "asked",
    [
        request(upgrade="h2c"),
        request(connection="close"),
        request(secwebsocketversion="8"),
        request(secwebsocketkey="short"),
        request(secwebsocketkey="dGhlIHNhbXBsZSBub25jZR=="),
        request(secwebsocketkey="dGhlIHNhbXBsZSBub25jZSBub25jZQ=="),
        request(("Sec-WebSocket-Key", USUAL["Sec-WebSocket-Key"])),
        request(("Upgrade", "websocket")),
        request(("Sec-WebSocket-Version", "13")),
        Request("/ws", Headers(), method="GET"),
        Request("/ws", Headers(USUAL), method="POST"),
        Request("/ws", Headers(USUAL), protocol="HTTP/1.0"),
    ],
)
def test_any_other_request_is_the_librarys(asked: Request) -> None:
    assert upgraded(asked) is None
