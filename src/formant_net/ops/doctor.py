"""Checks whether a machine is ready to play for weeks. Each finding says what to do about it.

Each check gets what it examines as an argument (a folder like /sys, a limit, a function that tries something), so that
a test can stand for any machine. A check changes nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from formant_dsp.output.cards import PREFIX, Card, Kind, better_card
from formant_net.health.machine import Facts
from formant_net.health.troubles import HOT_C, WEAK_DBM, WORDS
from formant_net.lan.addresses import Candidate, for_browsers

WRITTEN_GB_A_DAY = 2.0
"""More wears a small SD card out within years."""
BOOTED_S = 3600.0
"""Seconds after which the writing of the start counts little."""
STALL_MS = 4.0
"""Milliseconds of a stall that counts as long: half of the lowest latency that sound systems offer, 8 to 10 ms."""


class Level(Enum):
    """`hint`: it works, but could work better. `problem`: it does not work. `unknown`: this machine does not say."""

    OK = "ok"
    UNKNOWN = "unknown"
    HINT = "hint"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` was found, and what to `do` about it; `do` is empty if nothing is wrong."""

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


def unknown(topic: str, what: str) -> Finding:
    return Finding(topic, Level.UNKNOWN, what)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def governor(sys: Path) -> Finding:
    """The governor of the processor's clock. One that saves power wakes threads up late."""
    names = {_read(path) for path in sys.glob("devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor")} - {""}
    if not names:
        return ok("processor", "the system does not change its clock")
    if names == {"performance"}:
        return ok("processor", "governor performance")
    return hint(
        "processor",
        f"governor {', '.join(sorted(names))}",
        "if the sound breaks: echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor",
    )


def usb(sys: Path) -> Iterable[Finding]:
    """Whether the system may put USB sound devices to sleep."""
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
                f"USB power saving may put {product!r} to sleep when it is silent",
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
        "echo '@audio - rtprio 95' | sudo tee -a /etc/security/limits.d/audio.conf; join the group audio; log in again",
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
        "echo '@audio - memlock unlimited' | sudo tee -a /etc/security/limits.d/audio.conf; log in again",
    )


def throttling(proc: Path) -> Finding:
    """Whether the kernel lets real-time threads run at all."""
    text = _read(proc / "sys/kernel/sched_rt_runtime_us")
    if text == "0":
        return hint("priority", "the kernel runs no real-time threads", "sudo sysctl kernel.sched_rt_runtime_us=950000")
    return ok(
        "priority",
        f"real-time threads may use {int(text) / 1e4:.0f} % of the time" if text.isdigit() else "not throttled",
    )


def stalls(late_s: Sequence[float], raised: bool) -> Finding:
    """The longest stall of a thread that sleeps for a moment. A device must buffer more sound than that.

    late_s   how late each wake-up was, s
    raised   the thread had a real-time priority; without one, other programs delay it as well
    """
    worst_ms = 1000.0 * max(late_s)
    found = f"a thread was woken up to {worst_ms:.1f} ms late" + (", at real-time priority" if raised else "")
    if worst_ms < STALL_MS:
        return ok("stalls", found)
    least_ms = 10 * math.ceil(1.5 * worst_ms / 10)
    cause = "other programs, or the host of a virtual machine" if raised else "other programs"
    return hint("stalls", found, f"use --latency {max(20, least_ms)} or more; the cause is {cause}")


def sound(list_devices: Callable[[], list[str]]) -> Finding:
    """PortAudio and its output devices. `list_devices` may raise an exception that says what to do."""
    try:
        names = list_devices()
    except Exception as error:
        return problem("sound", str(error), "install it, or use --audio none")
    if not names:
        return problem(
            "sound",
            "no output device",
            "plug one in; check that the user is in the group audio and the sound server runs; or use --audio none",
        )
    return ok("sound", ", ".join(names))


def midi(list_ports: Callable[[], tuple[str, Sequence[str]]]) -> Finding:
    """MIDI ports. `list_ports` gives the library and its ports; it may raise an exception that says what to do."""
    try:
        library, names = list_ports()
    except Exception as error:
        return hint("MIDI", f"no ports: {error}", "only `formant-node midi` needs it; MIDI files play without it")
    return ok("MIDI", f"{library}: {', '.join(names) or 'no port that sends'}")


