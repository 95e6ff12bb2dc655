from __future__ import annotations

import asyncio
import threading

import pytest
from support.suite.patience import PATIENCE_S

from formant_net.aio.midi import inbox
from formant_net.aio.midi.inbox import Inbox


def test_all_messages_of_many_threads_arrive_in_the_order_of_each_in_few_batches() -> None:
    async def main() -> None:
        batches: list[list[tuple[str, bytes]]] = []
        box = Inbox(lambda batch, lost: batches.append(batch))

        def put(port: str) -> None:
            for i in range(1000):
                box.put(port, bytes((i % 128,)))

        threads = [threading.Thread(target=put, args=(port,)) for port in "ABC"]
        for thread in threads:
            thread.start()
        while sum(map(len, batches)) < 3000:
            await asyncio.sleep(0.001)
        for port in "ABC":
            told = [data[0] for batch in batches for name, data in batch if name == port]
            assert told == [i % 128 for i in range(1000)]
        assert len(batches) < 3000

    asyncio.run(asyncio.wait_for(main(), PATIENCE_S))


def test_what_does_not_fit_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "MOST", 2)

    async def main() -> None:
        told: list[tuple[int, bool]] = []
        box = Inbox(lambda batch, lost: told.append((len(batch), lost)))
        for _ in range(5):
            box.put("A", b"\xfe")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        box.put("A", b"\xfe")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert told == [(2, True), (1, False)]

    asyncio.run(main())


def test_after_the_loop_has_ended_a_late_message_does_no_harm() -> None:
    async def main() -> Inbox:
        return Inbox(lambda batch, lost: None)

    asyncio.run(main()).put("A", b"\xfe")
