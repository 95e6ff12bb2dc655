"""Machines as folders: what the kernels of some boards say in /sys and /proc.

The files and the forms of their content are those that the kernel documents and that public programs read; no board was
at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
VOLTS = "sys/class/hwmon/hwmon1"
WIRELESS = """\
Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
 wlan0: 0000   54.  -56.  -256        0      0      0      0      0        0
"""
PI: Mapping[str, str] = {
    "sys/firmware/devicetree/base/model": "Raspberry Pi 4 Model B Rev 1.4\0",
    THROTTLED: "0\n",
    "sys/class/hwmon/hwmon0/name": "cpu_thermal\n",
    f"{VOLTS}/name": "rpi_volt\n",
    f"{VOLTS}/in0_lcrit_alarm": "0\n",
    "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
    "sys/class/thermal/thermal_zone0/temp": "48312\n",
    "sys/class/net/wlan0/operstate": "up\n",
    "sys/class/net/wlan0/phy80211/name": "phy0\n",
    "sys/class/net/eth0/operstate": "down\n",
    "sys/block/mmcblk0/stat": "   13209     5184   833010   81235    41230    70112  2000000   512345  0  61236 593580",
    "proc/net/wireless": WIRELESS,
    "proc/self/mounts": "/dev/mmcblk0p2 / ext4 rw,noatime 0 0\ntmpfs /run tmpfs rw 0 0\n"
    "/dev/mmcblk0p1 /boot/firmware vfat rw 0 0\n",
    "proc/self/statm": "80000 30000 9000 1 0 40000 0\n",
}
"""A Raspberry Pi 4 with Wi-Fi on a plain Raspberry Pi OS, when all is well."""


def machine(root: Path, files: Mapping[str, str | None], of: Mapping[str, str] = PI) -> Path:
    """Write the files of a machine below `root`, with these changes; None leaves a file out."""
    for name, content in {**of, **files}.items():
        if content is not None:
            place = root / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content, "utf-8")
    return root
