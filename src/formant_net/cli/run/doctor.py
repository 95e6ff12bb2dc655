"""`formant-node doctor`: shows what on this machine could prevent playing, and what to do about it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
import sys
import threading
import time
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import click

from formant_dsp.output.realtime import PRIORITY
from formant_files import read_bytes
from formant_net.aio.state_folder import state_dir, why_unkept
from formant_net.aio.warnings_file import ENDING, MOST_BYTES
from formant_net.ops import doctor as checks

if TYPE_CHECKING:
    from formant_net.lan.addresses import Candidate

PACKAGES = (
    "formant-synth",
    "numpy",
    "aiortc",
    "aioice",
    "av",
    "websockets",
    "sounddevice",
    "msgspec",
    "dnspython",
    "zeroconf",
)
MDNS, MDNS_6 = "224.0.0.251", "ff02::fb"
NAP_S, WAKE_UPS = 0.002, 500


@click.command("doctor", short_help="Check this machine, and say what to do.")
@click.option(
    "--port", default=8080, show_default=True, type=click.IntRange(1, 65535), help="Check this port, for a server."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def command(port: int, as_json: bool) -> None:
    """Check processor, power, heat, USB, limits, stalls, SD card, sound, MIDI, network, port, clock and packages.

    It changes nothing.
    Exit code 1 if something does not work, 0 if there are only hints.
    """
    findings = examine(port)
    if as_json:
        click.echo(json.dumps([checks.as_dict(finding) for finding in findings]))
    else:
        for finding in findings:
            click.echo(f"{finding.level.value:>7}  {finding.topic:<10} {finding.what}")
            if finding.do:
                click.echo(f"{'':>7}  {'':<10} → {finding.do}")
    if checks.worst(findings) is checks.Level.PROBLEM:
        sys.exit(1)


def examine(port: int) -> list[checks.Finding]:
    """The findings of all checks on this machine."""
    from formant_dsp import isa
    from formant_dsp.output.cards import cards, is_chosen
    from formant_net.aio.lan.interfaces import interfaces
    from formant_net.aio.machine.here import facts, synchronised
    from formant_net.lan.addresses import candidates

    findings = [checks.ok("processor", f"{os.cpu_count()} cores, voices in {isa()}")]
    if sys.platform == "linux":
        import resource

        root = os.geteuid() == 0
        findings += [
            checks.governor(Path("/sys")),
            *checks.usb(Path("/sys")),
            checks.priority(resource.getrlimit(resource.RLIMIT_RTPRIO)[0], root, _rtkit()),
            checks.throttling(Path("/proc")),
            checks.memory(resource.getrlimit(resource.RLIMIT_MEMLOCK)[0], root),
            checks.stalls(*_wake_ups()),
        ]
        machine = facts()
        findings += [*checks.power(machine), checks.heat(machine), *checks.wifi(machine)]
        findings += checks.card(machine, time.clock_gettime(time.CLOCK_BOOTTIME))
        findings += checks.cards(cards(), is_chosen())
    findings.append(checks.sound(_devices))
    findings.append(checks.midi(_midi_ports))
    findings += checks.network(candidates(interfaces()), _join_multicast)
    findings.append(checks.port(port, lambda: _bind(port)))
    findings.append(checks.clock(time.time(), synchronised()))
    findings.append(_state())
    findings += _kept_warnings()
    findings += checks.packages(PACKAGES, _version)
    return findings


def _devices() -> list[str]:
    from formant_dsp.output.devices import devices

    return [f"{device.name} ({device.host_api})" + (" *" if device.default else "") for device in devices()]


def _midi_ports() -> tuple[str, list[str]]:
    import asyncio

    from formant_net.aio.midi.backend import open_backend

    async def look() -> tuple[str, list[str]]:
        backend = open_backend("auto", lambda port, data: None)
        try:
            return backend.name, [source.name for source in backend.sources()]
        finally:
            backend.close()

    return asyncio.run(look())


def _rtkit() -> bool:
    return (
        shutil.which("busctl") is not None
        and Path("/usr/share/dbus-1/system-services").joinpath("org.freedesktop.RealtimeKit1.service").exists()
    )


def _wake_ups() -> tuple[list[float], bool]:
    """How late each wake-up was, s, and whether the thread had a real-time priority. Takes a second."""
    late: list[float] = []
    raised = False

    def sleep() -> None:
        nonlocal raised
        if sys.platform == "linux":
            with suppress(OSError):  # for this thread only
                os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
                raised = True
        for _ in range(WAKE_UPS):
            due = time.monotonic() + NAP_S
            time.sleep(NAP_S)
            late.append(time.monotonic() - due)

    thread = threading.Thread(target=sleep)
    thread.start()
    thread.join()
    return late, raised


def _join_multicast(where: Candidate | None) -> None:
    if where is not None and where.parsed.version == 6:
        group = socket.inet_pton(socket.AF_INET6, MDNS_6) + struct.pack("@I", where.index)
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as listening:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
        return
    own = "0.0.0.0" if where is None else where.address
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.setsockopt(
            socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(MDNS) + socket.inet_aton(own)
        )


def _bind(port: int) -> None:
    from formant_net.aio.server.bind import listen

    for each in listen("", port):
        each.close()


def _state() -> checks.Finding:
    folder = state_dir()
    if why := why_unkept(folder):
        return checks.hint(
            "state",
            f"{why}: a new id at every start",
            "give --id, make room for it, or let FORMANT_STATE_DIR name a folder",
        )
    return checks.ok("state", f"kept in {folder}")


def _kept_warnings() -> list[checks.Finding]:
    """Where nodes keep their last warnings, and the newest of each."""
    found = []
    try:
        kept = sorted(state_dir().glob(f"*{ENDING}"))
    except OSError:  # a folder that may not be entered: another finding says so
        return []
    for path in kept:
        with suppress(OSError, ValueError):
            lines = read_bytes(path, 2 * MOST_BYTES).decode("utf-8", "replace").splitlines()
            if lines:
                found.append(checks.ok("warnings", f"{len(lines)} lines in {path}, the last: {lines[-1][:200]}"))
    return found


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
