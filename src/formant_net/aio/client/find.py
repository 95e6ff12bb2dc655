"""Finds servers on the local network for one client: browses mDNS, checks each announced server, and remembers it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from formant_net.aio.driver import Driver, clock
from formant_net.aio.kept_file import KeptFile
from formant_net.aio.lan.domain import dns_places
from formant_net.aio.lan.interfaces import interfaces
from formant_net.aio.lan.multicast import open_multicast
from formant_net.client.effects import Notice
from formant_net.client.servers import Server
from formant_net.lan.addresses import candidates
from formant_net.lan.locate import AskDns, Browse, Locate, Located, Searching, StopBrowsing, Try
from formant_net.lan.record import SERVICE, Place, places, zoned
from formant_net.ops.log import get_logger
from formant_net.protocol.trust import SYSTEM, Trust

KNOCK_S = 2.0
"""Seconds that a try waits. TCP repeats a lost packet after 1 s; a new try comes sooner than the repetition at 3 s."""
RESOLVE_MS = 2000
MOST_TASKS = 64
"""Announcements that are asked about at once. Each is a few packets to the whole network; the next browse asks anew."""
MOST_TAKEN = 64
"""Places that answered, by URL. Anybody may answer at any number of ports; those that answered last are kept."""


@dataclass(frozen=True, slots=True)
class Search:
    """What a client knows of the server that it searches for.

    key      the join key, None for an open server. Whoever announces a server gets it: docs/install/security.md
    trust    how it is known; with a fingerprint or an authority only servers with https are taken
    local    a server on this machine at the usual port is tried as well
    memory   the file that remembers where it was, None remembers nothing
    """

    key: str | None = None
    trust: Trust = SYSTEM
    local: bool = True
    memory: Path | None = None


class Finder:
    """Runs one search on the event loop and calls `found` with each server that answers."""

    def __init__(self, search: Search, found: Callable[[Server], None]) -> None:
        self._search = search
        self._found = found
        self._log = get_logger()
        self._file = KeptFile(search.memory, "the place of the server")
        self._by_url: dict[str, Place] = {}
        self._zeroconf: Any = None
        self._browser: Any = None
        self._asking = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._said = ""
        self._faults: set[str] = set()
        self._locate = Locate(random.random, self._known())
        self._driver = Driver(self._locate, self._perform)

    def start(self) -> None:
        """Search until the client is registered."""
        self._driver.tell(self._locate.start)

    async def close(self) -> None:
        """End the search."""
        self._driver.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stop_browsing()

    def heard(self, notice: Notice) -> None:
        """Tells the search whether the client is registered or has lost its server."""
        if notice.event == "registered":
            place = self._by_url.get(notice.fields["server"])
            self._driver.tell(lambda now: self._locate.settled(place))
            if place is not None:
                self._file.write(msgspec.json.encode(place), clock())
        elif notice.event == "server lost":
            self._driver.tell(self._locate.lost)

    def _known(self) -> list[Place]:
        known = []
        with suppress(msgspec.MsgspecError, UnicodeError):
            if content := self._file.read():
                known.append(msgspec.json.decode(content, type=Place))
        if self._search.local:
            known.append(Place("", "127.0.0.1", 8080))
        return known

    def _perform(self, effect: Any) -> None:
        match effect:
            case Browse():
                self._do(self._browse())
            case AskDns():
                self._do(self._ask_dns())
            case StopBrowsing():
                self._do(self._stop_browsing())
            case Try(place):
                self._do(self._try(place))
            case Located(place):
                self._take(place)
            case Searching(for_s, heard):
                self._log.warning(
                    "no server found yet", for_s=round(for_s), announced=heard, do="is it on, and in this network?"
                )

    def _take(self, place: Place) -> None:
        if self._search.trust != SYSTEM and not place.secure:
            self._log.warning("a server without https is skipped", at=place.ws_url)
            return
        bare = Place(place.server, place.host.partition("%")[0], place.port, place.secure)
        address = place.host if "%" in place.host else None
        self._by_url.pop(bare.ws_url, None)
        self._by_url[bare.ws_url] = place
        if len(self._by_url) > MOST_TAKEN:
            del self._by_url[next(iter(self._by_url))]
        self._found(Server(bare.ws_url, self._search.key, self._search.trust, address))

    async def _try(self, place: Place) -> None:
        answered = False
        with suppress(OSError, TimeoutError, ValueError):  # ValueError: a text that is no host name
            async with asyncio.timeout(KNOCK_S):
                _, writer = await asyncio.open_connection(place.host, place.port)
            answered = True
            writer.close()
        self._driver.tell(lambda now: self._locate.tried(place, answered, now))

    async def _browse(self) -> None:
        """Ask anew. What is in the way is said once, and the next question begins with new sockets."""
        async with self._asking:
            try:
                await self._ask()
            except ImportError:
                self._say("the package zeroconf is not installed")
            except OSError as error:
                self._say(error.strerror or str(error))
                await self._stop()
            except Exception:  # zeroconf's own, as when its sockets were not open in time
                await self._stop()
                raise

    async def _ask(self) -> None:
        from zeroconf.asyncio import AsyncServiceBrowser

        browser, self._browser = self._browser, None
        if browser is not None:
            await browser.async_cancel()
        if self._zeroconf is None:
            self._zeroconf = open_multicast()
        else:
            await self._zeroconf.async_update_interfaces()  # the network may have come after us
        self._browser = AsyncServiceBrowser(self._zeroconf.zeroconf, SERVICE, handlers=[self._changed])

    async def _ask_dns(self) -> None:
        with suppress(ImportError):
            found = await dns_places()
            self._driver.tell(lambda now: self._locate.announced(found, now))

    async def _stop_browsing(self) -> None:
        async with self._asking:
            await self._stop()

    async def _stop(self) -> None:
        zeroconf, self._zeroconf, self._browser = self._zeroconf, None, None
        if zeroconf is not None:
            with suppress(Exception):
                await zeroconf.async_close()

    def _changed(self, zeroconf: Any, service_type: str, name: str, state_change: Any) -> None:
        from zeroconf import Error
        from zeroconf.asyncio import AsyncServiceInfo

        if state_change.name == "Removed":
            return
        try:
            info = AsyncServiceInfo(service_type, name)
        except Error:  # a name that cannot be one
            return
        if info.load_from_cache(zeroconf):  # most announcements say everything at once
            self._heard_of(info)
        elif len(self._tasks) < MOST_TASKS:
            self._do(self._resolve(zeroconf, info))

    async def _resolve(self, zeroconf: Any, info: Any) -> None:
        from zeroconf import Error

        try:
            told = await info.async_request(zeroconf, RESOLVE_MS)
        except Error:  # a name that cannot be asked for; or the search has ended meanwhile
            return
        if told:
            self._heard_of(info)

    def _heard_of(self, info: Any) -> None:
        addresses = info.parsed_scoped_addresses()
        if any(address.lower().startswith("fe80:") for address in addresses):
            addresses = zoned(addresses, candidates(interfaces()))
        found = places(info.properties, addresses, info.port)
        self._driver.tell(lambda now: self._locate.announced(found, now))

    def _say(self, reason: str) -> None:
        if reason != self._said:
            self._said = reason
            self._log.warning("servers cannot be searched for by mDNS", reason=reason)

    def _do(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            kind = type(error).__name__
            if kind not in self._faults:  # once: whoever announces may cause it again and again
                self._faults.add(kind)
                self._log.warning("fault in the search; going on", reason=repr(error))
