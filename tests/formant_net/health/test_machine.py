"""All facts of one look, each unknown where the machine does not say it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from support.machine.boards import WIRELESS, machine

from formant_net.health.board import Throttled
from formant_net.health.machine import Facts, Sources, look


def sources(root: Path, *, asleep: bool | None = True, writable: bool = True, state: str = "/var/lib/x") -> Sources:
    return Sources(root / "sys", root / "proc", lambda _: asleep, lambda: None, PurePosixPath(state), lambda: writable)


def test_a_whole_pi(tmp_path: Path) -> None:
    assert look(sources(machine(tmp_path, {}))) == Facts(
        model="Raspberry Pi 4 Model B Rev 1.4",
        temperature_c=48.312,
        undervoltage=False,
        throttled=Throttled((), ()),
        wifi="wlan0",
        wifi_dbm=-56.0,
        wifi_power_save=True,
        clock_synchronised=None,
        written_bytes=1_024_000_000,
        overlay=False,
        state_writable=True,
        memory_bytes=30000 * 4096,
    )


def test_a_machine_without_files_is_unknown_in_everything(tmp_path: Path) -> None:
    assert look(sources(tmp_path)) == Facts()


def test_of_two_radios_the_weaker_counts(tmp_path: Path) -> None:
    two = WIRELESS + " wlan1: 0000   20.  -81.  -256        0      0      0      0      0        0\n"
    facts = look(sources(machine(tmp_path, {"proc/net/wireless": two, "sys/class/net/wlan1/phy80211/name": "phy1"})))
    assert (facts.wifi, facts.wifi_dbm) == ("wlan1", -81.0)


def test_a_radio_whose_signal_is_not_told_is_still_asked_whether_it_sleeps(tmp_path: Path) -> None:
    facts = look(sources(machine(tmp_path, {"proc/net/wireless": None})))
    assert (facts.wifi, facts.wifi_dbm, facts.wifi_power_save) == ("wlan0", None, True)


def test_a_state_folder_that_forgets_or_refuses_is_not_kept(tmp_path: Path) -> None:
    root = machine(tmp_path, {})
    assert look(sources(root, state="/run/formant")).state_writable is False
    assert look(sources(root, writable=False)).state_writable is False
