"""The fleet document in NATS: a key-value bucket of its own on disk, beside the registry's in memory.

The bucket has one key. Its value is the whole document (fleet/agreed.py), so that a change of several parts is one
write, and one revision means the same at all edges. The last HISTORY values are kept for `nats kv history`.

A fault of this bucket, such as a login that may not write it, does not touch the registry.
"""

from __future__ import annotations

import asyncio
import binascii
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import DeliverPolicy, DiscardPolicy, StorageType, StreamConfig

from formant_net.fleet.agreed import Agreed, Keep
from formant_net.ops.log import get_logger
from formant_net.server.registry.engine_url import EngineUrl

ANSWER_S = 5.0
AGAIN_S = 5.0
"""Seconds until the bucket is tried again after a fault."""
HISTORY = 8
KEY = "fleet"
WRONG_REVISION = (10071, 10164)


class DeskBucket:
    """Carries what `agreed` wants kept to NATS, and what NATS keeps to `agreed`.

    change    `change(what)` calls `what(now)` and carries out the outputs that follow (session.py)
    """

    def __init__(self, url: EngineUrl, agreed: Agreed, change: Callable[[Callable[[float], None]], None]) -> None:
        self._replicas = url.replicas
        self._bucket = f"formant-{url.ensemble}-desk"
        self._subject = f"$KV.{self._bucket}.{KEY}"
        self._agreed = agreed
        self._change = change
        self._todo: asyncio.Queue[Keep] = asyncio.Queue()
        self._log = get_logger()
        self._told = ""

    def carry(self, keep: Keep) -> None:
        """Write this. Without a session it is dropped: the core knows that nothing can be written."""
        self._todo.put_nowait(keep)

    async def run(self, connection: Client) -> None:
        """Follow the bucket over this connection until the task is cancelled; begin again after a fault."""
        while True:
            try:
                await self._follow(connection)
            except (nats.errors.Error, nats.js.errors.Error, OSError, TimeoutError, ValueError) as error:
                self._down(str(error).removeprefix("nats: ").strip() or type(error).__name__)
            except Exception as error:
                self._log.exception("fault in the settings of boxes at the engine; trying again")
                self._down(repr(error))
            await asyncio.sleep(AGAIN_S)

    def ended(self, reason: str) -> None:
        """The session with the engine has ended."""
        self._change(lambda now: self._agreed.on_down(reason, now))

    # --- inside ----------------------------------------------------------------------------------------------------

    def _down(self, reason: str) -> None:
        if reason != self._told:
            self._told = reason
            self._log.warning("settings of boxes cannot be changed: their bucket fails", reason=reason)
        self.ended(reason)

    async def _follow(self, connection: Client) -> None:
        js = connection.jetstream(timeout=ANSWER_S)
        with suppress(nats.js.errors.BadRequestError):  # the operator has made one with other settings
            await js.add_stream(
                StreamConfig(
                    name=f"KV_{self._bucket}",
                    description="Formant: what boxes are to do",
                    subjects=[f"$KV.{self._bucket}.>"],
                    max_msgs_per_subject=HISTORY,
                    storage=StorageType.FILE,
                    num_replicas=self._replicas,
                    discard=DiscardPolicy.NEW,
                    allow_rollup_hdrs=True,
                    deny_delete=True,
                )
            )
        while not self._todo.empty():
            self._todo.get_nowait()
        self._change(self._agreed.on_reading)
        value, revision = await self._look(connection)
        self._change(lambda now: self._agreed.on_value(value, revision, now))

        async def changed(message: Msg) -> None:
            kept = None if _gone(message.headers or {}) else message.data
            at = message.metadata.sequence.stream
            self._change(lambda now: self._agreed.on_value(kept, at, now))

        watch = await js.subscribe(
            self._subject,
            stream=f"KV_{self._bucket}",
            cb=changed,
            ordered_consumer=True,
            deliver_policy=DeliverPolicy.LAST_PER_SUBJECT,
        )
        try:
            self._change(self._agreed.on_read)
            self._told = ""
            while True:
                await self._write(connection, await self._todo.get())
        finally:
            with suppress(nats.errors.Error, OSError):
                await watch.unsubscribe()

    async def _write(self, connection: Client, keep: Keep) -> None:
        headers = {"Nats-Expected-Last-Subject-Sequence": str(keep.expected)}
        message = await connection.request(self._subject, keep.value, timeout=ANSWER_S, headers=headers)
        answer = json.loads(message.data)
        error = answer.get("error")
        if error is None:
            revision = int(answer["seq"])
            self._change(lambda now: self._agreed.on_written(revision, keep.serial, now))
        elif error.get("err_code") in WRONG_REVISION:
            value, revision = await self._look(connection)
            self._change(lambda now: self._agreed.on_refused(value, revision, keep.serial, now))
        else:
            raise ValueError(f"a write was refused: {error.get('description')}")

    async def _look(self, connection: Client) -> tuple[bytes | None, int]:
        """What the bucket keeps, and since which revision."""
        query = json.dumps({"last_by_subj": self._subject}).encode()
        answer = await connection.request(f"$JS.API.STREAM.MSG.GET.KV_{self._bucket}", query, timeout=ANSWER_S)
        found: dict[str, Any] = json.loads(answer.data)
        stored = found.get("message")
        if stored is None:
            if found.get("error", {}).get("code") != 404:
                raise ValueError(f"the bucket cannot be read: {found.get('error', {}).get('description')}")
            return None, 0
        gone = b"KV-Operation: " in binascii.a2b_base64(stored.get("hdrs", ""))
        return None if gone else binascii.a2b_base64(stored.get("data", "")), int(stored["seq"])


def _gone(headers: dict[str, str]) -> bool:
    return headers.get("KV-Operation") in ("DEL", "PURGE")
