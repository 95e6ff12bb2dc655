"""The engine of a shared registry: NATS, with its JetStream key-value store and its subjects.

One session at a time: connect, make the bucket if it is missing, listen on this edge's own subject, read what the
bucket holds, follow what changes. A session that ends, for whatever reason, is followed by another after a back-off;
the registry's core brings old and new together. So nothing here has to be right over a gap.

A write names the revision it replaces (`Nats-Expected-Last-Subject-Sequence`) and carries the seconds after which the
server may drop it (`Nats-TTL`, from server 2.11 on). Writes and messages leave in the order in which they were asked
for, without waiting for answers, which come to an inbox of the session.

Out of scope: what is written and what a change means (shared_registry.py).
"""

from __future__ import annotations

import asyncio
import binascii
import json
import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import DeliverPolicy, DiscardPolicy, StorageType, StreamConfig

from formant_net.backoff import Backoff
from formant_net.engine_url import EngineUrl
from formant_net.hub_outputs import Post
from formant_net.log import get_logger
from formant_net.shared_registry import Restart, SharedRegistry, Write

CONNECT_S = 2.0
ANSWER_S = 5.0
OPEN_S = 8.0
PING_S = 10.0
LAST_S = 2.0
"""What is still to be said when an edge ends has so long to leave."""
OLDEST = (2, 11)
"""The first NATS server with a time to live for each key."""
BATCH = 500
"""Entries of a snapshot that are taken in at once: the clients of this edge are not kept waiting by 10,000 others."""
WRONG_REVISION = (10071, 10164)


class EngineError(Exception):
    """The engine cannot serve; the text says why and what to do."""