def network(found: Sequence[Candidate], join_multicast: Callable[[Candidate | None], None]) -> Iterable[Finding]:
    """The addresses that others can use, and multicast, which finds servers and resolves browsers' addresses.

    found            all addresses of this machine, best first
    join_multicast   joins mDNS at one address; None: at the interface of the default route
    """
    shown = for_browsers(found)
    near = [each for each in shown if not each.afar]
    afar = ", ".join(f"{each} ({each.word})" for each in shown if each.afar)
    if not shown:
        own = f" but its own {', '.join(f'{each} ({each.interface})' for each in found)}" if found else ""
        yield problem("network", f"no address that others can use{own}", "connect this machine to a network")
    elif not near:
        yield hint("network", f"reachable at {afar} alone", "connect it to the network of the phones")
    elif not near[0].up:
        yield hint("network", f"{near[0]}: {near[0].interface} has no carrier", "plug the cable in, or join the Wi-Fi")
    else:
        also = f"; also {afar}" if afar else ""
        yield ok("network", f"reachable at {', '.join(f'{each} ({each.interface})' for each in near)}{also}")
    yield from _multicast([each for each in near if each.up], join_multicast)


def _multicast(near: Sequence[Candidate], join: Callable[[Candidate | None], None]) -> Iterable[Finding]:
    deaf = {each.interface: why for each in near if (why := _refused(join, each))}
    for interface, why in deaf.items():
        yield hint(
            "network",
            f"no multicast on {interface} ({why}): servers are not found there without a URL",
            "allow 224.0.0.251 and ff02::fb (mDNS) on the interface and in the firewall, or give URLs",
        )
    if why := _refused(join, None):
        yield hint(
            "network",
            f"no multicast by the default route ({why}): the mDNS names of browsers cannot be resolved",
            "links usually work without; if not, set a default route",
        )
    elif not deaf:
        yield ok("network", "multicast works")


def _refused(join: Callable[[Candidate | None], None], where: Candidate | None) -> str:
    try:
        join(where)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def port(number: int, bind: Callable[[], None]) -> Finding:
    """Whether a server can listen on this port."""
    try:
        bind()
    except OSError as error:
        return hint(
            "port",
            f"{number} is taken or not allowed ({error.strerror or error})",
            "if no server of yours runs there, use --port 0 or another port",
        )
    return ok("port", f"{number} is free")


def power(facts: Facts) -> Iterable[Finding]:
    """The power supply, and whether the processor is held back, also at an earlier time since it was switched on."""
    throttled = facts.throttled
    before = throttled.before if throttled is not None else ()
    if facts.undervoltage:
        yield problem("power", f"{WORDS['undervoltage'][0]} now", WORDS["undervoltage"][1])
    elif "voltage" in before:
        yield hint("power", "the power supply was too weak since the start", WORDS["undervoltage"][1])
    elif facts.undervoltage is None:
        yield unknown("power", "this machine does not say whether its power supply is strong enough")
    else:
        yield ok("power", "strong enough since the start" if throttled is not None else "strong enough now")
    held = [cause for cause in (throttled.now if throttled is not None else ()) if cause != "voltage"]
    was = [cause for cause in before if cause != "voltage"]
    if held:
        yield hint("processor", f"it is held back now ({', '.join(held)})", WORDS["throttled"][1])
    elif was:
        yield hint("processor", f"it was held back since the start ({', '.join(was)})", WORDS["throttled"][1])
    elif throttled is None:
        yield unknown("processor", "this machine does not say whether it is held back")
    else:
        yield ok("processor", "never held back since the start")


def heat(facts: Facts) -> Finding:
    """The temperature of the processor."""
    if facts.temperature_c is None:
        return unknown("heat", "this machine does not say how hot it is")
    said = f"{facts.temperature_c:.0f} °C"
    return hint("heat", said, WORDS["hot"][1]) if facts.temperature_c > HOT_C else ok("heat", said)


