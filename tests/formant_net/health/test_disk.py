"""What was written to the card, and which folders forget at a power cut."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from support.machine.boards import machine

from formant_net.health.disk import file_system, forgets, overlay, written_bytes

OVERLAY = (
    "overlayroot / overlay rw,lowerdir=/media/root-ro,upperdir=/media/root-rw/overlay 0 0\n"
    "/dev/mmcblk0p3 /data ext4 rw 0 0\ntmpfs /var/log\\040files tmpfs rw 0 0\n"
)


def test_sectors_written_to_the_card_are_bytes_and_its_boot_parts_do_not_count(tmp_path: Path) -> None:
    boot = {
        "sys/block/mmcblk0boot0/stat": "1 1 1 1 1 1 9999 1 1 1 1\n",
        "sys/block/sda/stat": "1 1 1 1 1 1 7 1 1 1 1\n",
    }
    assert written_bytes(machine(tmp_path, boot) / "sys") == 2_000_000 * 512


@pytest.mark.parametrize("content", [None, "", "1 2 3\n", "a b c d e f g h\n"])
def test_a_card_that_does_not_say_it_is_unknown(tmp_path: Path, content: str | None) -> None:
    assert written_bytes(machine(tmp_path, {"sys/block/mmcblk0/stat": content}) / "sys") is None


def test_an_overlay_forgets_and_the_partition_beside_it_does_not(tmp_path: Path) -> None:
    proc = machine(tmp_path, {"proc/self/mounts": OVERLAY}) / "proc"
    assert overlay(proc) is True
    assert forgets(proc, PurePosixPath("/var/lib/formant-node")) is True
    assert forgets(proc, PurePosixPath("/data/formant")) is False
    assert forgets(proc, PurePosixPath("/database")) is True, "it only begins like /data"
    assert file_system(proc, PurePosixPath("/var/log files/x")) == "tmpfs"


def test_what_is_mounted_later_hides_what_was_there(tmp_path: Path) -> None:
    mounts = {"proc/self/mounts": "overlay / overlay rw 0 0\n/dev/root / ext4 rw 0 0\n"}
    assert overlay(machine(tmp_path, mounts) / "proc") is False


def test_without_a_list_of_mounts_nothing_is_known(tmp_path: Path) -> None:
    assert (overlay(tmp_path), forgets(tmp_path, PurePosixPath("/"))) == (None, None)