class Engine:
    """Carries what `registry` asks for to NATS, and what NATS tells to the registry and the hub.

    change          lets a core take in one change: `change(what)` calls `what(now)` and does all that follows
    on_change       called with `now` as the last of each change: the registry may have news
    on_bus          takes a message of another edge: `on_bus(payload, now)`
    on_unreachable  takes the loss of a Post: `on_unreachable(node, about, now)`
    """

    def __init__(
        self,
        url: EngineUrl,
        registry: SharedRegistry,
        backoff: Backoff,
        *,
        change: Callable[[Callable[[float], None]], None],
        on_change: Callable[[float], None],
        on_bus: Callable[[bytes, float], None],
        on_unreachable: Callable[[str, Any, float], None],
    ) -> None:
        self._url = url
        self._registry = registry
        self._backoff = backoff
        self._outer = change
        self._on_change = on_change
        self._on_bus = on_bus
        self._on_unreachable = on_unreachable
        self._log = get_logger()
        self._server = 0
        self._created = ""
        self._session: _Session | None = None
        self._task: asyncio.Task[None] | None = None
        self._told = ""

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    def start(self, url: str = "") -> None:
        """Connect, and stay connected until `close`. `url`: where clients reach this edge, for the others to know."""
        self._registry.url = url
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Say what is still to be said, and disconnect."""
        session, self._session = self._session, None
        if session is not None:
            with suppress(Exception):
                await asyncio.wait_for(session.flush(), LAST_S)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def flush(self) -> None:
        """Take what the registry wants written. Call it after each change."""
        for each in self._registry.writes():
            if self._session is None:
                continue
            if isinstance(each, Restart):
                self._session.end(each.reason)
            else:
                self._session.todo.put_nowait(each)

    def post(self, post: Post) -> None:
        """Send to another edge. Without a session it is lost: the core knows that nobody can be reached."""
        if self._session is not None:
            self._session.todo.put_nowait(post)

    def _change(self, what: Callable[[float], None]) -> None:
        def change(now: float) -> None:
            what(now)
            self._on_change(now)

        self._outer(change)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            server = self._url.servers[self._server % len(self._url.servers)]
            session = _Session(self._url, self._registry, self._change, self._on_bus, self._on_unreachable)
            reason = "closed"
            try:
                created = await asyncio.wait_for(session.open(server), OPEN_S)
                fresh, self._created = created != self._created, created
                self._session = session
                await session.read(fresh=fresh, begun=partial(self._begun, server))
                reason = await session.ended
            except (EngineError, nats.errors.Error, nats.js.errors.Error, OSError, TimeoutError, ValueError) as error:
                reason = _words(error)
            except Exception as error:
                self._log.exception("fault in the connection to the registry; trying again")
                reason = repr(error)
            finally:
                self._session = None
                await session.close()
            self._server += 1
            why = f"{server}: {reason}"
            self._change(lambda now, why=why: self._registry.on_down(why, now))  # type: ignore[misc]
            delay_s = self._backoff.failed(loop.time())
            if why != self._told:  # an engine that is away for an hour is one line
                self._told = why
                self._log.warning("registry not reached", server=server, reason=reason)
            await asyncio.sleep(delay_s)

    def _begun(self, server: str) -> None:
        self._told = ""
        self._backoff.healthy(asyncio.get_running_loop().time())
        self._log.info("registry reached", server=server, ensemble=self._url.ensemble)


class _Session:
    """One connection, from connecting to whatever ends it."""

    def __init__(
        self,
        url: EngineUrl,
        registry: SharedRegistry,
        change: Callable[[Callable[[float], None]], None],
        on_bus: Callable[[bytes, float], None],
        on_unreachable: Callable[[str, Any, float], None],
    ) -> None:
        self.todo: asyncio.Queue[Write | Post] = asyncio.Queue()
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._url = url
        self._registry = registry
        self._change = change
        self._on_bus = on_bus
        self._on_unreachable = on_unreachable
        self._nats = Client()
        self._bucket = f"formant-{url.ensemble}"
        self._keys = f"$KV.{self._bucket}."
        self._edges = f"formant.{url.ensemble}.edge."
        self._inbox = ""
        self._asked: dict[str, Write] = {}
        self._count = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._clock = 0.0
        self._batch: list[tuple[str, bytes, bool, int, float]] = []
        self._reading = True
        self._on_read: Callable[[], None] = lambda: None

    async def open(self, server: str) -> str:
        """Connect and make sure that there is a bucket; when it was made tells one bucket from its successor."""
        url = self._url

        async def closed() -> None:
            self.end("connection closed")

        async def ignore(_: Exception) -> None:
            pass  # what matters ends the connection

        await self._nats.connect(
            [f"nats://{server}"],
            name=f"formant {self._registry.place.edge}",
            allow_reconnect=False,
            max_reconnect_attempts=1,  # of this connect; beginning again is ours
            reconnect_time_wait=0,
            connect_timeout=CONNECT_S,  # type: ignore[arg-type]  # seconds, fractions are fine
            ping_interval=PING_S,  # type: ignore[arg-type]
            tls=_tls(url),
            user=url.user,
            password=url.password,
            token=url.token,
            user_credentials=url.credentials,
            closed_cb=closed,
            error_cb=ignore,
            pending_size=32 * 1024 * 1024,
        )
        version = self._nats.connected_server_version
        if (version.major, version.minor) < OLDEST:
            raise EngineError(f"NATS {version.major}.{version.minor} is too old: {OLDEST[0]}.{OLDEST[1]} is needed")
        js = self._nats.jetstream(timeout=ANSWER_S)
        try:
            await self._make_bucket(js)
            info = json.loads(
                (await self._nats.request(f"$JS.API.STREAM.INFO.KV_{self._bucket}", timeout=ANSWER_S)).data
            )
        except (nats.js.errors.ServiceUnavailableError, nats.errors.NoRespondersError) as error:
            raise EngineError("JetStream is not enabled: start nats-server with -js") from error
        if not info.get("config", {}).get("allow_msg_ttl"):
            raise EngineError(
                f"the bucket {self._bucket} has no time to live for each key: remove it, edges make it anew"
            )
        self._clock = _seconds(info["ts"]) - asyncio.get_running_loop().time()
        return str(info["created"])

    async def read(self, *, fresh: bool, begun: Callable[[], None]) -> None:
        """Take in what the bucket holds, then go on in the background."""
        self._inbox = self._nats.new_inbox()
        self._on_read = begun
        await self._nats.subscribe(f"{self._inbox}.>", cb=self._answered)
        await self._nats.subscribe(self._edges + self._registry.place.node, cb=self._mail)
        self._change(lambda now: self._registry.on_up(now, fresh=fresh))
        js = self._nats.jetstream(timeout=ANSWER_S)
        watch = await js.subscribe(
            self._keys + ">",
            stream=f"KV_{self._bucket}",
            cb=self._changed,
            ordered_consumer=True,
            deliver_policy=DeliverPolicy.LAST_PER_SUBJECT,
        )
        info = await watch.consumer_info()
        if self._reading and info.num_pending == 0 and info.delivered is not None and info.delivered.consumer_seq == 0:
            self._read()
        self._start(self._write())

    def end(self, reason: str) -> None:
        """This session is over."""
        if not self.ended.done():
            self.ended.set_result(reason)

    async def flush(self) -> None:
        """Wait until everything that was asked for has left."""
        await self.todo.join()
        await self._nats.flush()

    async def close(self) -> None:
        """Drop the connection."""
        for task in list(self._tasks):
            task.cancel()
        with suppress(Exception):
            await asyncio.wait_for(self._nats.close(), 1.0)

    # --- out -------------------------------------------------------------------------------------------------------

    async def _make_bucket(self, js: JetStreamContext) -> None:
        """As `nats kv add` makes one, so that the tool reads it: in memory, one value a key, time to live a key."""
        with suppress(nats.js.errors.BadRequestError):  # there is one of other settings: an operator's choice
            await js.add_stream(
                StreamConfig(
                    name=f"KV_{self._bucket}",
                    description="Formant: who is there, and where",
                    subjects=[self._keys + ">"],
                    max_msgs_per_subject=1,
                    storage=StorageType.MEMORY,
                    num_replicas=self._url.replicas,
                    discard=DiscardPolicy.NEW,
                    allow_msg_ttl=True,
                    allow_rollup_hdrs=True,
                    deny_delete=True,
                )
            )

    async def _write(self) -> None:
        """Everything that is asked for, in order."""
        while True:
            each = await self.todo.get()
            if isinstance(each, Post):
                about = ".".join(map(_token, each.about))
                reply = f"{self._inbox}.post.{each.node}" + (f".{about}" if about else "")
                await self._nats.publish(self._edges + each.node, each.payload, reply)
            else:
                headers = {"Nats-TTL": f"{each.ttl_s}s"}
                if each.expected is not None:
                    headers["Nats-Expected-Last-Subject-Sequence"] = str(each.expected)
                if each.gone:
                    headers["KV-Operation"] = "DEL"
                self._count += 1
                token = str(self._count)
                self._asked[token] = each
                await self._nats.publish(self._keys + each.key, each.value, f"{self._inbox}.key.{token}", headers)
            self.todo.task_done()

    # --- in --------------------------------------------------------------------------------------------------------

    async def _changed(self, message: Msg) -> None:
        """A key was written, or is told because the session has begun."""
        about = message.metadata
        header = message.headers or {}
        stored_s = 0.0
        if self._reading:
            stored_s = max(0.0, self._clock + asyncio.get_running_loop().time() - about.timestamp.timestamp())
        key = message.subject.removeprefix(self._keys)
        # A marker that the server sets when it drops a key says nothing: the registry's own sweep decides.
        if "Nats-Marker-Reason" not in header:
            gone = header.get("KV-Operation") in ("DEL", "PURGE")
            self._batch.append((key, message.data, gone, about.sequence.stream, stored_s))
        if not self._reading or about.num_pending == 0 or len(self._batch) >= BATCH:
            self._take_in()
        if self._reading and about.num_pending == 0:
            self._read()

    def _take_in(self) -> None:
        batch, self._batch = self._batch, []

        def take(now: float) -> None:
            for key, value, gone, revision, stored_s in batch:
                self._registry.on_entry(key, value, gone, revision, stored_s, now)

        self._change(take)

    def _read(self) -> None:
        self._reading = False
        self._change(self._registry.on_snapshot)
        self._on_read()

    async def _mail(self, message: Msg) -> None:
        self._change(lambda now: self._on_bus(message.data, now))

    async def _answered(self, message: Msg) -> None:
        """The answer to a write, or the news that nobody took a message."""
        kind, *rest = message.subject[len(self._inbox) + 1 :].split(".")
        nobody = (message.headers or {}).get("Status") == "503"
        if kind == "post":
            if nobody:
                about = tuple(_text(token) for token in rest[1:])
                self._change(lambda now: self._on_unreachable(rest[0], about, now))
            return
        write = self._asked.pop(rest[0], None)
        if write is None:
            return
        if nobody:
            self.end("the bucket is gone")
            return
        answer = json.loads(message.data)
        error = answer.get("error")
        if error is None:
            revision = int(answer["seq"])
            self._change(lambda now: self._registry.on_written(write.key, revision, write.serial, now))
        elif error.get("err_code") in WRONG_REVISION:
            self._start(self._look(write))
        else:
            self.end(f"a write was refused: {error.get('description')}")

    async def _look(self, write: Write) -> None:
        """Somebody else has written: what stands there now?"""
        query = json.dumps({"last_by_subj": self._keys + write.key}).encode()
        answer = await self._nats.request(f"$JS.API.STREAM.MSG.GET.KV_{self._bucket}", query, timeout=ANSWER_S)
        found = json.loads(answer.data)
        stored = found.get("message")
        if stored is None and found.get("error", {}).get("code") != 404:
            raise EngineError(f"the registry cannot be read: {found.get('error', {}).get('description')}")
        value: bytes | None = None
        gone, revision = False, 0
        if stored is not None:
            value = _bytes(stored.get("data", ""))
            gone = b"KV-Operation: " in _bytes(stored.get("hdrs", ""))
            revision = int(stored["seq"])
        self._change(lambda now: self._registry.on_refused(write.key, value, gone, revision, write.serial, now))

    def _start(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.end(_words(error))


def _tls(url: EngineUrl) -> ssl.SSLContext | None:
    if not url.tls:
        return None
    context = ssl.create_default_context(cafile=url.ca)
    if url.certificate is not None:
        context.load_cert_chain(url.certificate, url.certificate_key)
    return context


def _words(error: BaseException) -> str:
    """One line, without what might be secret."""
    if isinstance(error, nats.errors.NoServersError | ConnectionRefusedError):
        return "nobody answers"
    text = re.sub(r"\s+", " ", str(error).removeprefix("nats: ")).strip()
    return text or type(error).__name__


def _seconds(text: str) -> float:
    """A moment as the server writes it (nanoseconds), s since 1970."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d*Z$", r"\1+00:00", text).replace("Z", "+00:00")).timestamp()


def _bytes(base64: str) -> bytes:
    return binascii.a2b_base64(base64)


def _token(text: str) -> str:
    """A client id as one part of a subject."""
    return text.encode().hex()


def _text(token: str) -> str:
    return bytes.fromhex(token).decode()