def wifi(facts: Facts) -> Iterable[Finding]:
    """Signal and power saving of the weakest radio that is in use."""
    if facts.wifi is None:
        yield ok("Wi-Fi", "not in use")
        return
    if facts.wifi_dbm is None:
        yield unknown("Wi-Fi", f"{facts.wifi} does not say how well it hears")
    elif facts.wifi_dbm < WEAK_DBM:
        yield hint("Wi-Fi", f"{facts.wifi} hears {facts.wifi_dbm:.0f} dBm", WORDS["wifi-weak"][1])
    else:
        yield ok("Wi-Fi", f"{facts.wifi} hears {facts.wifi_dbm:.0f} dBm")
    if facts.wifi_power_save is None:
        yield unknown("Wi-Fi", f"{facts.wifi} does not say whether it sleeps between packets")
    elif facts.wifi_power_save:
        yield hint("Wi-Fi", f"{facts.wifi} sleeps between packets: touches come late", WORDS["wifi-power-save"][1])
    else:
        yield ok("Wi-Fi", f"{facts.wifi} stays awake")


def card(facts: Facts, up_s: float) -> Iterable[Finding]:
    """What is written to the SD card, and what a power cut would leave. `up_s`: since the machine was switched on."""
    if facts.written_bytes is not None:
        a_day = facts.written_bytes / 1e9 * 86400.0 / max(up_s, 60.0)
        said = f"{facts.written_bytes / 1e6:.0f} MB were written since the start, {a_day:.1f} GB a day at this rate"
        if up_s > BOOTED_S and a_day > WRITTEN_GB_A_DAY:
            remedy = "keep the journal in RAM (Storage=volatile in journald.conf), and end programs that write"
            yield hint("SD card", said, remedy)
        else:
            yield ok("SD card", said)
    if facts.overlay:
        yield ok("SD card", "the root file system is an overlay: it forgets at the next start")
    if facts.state_writable is False:
        yield hint("state", f"the state folder is not kept: {WORDS['state'][0]}", WORDS["state"][1])
    elif facts.state_writable is None:
        yield unknown("state", "this machine does not say whether the state folder outlives a power cut")


def cards(there: Sequence[Card], chosen: bool) -> Iterable[Finding]:
    """Which sound card is used if nobody chooses. `chosen`: a file of ALSA chooses one."""
    if not there:
        return
    said = ", ".join(f"{PREFIX}{card.id} ({card.name})" for card in there)
    best = better_card(list(there), chosen)
    if chosen:
        yield ok("sound", f"cards: {said}; an ALSA file chooses")
    elif best is not None:
        yield ok("sound", f"cards: {said}; --audio auto is {PREFIX}{best.id}, because the first one is HDMI")
    elif there[0].kind is Kind.HDMI:
        remedy = "plug in a USB card, or give --audio card:ID if a loudspeaker is at HDMI"
        yield hint("sound", f"cards: {said}: there is only HDMI", remedy)
    else:
        yield ok("sound", f"cards: {said}")


def clock(now_s: float, synchronised: bool | None) -> Finding:
    """The wall clock, by which certificates and tokens are checked. `synchronised` None: not known."""
    if now_s < 1_735_689_600:  # 2025
        return problem(
            "clock", "the clock is years behind", "set it: sudo timedatectl set-ntp true (tokens and https need it)"
        )
    if synchronised is False:
        return hint("clock", "not synchronised", "sudo timedatectl set-ntp true (tokens and https need the right time)")
    if synchronised is None:
        return unknown("clock", "it is plausible; this machine does not say whether the network sets it")
    return ok("clock", "right")


def packages(required: Iterable[str], version_of: Callable[[str], str | None]) -> Iterable[Finding]:
    """The versions of the required packages, and the packages that are missing."""
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
            "packages",
            f"dnspython {found['dnspython']} cannot read the mDNS names of browsers",
            "pip install 'dnspython<2.9'",
        )
    yield ok("packages", ", ".join(f"{name} {version}" for name, version in found.items()))


def worst(findings: Iterable[Finding]) -> Level:
    """The worst level of all findings."""
    levels = {finding.level for finding in findings}
    order = (Level.PROBLEM, Level.HINT, Level.UNKNOWN)
    return next((level for level in order if level in levels), Level.OK)


def as_dict(finding: Finding) -> Mapping[str, str]:
    return {"topic": finding.topic, "level": finding.level.value, "what": finding.what, "do": finding.do}
