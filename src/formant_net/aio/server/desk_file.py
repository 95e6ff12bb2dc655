"""The fleet document in the state folder: read when the server starts, and written again after each change.

The file before the last write stays beside it. If the power fails while one is written, or a disk damages it, the
server takes the other one and says so. It never begins with an empty document in place of a damaged one.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from formant_files import read_bytes
from formant_net.aio.atomic_files import write_private
from formant_net.aio.driver import clock
from formant_net.aio.kept_file import KeptFile
from formant_net.fleet.document import Document, decode, encode
from formant_net.ops.log import get_logger

MOST_BYTES = 1024 * 1024
LOOK_S = 0.1
"""Seconds between two looks at the document: a single change is safe so soon."""
WRITE_S = 1.0
"""Seconds between two writes at least: a fader that moves does not wear out a card."""
USUAL_PORT = 8080


@dataclass(frozen=True, slots=True)
class Found:
    """What was in the state folder. `document` None: it is there and cannot be read; `fault` says why."""

    document: Document | None
    fault: str = ""


def desk_path(folder: Path, port: int) -> Path | None:
    """The file of the server at this port. None for port 0 (any free one): nobody finds that server again."""
    if port == 0:
        return None
    return folder / ("desk.json" if port == USUAL_PORT else f"desk-{port}.json")


def read_desk(path: Path | None, make_epoch: Callable[[], str]) -> Found:
    """The document of a file; a new one where there is none. Blocking."""
    if path is None:
        return Found(Document(epoch=make_epoch()))
    faults = []
    for each in (path, _before(path)):
        try:
            found = decode(read_bytes(each, MOST_BYTES))
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            faults.append(f"{each}: {getattr(error, 'strerror', None) or error}")
            continue
        if faults:
            return Found(found, f"{faults[0]}; the one before it, {each.name}, is used")
        return Found(found)
    if not faults:
        return Found(Document(epoch=make_epoch()))
    return Found(None, f"{'; '.join(faults)}: put a saved one there, or delete it to begin anew, then restart")


@asynccontextmanager
async def keeping(
    path: Path | None, document: Callable[[], Document], set_aside: list[Document] | None = None
) -> AsyncIterator[None]:
    """Keep what `document()` gives in the file while the block runs, and once more at its end.

    set_aside   documents that count no more, and are written to files of their own; the list is emptied
    """
    if path is None:
        yield
        return
    file = KeptFile(path, "what boxes are to do")
    written = document()

    writing = threading.Lock()  # a thread goes on when its task is cancelled

    def write(*, last: bool = False) -> None:
        nonlocal written
        with writing:
            now = document()
            if now is written:
                return
            with suppress(OSError):  # the other file stays as it is
                _keep_damaged(_before(path))
                if (old := _keep_damaged(path)) is not None:
                    write_private(_before(path), old)
            if file.write(encode(now), clock(), last=last):
                written = now

    def put_aside() -> None:
        while set_aside:
            old = set_aside.pop()
            place = path.with_name(f"{path.stem}-{old.epoch}.json")
            try:
                write_private(place, encode(old))
            except OSError as error:
                get_logger().warning("settings of before could not be kept", file=str(place), reason=error.strerror)
            else:
                get_logger().warning(
                    "the other servers have settings of their own, which count now; those of before are kept",
                    file=str(place),
                    instead=f"formant-node desk restore {place}",
                )

    async def watch() -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            await asyncio.to_thread(put_aside)
            if document() is not written:
                await asyncio.to_thread(write)
                await asyncio.sleep(WRITE_S)

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await asyncio.to_thread(put_aside)
        await asyncio.to_thread(write, last=True)


def say(found: Found) -> None:
    """Log what was wrong with the file."""
    if found.fault:
        get_logger().warning("what boxes are to do was damaged", reason=found.fault)


def _keep_damaged(path: Path) -> bytes | None:
    """What is in the file. One that is no document gets another name, and gives None. Raises OSError if that fails."""
    try:
        content = read_bytes(path, MOST_BYTES)
        decode(content)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        names = (path.with_name(f"{path.stem}-damaged{n}.json") for n in chain(("",), (f"-{n}" for n in count(2))))
        place = next(each for each in names if not each.exists())
        path.rename(place)
        why = getattr(error, "strerror", None) or str(error)
        get_logger().warning("a damaged file of what boxes are to do is kept", file=str(place), reason=why)
        return None
    return content


def _before(path: Path) -> Path:
    return path.with_name(f"{path.stem}-before.json")
