"""The health check of a server: its answer at /healthz, read without a WebSocket."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

from formant_net.aio.client.verify import NotTrusted, client_context
from formant_net.protocol.trust import Trust

CHECK_S = 3.0
_MAX_BYTES = 256 * 1024


async def health_of(url: str, trust: Trust, address: str | None = None) -> dict[str, Any] | None:
    """The content of /healthz of the server at `url` (`ws://…` or `wss://…`); None if it is not well. Never raises.

    Nothing secret is sent, and nothing that is decided by it is: a false server may answer.
    """
    place = urlsplit(url)
    secure = place.scheme == "wss"
    try:
        async with asyncio.timeout(CHECK_S):
            reader, writer = await asyncio.open_connection(
                address or place.hostname,
                place.port or (443 if secure else 80),
                ssl=client_context(trust) if secure else None,
                server_hostname=place.hostname if secure else None,
            )
            try:
                writer.write(f"GET /healthz HTTP/1.1\r\nHost: {place.netloc}\r\nConnection: close\r\n\r\n".encode())
                answer = b""
                while len(answer) < _MAX_BYTES and (more := await reader.read(65536)):
                    answer += more
            finally:
                writer.close()
    except (OSError, TimeoutError, NotTrusted):
        return None
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 "):
        return None
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):  # other servers say something else there
        return {}
    return found if isinstance(found, dict) else {}
