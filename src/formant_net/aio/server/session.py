"""One session with NATS, the engine of a shared registry: its JetStream key-value store and its subjects.

A session connects, makes the bucket if it is missing, subscribes to this edge's own subject, reads the bucket's content
and follows its changes until it ends. A write names the revision it replaces (`Nats-Expected-Last-Subject-Sequence`)
and the seconds after which the server may drop the key (`Nats-TTL`, from server 2.11 on). Writes and messages leave in
the order of the calls, without waiting for answers. Answers come to an inbox of the session.

Out of scope: the next session (engine.py), what is written and what a change means
(server/registry/shared.py).
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
from typing import Any

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import DeliverPolicy, DiscardPolicy, StorageType, StreamConfig

from formant_net.aio.driver import clock
from formant_net.server.outputs import Post
from formant_net.server.registry.engine_url import EngineUrl
from formant_net.server.registry.registry import Write
from formant_net.server.registry.shared import SharedRegistry

CONNECT_S = 2.0
ANSWER_S = 5.0
PING_S = 10.0
OLDEST = (2, 11)
"""The first NATS server version that has a time to live for each key."""
BATCH = 500
"""Entries of a snapshot that are taken in at once, so that 10,000 entries do not delay this edge's clients."""
WRONG_REVISION = (10071, 10164)

Change = Callable[[Callable[[float], None]], None]
"""`change(what)` gives a core one change: it calls `what(now)` and carries out the outputs that follow."""


class EngineError(Exception):
    """The engine cannot be used. The message says why and what to do."""


class Session:
    """One connection to the engine, from connecting to its end."""

    def __init__(
        self,
        url: EngineUrl,
        registry: SharedRegistry,
        change: Change,
        on_bus: Callable[[bytes, float], None],
        on_unreachable: Callable[[str, Any, float], None],
    ) -> None:
        self.todo: asyncio.Queue[Write | Post] = asyncio.Queue()
        """Writes and messages that have not been sent yet, in order."""
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
        """Connect and make the bucket if it is missing.

        returns   the time at which the bucket was made; it differs for a bucket that was made again
        """
        url = self._url

        async def closed() -> None:
            self.end("connection closed")

        async def ignore(_: Exception) -> None:
            pass  # an error that matters ends the connection

        await self._nats.connect(
            [f"nats://{server}"],
            name=f"formant {self._registry.place.edge}",
            allow_reconnect=False,
            max_reconnect_attempts=1,  # for this call; engine.py begins further sessions
            reconnect_time_wait=0,
            connect_timeout=CONNECT_S,  # type: ignore[arg-type]  # seconds; fractions are allowed
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
                f"the bucket {self._bucket} has no time to live for each key: remove it, and the edges make a new one"
            )
        self._clock = _seconds(info["ts"]) - clock()
        return str(info["created"])

    async def read(self, *, fresh: bool, begun: Callable[[], None]) -> None:
        """Read the bucket's content, and follow its changes in the background."""
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

    @property
    def connection(self) -> Client:
        """The connection, for what else is kept in NATS."""
        return self._nats

    def end(self, reason: str) -> None:
        """End this session for this reason."""
        if not self.ended.done():
            self.ended.set_result(reason)

    async def flush(self) -> None:
        """Wait until all writes and messages have been sent."""
        await self.todo.join()
        await self._nats.flush()

    async def close(self) -> None:
        """Close the connection."""
        for task in list(self._tasks):
            task.cancel()
        with suppress(Exception):
            await asyncio.wait_for(self._nats.close(), 1.0)

    # --- outgoing --------------------------------------------------------------------------------------------------

    async def _make_bucket(self, js: JetStreamContext) -> None:
        """Make the bucket as `nats kv add` does, so that the tool can read it.

        It is in memory, and has one value and a time to live for each key.
        """
        with suppress(nats.js.errors.BadRequestError):  # the operator has made one with other settings
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
        """Send writes and messages, in order."""
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

    # --- incoming --------------------------------------------------------------------------------------------------

    async def _changed(self, message: Msg) -> None:
        """An edge wrote a key, or the entry is part of the first reading."""
        about = message.metadata
        header = message.headers or {}
        stored_s = 0.0
        if self._reading:
            stored_s = max(0.0, self._clock + clock() - about.timestamp.timestamp())
        key = message.subject.removeprefix(self._keys)
        # The server's marker of a dropped key has no meaning: the registry decides when a lease has expired.
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
        """The answer to a write, or the report that no edge received a message."""
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
        """Another edge has written the key: read its present content."""
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
            self.end(words_of(error))


def _tls(url: EngineUrl) -> ssl.SSLContext | None:
    if not url.tls:
        return None
    context = ssl.create_default_context(cafile=url.ca)
    if url.certificate is not None:
        context.load_cert_chain(url.certificate, url.certificate_key)
    return context


def words_of(error: BaseException) -> str:
    """The error as one line."""
    if isinstance(error, nats.errors.NoServersError | ConnectionRefusedError):
        return "nobody answers"
    text = re.sub(r"\s+", " ", str(error).removeprefix("nats: ")).strip()
    return text or type(error).__name__


def _seconds(text: str) -> float:
    """A time as the server writes it (with nanoseconds), in s since 1970."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d*Z$", r"\1+00:00", text).replace("Z", "+00:00")).timestamp()


def _bytes(base64: str) -> bytes:
    return binascii.a2b_base64(base64)


def _token(text: str) -> str:
    """A client id as one token of a subject."""
    return text.encode().hex()


def _text(token: str) -> str:
    return bytes.fromhex(token).decode()
