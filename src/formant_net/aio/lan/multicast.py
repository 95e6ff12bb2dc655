"""Opens mDNS sockets on all interfaces for IPv4 and IPv6, and keeps zeroconf's warnings out of the log."""

from __future__ import annotations

import logging
from typing import Any

from formant_net.aio.lan.interfaces import read_names_leniently


def open_multicast() -> Any:
    """An `AsyncZeroconf`. Raises ImportError without the package, OSError if the port cannot be opened.

    zeroconf warns with a traceback for every interface without multicast, such as the loopback interface. So its
    warnings are off; the caller logs an obstacle in one line.
    """
    from zeroconf import IPVersion
    from zeroconf.asyncio import AsyncZeroconf

    logging.getLogger("zeroconf").setLevel(logging.CRITICAL)
    read_names_leniently()
    return AsyncZeroconf(ip_version=IPVersion.All)
