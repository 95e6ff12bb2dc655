"""Announces a server on the local network, so that clients find it without an address."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from formant_files import read_text
from formant_net.aio.atomic_files import write_private
from formant_net.aio.lan.multicast import open_multicast
from formant_net.lan.addresses import Candidate, Interface, bound, candidates, for_boxes
from formant_net.lan.record import SERVICE, Plain, Record, instance_name, is_id
from formant_net.ops.log import get_logger

FILE = "server.id"
_LAST_S = 2.0
"""Seconds that the end waits until the good-bye is sent. With it, other machines forget the server at once."""


class Announcer:
    """Keeps one server announced while the block runs. Call `update` when the machine's addresses have changed.

    hosts     the addresses that the server listens on
    service   its type in DNS-SD

    It never fails. An obstacle is logged once, and the next `update` tries again.
    """

    def __init__(
        self, record: Record | Plain, name: str, hosts: Sequence[str], port: int, service: str = SERVICE
    ) -> None:
        self._record = record
        self._name = name
        self._hosts = tuple(hosts)
        self._port = port
        self._service = service
        self._log = get_logger()
        self._zeroconf: Any = None
        self._info: Any = None
        self._addresses: tuple[str, ...] = ()
        self._said = ""
        self._work: asyncio.Task[None] | None = None
        self._wanted: tuple[Candidate, ...] = ()

    async def __aenter__(self) -> Announcer:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
        with suppress(Exception):
            await asyncio.wait_for(self._withdraw(), _LAST_S)

    def update(self, interfaces: Sequence[Interface]) -> None:
        """Announce the addresses at which others reach this machine now. Returns at once."""
        self._wanted = tuple(for_boxes(bound(candidates(interfaces), self._hosts)))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._follow())

    def announced(self) -> bool:
        """Whether the announcement is out."""
        return self._info is not None

    async def _follow(self) -> None:
        """Announce until the announced addresses are the wanted ones."""
        while (wanted := self._wanted) is not None and tuple(each.address for each in wanted) != self._addresses:
            try:
                await self._announce(wanted)
            except ImportError:
                self._log.debug("not announced: the package zeroconf is not installed")
            except Exception as error:
                self._say(_words(error))
                with suppress(Exception):
                    await self._withdraw()
            self._addresses = tuple(each.address for each in wanted)

    async def _announce(self, wanted: Sequence[Candidate]) -> None:
        from zeroconf import ServiceInfo

        if not wanted:
            await self._withdraw()
            return
        info = ServiceInfo(
            self._service,
            f"{instance_name(self._name)}.{self._service}",
            port=self._port,
            properties=self._record.txt(),
            server=self._record.host,
            parsed_addresses=[each.address for each in wanted],
        )
        if self._zeroconf is None:
            self._zeroconf = open_multicast()
            await (await self._zeroconf.async_register_service(info, allow_name_change=True))
        else:
            await self._zeroconf.async_update_interfaces()
            if self._info is not None:
                info.name = self._info.name  # zeroconf has changed it if another server had the name
            await (await self._zeroconf.async_update_service(info))
        self._info = info
        if self._said:
            self._said = ""
            self._log.info("announced on the network again", service=self._service)

    async def _withdraw(self) -> None:
        zeroconf, self._zeroconf, self._info = self._zeroconf, None, None
        if zeroconf is not None:
            await zeroconf.async_unregister_all_services()
            await zeroconf.async_close()

    def _say(self, reason: str) -> None:
        if reason != self._said:
            self._said = reason
            self._log.warning("not announced: clients need the URL", service=self._service, reason=reason)


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return "another program has UDP port 5353 for itself (avahi-daemon with disallow-other-stacks=yes)"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return f"{type(error).__name__} {error}".strip()


def kept_id(folder: Path, make: Callable[[], str]) -> str:
    """The id of the servers that keep their state in `folder`. `make` makes it the first time."""
    path = folder / FILE
    with suppress(OSError):
        if is_id(known := read_text(path, 100).strip()):
            return known
    made = make()
    try:
        write_private(path, f"{made}\n".encode())
    except OSError as error:
        get_logger().info("the server's id cannot be kept", file=str(path), reason=error.strerror)
    return made
