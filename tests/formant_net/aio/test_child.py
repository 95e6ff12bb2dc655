"""The child process: started again when it dies, stopped with us, gone when we are."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import textwrap
from pathlib import Path

import pytest
from support.net.loopback import run

from formant_net.aio.child import ChildRefused, keep_running
from formant_net.protocol.timing import Timing
from formant_net.timers.backoff import Backoff

QUICK = Timing(backoff_first_s=0.01, backoff_max_s=0.02)


def script(text: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(text), *map(str, arguments)]


async def keep(command: list[str]) -> None:
    await keep_running(command, environment=os.environ, backoff=Backoff(QUICK, lambda: 1.0))


async def until_exists(path: Path) -> str:
    while not (path.exists() and path.read_text()):
        await asyncio.sleep(0.01)
    return path.read_text()


def test_it_is_started_again_until_it_ends_well(tmp_path: Path) -> None:
    tries = tmp_path / "tries"
    run(keep(script("import sys; f = open(sys.argv[1], 'a+'); f.write('x'); sys.exit(f.tell() < 3)", tries)))
    assert tries.read_text() == "xxx"


def test_it_is_tried_again_while_it_cannot_be_started(tmp_path: Path) -> None:
    program = tmp_path / "program"

    async def story() -> None:
        keeping = asyncio.create_task(keep([str(program)]))
        await asyncio.sleep(0.05)
        (tmp_path / "draft").write_text("#!/bin/sh\nexit 0\n")
        (tmp_path / "draft").chmod(0o755)
        (tmp_path / "draft").replace(program)
        await keeping

    run(story())


def test_killed_it_is_started_again(tmp_path: Path) -> None:
    once = tmp_path / "once"
    run(
        keep(
            script(
                """
                import os, pathlib, signal, sys
                if not (once := pathlib.Path(sys.argv[1])).exists():
                    once.touch()
                    os.kill(os.getpid(), signal.SIGKILL)
                """,
                once,
            )
        )
    )
    assert once.exists()


def test_wrong_options_are_not_tried_again() -> None:
    with pytest.raises(ChildRefused):
        run(keep(script("import sys; sys.exit(2)")))


def test_cancelled_we_stop_it_and_give_it_time_to_clean_up(tmp_path: Path) -> None:
    up, down = tmp_path / "up", tmp_path / "down"
    command = script(
        """
        import pathlib, signal, sys, time
        def stop(*_):
            pathlib.Path(sys.argv[2]).write_text("clean")
            sys.exit(0)
        signal.signal(signal.SIGTERM, stop)
        pathlib.Path(sys.argv[1]).write_text("up")
        while True:
            time.sleep(0.05)
        """,
        up,
        down,
    )

    async def story() -> None:
        task = asyncio.create_task(keep(command))
        await until_exists(up)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(story())
    assert down.read_text() == "clean"


def test_when_we_are_killed_the_kernel_ends_it(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    child = "import os, pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); time.sleep(60)"
    parent = """
        import asyncio, os, sys
        from formant_net.aio.child import keep_running
        from formant_net.timers.backoff import Backoff
        from formant_net.protocol.timing import Timing
        command = [sys.executable, "-c", sys.argv[1], sys.argv[2]]
        asyncio.run(keep_running(command, environment=os.environ, backoff=Backoff(Timing(), lambda: 1.0)))
        """

    async def story() -> None:
        process = await asyncio.create_subprocess_exec(*script(parent, child, pid_file))
        pid = int(await until_exists(pid_file))
        process.send_signal(signal.SIGKILL)
        await process.wait()
        while _runs(pid):
            await asyncio.sleep(0.01)

    run(story())


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"  # nobody may be there to take its exit code
