"""All facts of a machine that a box says of itself, each None where the machine does not say it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from formant_net.health import board, disk, radio


@dataclass(frozen=True, slots=True)
class Sources:
    """Where facts come from, so that a test can stand for any machine.

    sys, proc    folders like /sys and /proc
    power_save   whether the radio of an interface sleeps between packets; None: not known
    synchronised whether the network sets the clock; None: not known
    state        the state folder, and `writable`: whether files can be kept there
    """

    sys: Path
    proc: Path
    power_save: Callable[[str], bool | None]
    synchronised: Callable[[], bool | None]
    state: PurePosixPath
    writable: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Facts:
    """One look at a machine. `wifi`: the interface of the weakest radio that is in use, None without Wi-Fi."""

    model: str | None = None
    temperature_c: float | None = None
    undervoltage: bool | None = None
    throttled: board.Throttled | None = None
    wifi: str | None = None
    wifi_dbm: float | None = None
    wifi_power_save: bool | None = None
    clock_synchronised: bool | None = None
    written_bytes: int | None = None
    overlay: bool | None = None
    state_writable: bool | None = None
    memory_bytes: int | None = None


def look(sources: Sources, page_bytes: int = 4096) -> Facts:
    """Read everything once. Takes a few milliseconds; never raises. `page_bytes`: size of a page of memory."""
    sys, proc = sources.sys, sources.proc
    found = radio.radios(sys)
    heard = {name: level for name, level in radio.signals(proc).items() if not found or name in found}
    wifi = min(heard, key=lambda name: heard[name]) if heard else next(iter(found), None)
    forgets = disk.forgets(proc, sources.state)
    writable = sources.writable()
    return Facts(
        model=board.model(sys),
        temperature_c=board.temperature(sys),
        undervoltage=board.undervoltage(sys),
        throttled=board.throttled(sys),
        wifi=wifi,
        wifi_dbm=heard.get(wifi) if wifi is not None else None,
        wifi_power_save=sources.power_save(wifi) if wifi is not None else None,
        clock_synchronised=sources.synchronised(),
        written_bytes=disk.written_bytes(sys),
        overlay=disk.overlay(proc),
        state_writable=False if not writable or forgets else None if forgets is None else True,
        memory_bytes=_memory(proc, page_bytes),
    )


def _memory(proc: Path, page_bytes: int) -> int | None:
    try:
        return int((proc / "self/statm").read_text("utf-8").split()[1]) * page_bytes
    except (OSError, ValueError, IndexError):
        return None
