"""Every check on a machine made for it: what is well, what is not, and what to do then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from formant_dsp.output.cards import Card, Kind
from formant_net.health.board import Throttled
from formant_net.health.machine import Facts
from formant_net.lan.addresses import Candidate, Interface, candidates
from formant_net.ops import doctor
from formant_net.ops.doctor import Level


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")


def fail() -> None:
    raise OSError(98, "Address already in use")


def succeed() -> None:
    return None


def test_a_governor_that_saves_power_is_a_hint(tmp_path: Path) -> None:
    assert doctor.governor(tmp_path).level is Level.OK
    governors = [tmp_path / f"devices/system/cpu/cpu{n}/cpufreq/scaling_governor" for n in (0, 1)]
    for path in governors:
        write(path, "performance")
    assert doctor.governor(tmp_path).level is Level.OK
    write(governors[1], "powersave")
    found = doctor.governor(tmp_path)
    assert found.level is Level.HINT
    assert "powersave" in found.what
    assert "performance" in found.do


def test_only_usb_devices_that_sound_are_kept_awake(tmp_path: Path) -> None:
    usb = tmp_path / "bus/usb/devices"
    write(usb / "1-1:1.0/bInterfaceClass", "01")
    write(usb / "1-1/product", "USB Audio")
    write(usb / "1-1/power/control", "auto")
    write(usb / "1-2:1.0/bInterfaceClass", "03")  # a mouse
    write(usb / "1-2/power/control", "auto")
    (found,) = doctor.usb(tmp_path)
    assert found.level is Level.HINT
    assert "USB Audio" in found.what
    assert "/sys/bus/usb/devices/1-1/power/control" in found.do
    write(usb / "1-1/power/control", "on")
    assert [found.level for found in doctor.usb(tmp_path)] == [Level.OK]


@pytest.mark.parametrize(
    ("limit", "root", "rtkit", "level"),
    [
        (0, False, False, Level.HINT),
        (0, False, True, Level.OK),
        (0, True, False, Level.OK),
        (95, False, False, Level.OK),
        (-1, False, False, Level.OK),
        (10, False, False, Level.HINT),
    ],
)
def test_priority_is_allowed_by_the_limit_by_root_or_by_rtkit(
    limit: int, root: bool, rtkit: bool, level: Level
) -> None:
    assert doctor.priority(limit, root, rtkit).level is level


@pytest.mark.parametrize(("limit", "level"), [(-1, Level.OK), (8 << 20, Level.OK), (64 << 10, Level.HINT)])
def test_a_small_limit_is_enough_for_the_sounds_own_memory(limit: int, level: Level) -> None:
    assert doctor.memory(limit, False).level is level


def test_a_kernel_without_real_time_threads_is_a_hint(tmp_path: Path) -> None:
    runtime = tmp_path / "sys/kernel/sched_rt_runtime_us"
    for text, level in (("950000", Level.OK), ("-1", Level.OK), ("0", Level.HINT)):
        write(runtime, text)
        assert doctor.throttling(tmp_path).level is level


def test_a_machine_that_stands_still_gets_a_latency_that_bridges_it() -> None:
    assert doctor.stalls([0.0001, 0.0039], True).level is Level.OK
    short, long = doctor.stalls([0.0001, 0.0041], False), doctor.stalls([0.023, 0.0001], True)
    assert (short.level, long.level) == (Level.HINT, Level.HINT)
    assert short.do.startswith("use --latency 20 or more")
    assert long.do.startswith("use --latency 40 or more")
    assert "23.0 ms late, at real-time priority" in long.what
    assert "host" in long.do
    assert "host" not in short.do


def test_no_portaudio_and_no_device_are_problems() -> None:
    def missing() -> list[str]:
        raise RuntimeError("PortAudio is not installed: sudo apt-get install libportaudio2")

    assert doctor.sound(lambda: ["USB (ALSA) *"]).level is Level.OK
    assert doctor.sound(list).level is Level.PROBLEM
    found = doctor.sound(missing)
    assert found.level is Level.PROBLEM
    assert "apt-get install" in found.what


def test_why_there_is_no_midi_is_a_hint() -> None:
    def broken() -> tuple[str, list[str]]:
        raise RuntimeError("alsa: the sequencer cannot be opened. Load it: sudo modprobe snd-seq")

    found = doctor.midi(broken)
    assert found.level is Level.HINT
    assert "sudo modprobe snd-seq" in found.what
    assert found.do
    assert doctor.midi(lambda: ("jack", ["keyboard:out"])).what == "jack: keyboard:out"
    assert doctor.midi(lambda: ("jack", [])).level is Level.OK


def test_no_address_is_a_problem_and_no_multicast_a_hint() -> None:
    lan = candidates([Interface("eth0", ("192.168.1.5",))])
    assert [f.level for f in doctor.network(lan, lambda _: succeed())] == [Level.OK, Level.OK]
    assert [f.level for f in doctor.network([], lambda _: fail())] == [Level.PROBLEM, Level.HINT]


def test_multicast_is_looked_at_on_every_interface_and_by_the_default_route() -> None:
    """Servers are found on each interface; browsers' names are resolved by the default route alone."""
    found = candidates([Interface("eth0", ("192.168.1.5",), 2), Interface("wlan0", ("192.168.4.1",), 3)])

    def said(*deaf: str | None) -> list[str]:
        def join(where: Candidate | None) -> None:
            if (where and where.interface) in deaf:
                raise OSError(19, "No such device")

        return [f.what for f in list(doctor.network(found, join))[1:]]

    assert said() == ["multicast works"]
    assert said(None) == [
        "no multicast by the default route (No such device): the mDNS names of browsers cannot be resolved"
    ]
    assert said("wlan0") == [
        "no multicast on wlan0 (No such device): servers are not found there without a URL",
    ]
    assert len(said("eth0", "wlan0", None)) == 3


