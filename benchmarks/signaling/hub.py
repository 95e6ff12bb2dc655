"""The server, with limits that measure it and not themselves.

python hub.py PORT
"""

from __future__ import annotations

import asyncio
import sys

from formant_net.aio.server.edge import EdgeOptions, calm_collector, running_edge
from formant_net.ops.log import configure
from formant_net.server.access.limits import Limits

LIMITS = Limits(
    clients=15_000, clients_per_address=20_000, newcomers=2000, newcomers_per_address=2000, rate_per_s=1e9,
    burst=10**9, address_rate_per_s=1e9, address_burst=10**9, connects_per_s=1e9, connects_burst=10**9,
    offers_per_min=10**9, offers_per_pair_per_min=10**9, joins_per_min=1e9, joins_burst=10**9,
    token_joins_per_min=1e9, token_joins_burst=10**9, unsent_bytes=10**9,
)  # fmt: skip


async def main(port: int) -> None:
    async with running_edge(EdgeOptions(host="127.0.0.1", port=port, limits=LIMITS, advertise="127.0.0.1")):
        calm_collector()
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    configure(level="error")
    try:
        import uvloop

        uvloop.run(main(int(sys.argv[1])))
    except ImportError:
        asyncio.run(main(int(sys.argv[1])))
