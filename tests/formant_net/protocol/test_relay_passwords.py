"""Passwords of relays against a real coturn: taken while they last, refused when they are over, forged or another's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest
from aioice import stun, turn
from support.net.coturn import coturn

from formant_net.protocol.ice import IceServers, parse_ice_server

SECRET = "north wind"


@pytest.fixture(scope="module")
def relay() -> Iterator[int]:
    """The port of a coturn that shares our secret."""
    options = ("--use-auth-secret", f"--static-auth-secret={SECRET}", "--allow-loopback-peers")
    with coturn("127.0.0.1", *options) as port:
        yield port


async def allocate(port: int, username: str, password: str) -> int | None:
    """Ask for a relayed address: None if it was given, else the error code (0: no answer)."""
    try:
        transport, _ = await turn.create_turn_endpoint(
            asyncio.DatagramProtocol, ("127.0.0.1", port), username=username, password=password
        )
    except stun.TransactionFailed as error:
        return int(error.response.attributes["ERROR-CODE"][0])
    except (stun.TransactionTimeout, ConnectionError, OSError):
        return 0
    transport.close()
    return None


def told(port: int, wall: float, secret: str = SECRET, ttl_s: float = 600.0) -> tuple[str, str]:
    """User and password as a client is told them."""
    server = parse_ice_server(f"turn:127.0.0.1:{port}")
    (relay,) = IceServers.make([server], secret, ttl_s).told("touch-ctrl-a", wall)
    return relay["username"], relay["credential"]


def test_a_password_is_taken_while_it_lasts(relay: int) -> None:
    assert asyncio.run(allocate(relay, *told(relay, time.time()))) is None


def test_one_that_is_over_is_refused(relay: int) -> None:
    assert asyncio.run(allocate(relay, *told(relay, time.time() - 1000.0))) == 401


def test_one_made_with_another_secret_is_refused(relay: int) -> None:
    assert asyncio.run(allocate(relay, *told(relay, time.time(), secret="south wind"))) == 401


def test_a_longer_life_cannot_be_written_into_it(relay: int) -> None:
    username, password = told(relay, time.time() - 1000.0)
    longer = f"{int(time.time()) + 9999}:{username.partition(':')[2]}"
    assert asyncio.run(allocate(relay, longer, password)) == 401
