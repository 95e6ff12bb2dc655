"""Files that change while a server runs."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from support.net.loopback import run
from support.suite.patience import PATIENCE_S

from formant_net.aio.server.watch import Watched, watching


async def until(condition: object, calls: list[int], count: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while len(calls) < count:
            await asyncio.sleep(0.005)


def test_a_change_is_noticed_once_whether_written_or_put_in_its_place(tmp_path: Path) -> None:
    async def story() -> None:
        file, calls = tmp_path / "keys", []
        file.write_text("a")
        async with watching([Watched(lambda: [file], lambda: calls.append(1))], interval_s=0.01):
            await asyncio.sleep(0.05)
            assert calls == []
            file.write_text("ab")
            await until("written", calls, 1)
            (tmp_path / "new").write_text("cd")
            (tmp_path / "new").replace(file)
            await until("replaced", calls, 2)
            file.unlink()
            await until("gone", calls, 3)
            await asyncio.sleep(0.05)
            assert len(calls) == 3

    run(story())


def test_a_hangup_refreshes_everything_at_once() -> None:
    async def story() -> None:
        calls: list[int] = []
        async with watching([Watched(list, lambda: calls.append(1)), Watched(list, lambda: calls.append(2))], 60.0):
            os.kill(os.getpid(), signal.SIGHUP)
            await until("heard", calls, 2)
        assert calls == [1, 2]
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_DFL

    run(story())


def test_a_fault_in_one_part_ends_neither_the_watch_nor_the_other_part(tmp_path: Path) -> None:
    async def story() -> None:
        file, calls = tmp_path / "keys", []
        file.write_text("a")
        parts = [Watched(lambda: [file], lambda: 1 / 0), Watched(lambda: [file], lambda: calls.append(1))]  # type: ignore[arg-type]
        async with watching(parts, interval_s=0.01):
            for count in (1, 2):
                file.write_text("x" * (count + 1))
                await until("noticed", calls, count)

    run(story())
