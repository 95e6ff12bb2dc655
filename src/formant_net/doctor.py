"""Is this machine ready to play for weeks? Findings in words, each with what to do about it.

Each check is given what it looks at (a folder like /sys, a limit, a function that tries something), so that a test can
be any machine. Nothing is changed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

STALL_MS = 4.0
"""Half of the lowest latency that sound systems offer, 8 to 10 ms."""


class Level(Enum):
    """`hint`: it works, and would work better. `problem`: it does not work."""

    OK = "ok"
    HINT = "hint"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` was found, `do` what helps; `do` is empty where all is well."""

    topic: str
    level: Level
    what: str
    do: str = ""


def ok(topic: str, what: str) -> Finding:
    return Finding(topic, Level.OK, what)


def hint(topic: str, what: str, do: str) -> Finding:
    return Finding(topic, Level.HINT, what, do)


def problem(topic: str, what: str, do: str) -> Finding:
    return Finding(topic, Level.PROBLEM, what, do)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def governor(sys: Path) -> Finding:
    """The processor's clock: a governor that saves power wakes up late."""
    names = {_read(path) for path in sys.glob("devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor")} - {""}
    if not names:
        return ok("processor", "the system does not change its clock")
    if names == {"performance"}:
        return ok("processor", "governor performance")
    return hint(
        "processor",
        f"governor {', '.join(sorted(names))}",
        "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor, if blocks come late",
    )


def usb(sys: Path) -> Iterable[Finding]:
    """USB sound devices that may be put to sleep."""
    devices = {
        interface.parent.name.partition(":")[0]
        for interface in sys.glob("bus/usb/devices/*:*/bInterfaceClass")
        if _read(interface) == "01"
    }
    for name in sorted(devices):
        folder = sys / "bus/usb/devices" / name
        product = _read(folder / "product") or name
        if _read(folder / "power/control") == "auto":
            yield hint(
                "USB",
                f"{product!r} may be put to sleep when it is silent",
                f"echo on | sudo tee /sys/bus/usb/devices/{name}/power/control",
            )
        else:
            yield ok("USB", f"{product!r} stays awake")


def priority(limit: int, is_root: bool, rtkit: bool) -> Finding:
    """Whether the audio thread can get a real-time priority. `limit`: RLIMIT_RTPRIO, -1 = unlimited."""
    if is_root or limit < 0 or limit >= 20:
        return ok("priority", "real-time priority is allowed")
    if rtkit:
        return ok("priority", "real-time priority from rtkit")
    return hint(
        "priority",
        f"real-time priority is not allowed (limit {limit})",
        "echo '@audio - rtprio 95' | sudo tee -a /etc/security/limits.d/audio.conf, join the group audio, log in again",
    )


def memory(limit: int, is_root: bool) -> Finding:
    """Whether memory can be locked. `limit`: RLIMIT_MEMLOCK in bytes, -1 = unlimited."""
    if is_root or limit < 0:
        return ok("memory", "all memory may be locked")
    if limit >= 4_000_000:
        return ok("memory", f"the sound's memory may be locked (limit {limit / 1e6:.0f} MB)")
    return hint(
        "memory",
        f"memory may not be locked (limit {limit / 1e6:.2f} MB)",
        "echo '@audio - memlock unlimited' | sudo tee -a /etc/security/limits.d/audio.conf and log in again",
    )


def throttling(proc: Path) -> Finding:
    """Whether the kernel lets real-time threads run at all."""
    text = _read(proc / "sys/kernel/sched_rt_runtime_us")
    if text == "0":
        return hint("priority", "the kernel runs no real-time threads", "sudo sysctl kernel.sched_rt_runtime_us=950000")
    return ok("priority", f"real-time threads may run {int(text) / 1e4:.0f} %" if text.isdigit() else "not throttled")


def stalls(late_s: Sequence[float], raised: bool) -> Finding:
    """How late a thread that sleeps a moment is woken, s each time: a device must hold more sound than the longest.

    raised   the thread had a real-time priority; without one, other programs count as well
    """
    worst_ms = 1000.0 * max(late_s)
    found = f"woken up to {worst_ms:.1f} ms late" + (", at real-time priority" if raised else "")
    if worst_ms < STALL_MS:
        return ok("stalls", found)
    least_ms = 10 * math.ceil(1.5 * worst_ms / 10)
    cause = "other programs, or the host of a virtual machine" if raised else "other programs"
    return hint("stalls", found, f"--latency {max(20, least_ms)} or more; in the way are {cause}")


def sound(list_devices: Callable[[], list[str]]) -> Finding:
    """PortAudio and its devices; `list_devices` raises an exception that says what to do."""
    try:
        names = list_devices()
    except Exception as error:
        return problem("sound", str(error), "install it, or run with --audio none")
    if not names:
        return problem(
            "sound",
            "no output device",
            "plug one in; is the user in the group audio, does the sound server run? --audio none goes without",
        )
    return ok("sound", ", ".join(names))


def network(address: str, join_multicast: Callable[[], None]) -> Iterable[Finding]:
    """An address that others can reach, and multicast, by which browsers' addresses are found."""
    if address.startswith("127."):
        yield problem(
            "network", "only this machine can reach us", "connect it to a network: links need another address"
        )
    else:
        yield ok("network", f"reachable at {address}")
    try:
        join_multicast()
    except OSError as error:
        yield hint(
            "network",
            f"no multicast ({error.strerror or error}): names that browsers hide their addresses behind stay unknown",
            "links usually come about without; else allow 224.0.0.251 (mDNS) on the interface and in the firewall",
        )
    else:
        yield ok("network", "multicast works")


def port(number: int, bind: Callable[[], None]) -> Finding:
    """Whether a server could listen on its usual port."""
    try:
        bind()
    except OSError as error:
        return hint(
            "port",
            f"{number} is taken or not allowed ({error.strerror or error})",
            "a server runs already, or use --port 0",
        )
    return ok("port", f"{number} is free")


def clock(now_s: float, synchronised: bool | None) -> Finding:
    """The calendar clock, which certificates and tokens are checked by. `synchronised` None: not known."""
    if now_s < 1_735_689_600:  # 2025
        return problem(
            "clock", "it is years behind", "set it: sudo timedatectl set-ntp true (tokens and https need it)"
        )
    if synchronised is False:
        return hint("clock", "not synchronised", "sudo timedatectl set-ntp true (tokens and https need the right time)")
    return ok("clock", "right" if synchronised else "plausible")


def packages(required: Iterable[str], version_of: Callable[[str], str | None]) -> Iterable[Finding]:
    """The libraries that we stand on: their versions, and those that are missing."""
    found: dict[str, str] = {}
    for name in required:
        version = version_of(name)
        if version is None:
            yield problem("packages", f"{name} is missing", f"pip install {name}, or install formant-synth again")
        else:
            found[name] = version
    resolver = re.match(r"(\d+)\.(\d+)", found.get("dnspython", ""))
    if resolver and (int(resolver[1]), int(resolver[2])) >= (2, 9):
        yield hint(
            "packages", f"dnspython {found['dnspython']} cannot read browsers' names", "pip install 'dnspython<2.9'"
        )
    yield ok("packages", ", ".join(f"{name} {version}" for name, version in found.items()))


def worst(findings: Iterable[Finding]) -> Level:
    """The level of the whole."""
    levels = {finding.level for finding in findings}
    return next((level for level in (Level.PROBLEM, Level.HINT) if level in levels), Level.OK)


def as_dict(finding: Finding) -> Mapping[str, str]:
    return {"topic": finding.topic, "level": finding.level.value, "what": finding.what, "do": finding.do}