def test_the_addresses_are_those_that_a_server_would_print() -> None:
    eth, vpn = Interface("eth0", ("192.168.1.5", "fe80::5")), Interface("wg0", ("10.8.0.2",))
    docker = Interface("docker0", ("172.17.0.1",))

    def found(*interfaces: Interface) -> doctor.Finding:
        return next(iter(doctor.network(candidates(interfaces), lambda _: succeed())))

    both = found(vpn, eth, docker)
    assert (both.level, both.what) == (Level.OK, "reachable at 192.168.1.5 (eth0); also 10.8.0.2 (VPN wg0)")
    assert found(vpn).level is Level.HINT
    assert "10.8.0.2 (VPN wg0) alone" in found(vpn).what
    assert found(docker).level is Level.PROBLEM
    assert "172.17.0.1 (docker0)" in found(docker).what
    unplugged = found(Interface("eth0", ("192.168.1.5",), up=False))
    assert (unplugged.level, unplugged.what) == (Level.HINT, "192.168.1.5: eth0 has no carrier")


def test_a_taken_port_is_a_hint() -> None:
    assert doctor.port(8080, succeed).level is Level.OK
    found = doctor.port(8080, fail)
    assert (found.level, "already in use" in found.what, "--port 0" in found.do) == (Level.HINT, True, True)


def test_a_clock_that_is_years_behind_is_a_problem() -> None:
    assert doctor.clock(1.8e9, True).level is Level.OK
    assert doctor.clock(1.8e9, None).level is Level.UNKNOWN
    assert doctor.clock(1.8e9, False).level is Level.HINT
    assert doctor.clock(0.0, True).level is Level.PROBLEM


def test_missing_packages_are_problems_and_a_resolver_too_new_a_hint() -> None:
    versions = {"numpy": "2.4.0", "dnspython": "2.8.0"}
    assert doctor.worst(doctor.packages(versions, versions.get)) is Level.OK
    assert doctor.worst(doctor.packages([*versions, "aiortc"], versions.get)) is Level.PROBLEM
    for newer in ("2.9.0", "2.10rc1", "3.0"):
        assert doctor.worst(doctor.packages(["dnspython"], lambda _, v=newer: v)) is Level.HINT  # type: ignore[misc]


