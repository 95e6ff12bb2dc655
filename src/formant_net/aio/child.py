"""A child process that is started again when it dies, and never outlives us."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence

from formant_net.backoff import Backoff
from formant_net.log import get_logger

USAGE_ERROR = 2
"""What a command exits with when its options are wrong: trying again would say the same again."""
_STOP_S = 5.0
_PR_SET_PDEATHSIG = 1


class ChildRefused(Exception):
    """The child will not run as it was called; it has said why on standard error."""


async def keep_running(
    arguments: Sequence[str], *, environment: Mapping[str, str], backoff: Backoff, name: str = "child"
) -> None:
    """Run `arguments`; again after a back-off whenever it fails. Returns when it ends with exit code 0.

    Cancelled, it stops the child with SIGTERM, which has 5 s to end. Raises ChildRefused after a usage error.
    """
    log = get_logger()
    loop = asyncio.get_running_loop()
    while True:
        process = await asyncio.create_subprocess_exec(
            *arguments,
            env=dict(environment),
            stdin=asyncio.subprocess.DEVNULL,
            preexec_fn=_die_with_parent(os.getpid()),
        )
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
    """Runs in the child before its program: on Linux the kernel ends it when we are gone, even by SIGKILL."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def before() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # gone already, before the kernel knew of our wish
            os._exit(1)

    return before
