"""A port for a program that has to be told one before it starts."""

from __future__ import annotations

import random
import socket

BELOW_EPHEMERAL = range(20_000, 32_768)
"""Linux gives sockets that ask for any port one from 32,768 on, so none of another program takes ours meanwhile."""


def free_port() -> int:
    """One on which nobody listens on 127.0.0.1, by TCP or UDP."""
    while True:
        port = random.SystemRandom().choice(BELOW_EPHEMERAL)
        try:
            with (
                socket.create_server(("127.0.0.1", port)),
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
            ):
                datagrams.bind(("127.0.0.1", port))
                return port
        except OSError:
            continue