def test_every_finding_that_is_not_well_says_what_to_do(tmp_path: Path) -> None:
    bad = [
        doctor.priority(0, False, False),
        doctor.memory(0, False),
        doctor.stalls([1.0], False),
        doctor.sound(list),
        *doctor.network([], lambda _: fail()),
        doctor.port(1, fail),
        doctor.clock(0.0, None),
    ]
    assert all(finding.do for finding in bad)
    assert doctor.worst(bad) is Level.PROBLEM
    assert doctor.worst([]) is Level.OK


WELL = Facts(
    temperature_c=48.0, undervoltage=False, throttled=Throttled((), ()), wifi="wlan0", wifi_dbm=-56.0,
    wifi_power_save=False, written_bytes=10**9, overlay=False, state_writable=True,
)  # fmt: skip


def pi(facts: Facts, up_s: float = 86400.0) -> list[doctor.Finding]:
    return [*doctor.power(facts), doctor.heat(facts), *doctor.wifi(facts), *doctor.card(facts, up_s)]


def test_a_pi_that_is_well() -> None:
    assert {found.level for found in pi(WELL)} == {Level.OK}


def test_what_a_machine_does_not_say_is_unknown_and_never_ok() -> None:
    found = pi(replace(Facts(), wifi="wlan0"))
    assert {each.topic for each in found if each.level is Level.UNKNOWN} == {
        "power",
        "processor",
        "heat",
        "Wi-Fi",
        "state",
    }
    assert not any(each.level is Level.OK for each in found)
    assert doctor.worst([doctor.ok("a", "b"), *found]) is Level.UNKNOWN


@pytest.mark.parametrize(
    ("change", "level", "said", "remedy"),
    [
        ({"undervoltage": True}, Level.PROBLEM, "too weak now", "supply"),
        ({"throttled": Throttled((), ("voltage",))}, Level.HINT, "too weak since the start", "supply"),
        ({"throttled": Throttled(("thermal",), ("thermal",))}, Level.HINT, "held back now (thermal)", "cooling"),
        ({"throttled": Throttled((), ("soft",))}, Level.HINT, "was held back since the start (soft)", "cooling"),
        ({"temperature_c": 81.0}, Level.HINT, "81 °C", "air"),
        ({"wifi_dbm": -80.0}, Level.HINT, "-80 dBm", "access point"),
        ({"wifi_power_save": True}, Level.HINT, "sleeps between packets", "wifi.powersave=2"),
        ({"written_bytes": 3 * 10**9}, Level.HINT, "3.0 GB a day", "Storage=volatile"),
        ({"state_writable": False}, Level.HINT, "lost at a power cut", "FORMANT_STATE_DIR"),
    ],
)
def test_each_fact_that_is_bad_has_its_remedy(change: dict[str, Any], level: Level, said: str, remedy: str) -> None:
    bad = [found for found in pi(replace(WELL, **change)) if found.level is not Level.OK]
    assert [found.level for found in bad] == [level]
    assert said in bad[0].what
    assert remedy in bad[0].do


def test_the_writing_of_the_start_alone_is_no_reason_to_worry() -> None:
    assert {found.level for found in doctor.card(WELL, 300.0)} == {Level.OK}


HDMI, USB = Card(0, "vc4hdmi0", "vc4-hdmi-0", Kind.HDMI), Card(1, "Device", "USB Audio Device", Kind.USB)


@pytest.mark.parametrize(
    ("there", "chosen", "level", "said"),
    [
        ([HDMI, USB], False, Level.OK, "--audio auto is card:Device, because the first one is HDMI"),
        ([HDMI, USB], True, Level.OK, "an ALSA file chooses"),
        ([HDMI], False, Level.HINT, "only HDMI"),
        ([USB], False, Level.OK, "card:Device (USB Audio Device)"),
    ],
)
def test_the_card_that_is_used_if_nobody_chooses(there: list[Card], chosen: bool, level: Level, said: str) -> None:
    (found,) = doctor.cards(there, chosen)
    assert found.level is level
    assert said in found.what
    assert list(doctor.cards([], chosen)) == []
