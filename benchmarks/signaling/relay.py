"""A bare relay: `websockets` and a fast codec, nothing checked. What the server is measured against.

python relay.py PORT
"""

from __future__ import annotations

import asyncio
import resource
import sys

import msgspec
from websockets.asyncio.server import ServerConnection, broadcast, serve

decode, encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode
CLIENTS: dict[str, ServerConnection] = {}
SYNTHS: set[ServerConnection] = set()


async def client(socket: ServerConnection) -> None:
    name = ""
    async for frame in socket:
        message = decode(frame)
        if message["type"] == "register":
            name = message["client_id"]
            CLIENTS[name] = socket
            if name.startswith("synth-"):
                SYNTHS.add(socket)
            else:
                broadcast(SYNTHS, encode({"type": "controller-joined", "controller_id": name}).decode())
            await socket.send(encode({"type": "registered", "client_id": name}).decode())
        elif (target := CLIENTS.get(message.get("target", ""))) is not None:
            message["source"] = name
            await target.send(encode(message).decode())
    CLIENTS.pop(name, None)
    SYNTHS.discard(socket)


async def main(port: int) -> None:
    async with serve(client, "127.0.0.1", port, compression=None, ping_interval=None, max_size=1 << 17):
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    try:
        import uvloop

        uvloop.run(main(int(sys.argv[1])))
    except ImportError:
        asyncio.run(main(int(sys.argv[1])))
