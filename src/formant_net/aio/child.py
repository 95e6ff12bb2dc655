"""Keeps a child process running: it is started again when it dies, and it ends with this process."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from subprocess import SubprocessError

from formant_net.ops.log import get_logger
from formant_net.timers.backoff import Backoff

USAGE_ERROR = 2
"""Exit status of a command whose options are wrong. Starting it again would fail in the same way."""
_STOP_S = 5.0
_PR_SET_PDEATHSIG = 1


class ChildRefused(Exception):
    """The child refused its options; it has printed the reason on standard error."""


async def keep_running(
    arguments: Sequence[str], *, environment: Mapping[str, str], backoff: Backoff, name: str = "child"
) -> None:
    """Run `arguments` until it ends with exit code 0.

    It starts again after a back-off when it fails, or when the machine is too short of memory or processes to start it.
    A cancellation sends the child SIGTERM, and SIGKILL 5 s later. Raises ChildRefused after a usage error.
    """
    log = get_logger()
    loop = asyncio.get_running_loop()
    while True:
        try:
            process = await asyncio.create_subprocess_exec(
                *arguments,
                env=dict(environment),
                stdin=asyncio.subprocess.DEVNULL,
                preexec_fn=_die_with_parent(os.getpid()),
            )
        except (OSError, SubprocessError) as error:
            delay_s = backoff.failed(loop.time())
            log.warning(f"{name} cannot be started, trying again", reason=str(error), in_s=round(delay_s, 2))
            await asyncio.sleep(delay_s)
            continue
        backoff.healthy(loop.time())
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            await _stop(process)
            raise
        if code == 0:
            log.info(f"{name} ended")
            return
        if code == USAGE_ERROR:
            raise ChildRefused(name)
        delay_s = backoff.failed(loop.time())
        log.warning(f"{name} died and is started again", exit_code=code, in_s=round(delay_s, 2))
        await asyncio.sleep(delay_s)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOP_S)
    except TimeoutError:
        process.kill()
        await process.wait()


def _die_with_parent(parent: int) -> Callable[[], None] | None:
    """A function that the child runs before its program. Linux then ends the child when this process ends."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def before() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the kernel had our request
            os._exit(1)

    return before
