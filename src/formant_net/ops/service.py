"""Writes the unit file of a node as a systemd service.

The service has the rights that sound needs (real-time priority, locked memory, the sound devices) and few others.
systemd restarts it when it fails and when it sends no sign of life. The event loop sends those, and only while the
audio callback runs. With wrong options it waits before it ends (cli/options/refused.py), so that it is not restarted
all the time.

It does not wait for the network: a server also listens on addresses that come later, and clients try again.
"""

from __future__ import annotations

import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

WATCHDOG_S = 30
USER = "formant-node"
"""Dynamic user of all system services. They share it because they share the state folder, which has one owner."""
ENVIRONMENT_FILE = {"system": "/etc/formant-node.env", "user": "%E/formant-node/formant-node.env"}


@dataclass(frozen=True, slots=True)
class Service:
    """A service. `command` is the program with its arguments. It must contain no key: anybody can read a unit."""

    command: Sequence[str]
    user: bool
    description: str = "Formant synth: sings what controllers of its ensemble play"
    sound: bool = True
    reads: Sequence[str] = ()
    """Further paths that the program reads, such as the interpreter that a virtual environment points to."""

    def unit(self) -> str:
        """The content of the unit file."""
        sections = [
            ("Unit", self._head()),
            ("Service", [*self._process(), *self._rights(), *self._hardening()]),
            ("Install", [("WantedBy", "default.target" if self.user else "multi-user.target")]),
        ]
        return (
            "\n\n".join(
                "\n".join([f"[{name}]", *(f"{key}={value}" for key, value in lines)]) for name, lines in sections
            )
            + "\n"
        )

    def _head(self) -> list[tuple[str, str]]:
        after = "pipewire-pulse.service pulseaudio.service" if self.user else "network.target sound.target"
        return [("Description", _escaped(self.description)), ("After", after), ("StartLimitIntervalSec", "0")]

    def _process(self) -> list[tuple[str, str]]:
        scope = "user" if self.user else "system"
        return [
            ("Type", "notify"),
            ("NotifyAccess", "main"),
            ("ExecStart", " ".join(_quoted(word) for word in self.command)),
            ("EnvironmentFile", f"-{ENVIRONMENT_FILE[scope]}"),
            ("Restart", "on-failure"),
            ("RestartSec", "2"),
            ("TimeoutStartSec", "60"),
            ("TimeoutStopSec", "10"),
            ("WatchdogSec", str(WATCHDOG_S)),
            # A user's node finds its state folder itself, the same one as in a terminal. Older systemds name another.
            *([] if self.user else [("StateDirectory", "formant-node")]),
            ("UMask", "0077"),
        ]

    def _rights(self) -> list[tuple[str, str]]:
        """The rights that sound needs. A user's manager can give only the rights that the user has."""
        lines = [("LimitRTPRIO", "95"), ("LimitMEMLOCK", "infinity")] if self.sound and not self.user else []
        if not self.user:
            lines += [("DynamicUser", "yes"), ("User", USER)]
            if self.sound:
                lines.append(("SupplementaryGroups", "audio"))
        return lines

    def _hardening(self) -> list[tuple[str, str]]:
        """Restrictions, without MemoryDenyWriteExecute: C callbacks that Python makes for OpenSSL need such memory."""
        lines = [
            ("NoNewPrivileges", "yes"),
            ("LockPersonality", "yes"),
            ("RestrictSUIDSGID", "yes"),
            ("RestrictNamespaces", "yes"),
            ("RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6 AF_NETLINK"),
            ("SystemCallArchitectures", "native"),
            ("SystemCallFilter", "@system-service"),
            ("SystemCallFilter", "~@privileged"),
            ("SystemCallErrorNumber", "EPERM"),
        ]
        if self.user:
            return lines
        return [
            *lines,
            ("CapabilityBoundingSet", ""),
            ("AmbientCapabilities", ""),
            ("ProtectSystem", "strict"),
            ("ProtectHome", "read-only" if self._in_home() else "yes"),
            ("PrivateTmp", "yes"),
            ("PrivateMounts", "yes"),
            ("DevicePolicy", "closed"),
            *([("DeviceAllow", "char-alsa rw")] if self.sound else []),
            ("ProtectKernelTunables", "yes"),
            ("ProtectKernelModules", "yes"),
            ("ProtectKernelLogs", "yes"),
            ("ProtectControlGroups", "yes"),
            ("ProtectClock", "yes"),
            ("ProtectHostname", "yes"),
            ("ProtectProc", "invisible"),
            ("RemoveIPC", "yes"),
        ]

    def _in_home(self) -> bool:
        """Whether the program is in somebody's home, so that homes cannot be hidden from it."""
        places = (self.command[0], *self.reads)
        return any(PurePosixPath(place).parts[:2] in (("/", "home"), ("/", "root")) for place in places)


def out_of_reach(place: Path) -> str | None:
    """Why a system service, which runs as its own user, cannot read a place, as a sentence, or None if it can."""
    if place.parts[:2] == ("/", "tmp") or place.parts[:3] == ("/", "var", "tmp"):
        return f"a system service has its own /tmp and does not see {place}"
    closed = closed_folder(place)
    return None if closed is None else f"a system service may not enter {closed}"


def closed_folder(place: Path) -> Path | None:
    """The first folder on the way to a place that only its owner or group can enter, or None."""
    for folder in reversed(place.parents):
        try:
            if not folder.stat().st_mode & stat.S_IXOTH:
                return folder
        except OSError:
            return None
    return None


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _quoted(word: str) -> str:
    """One word of ExecStart, quoted so that systemd (systemd.service(5)) takes every character literally."""
    if any(character in word for character in "\n\r\0"):
        raise ValueError(f"{word!r} has a line break in it")
    word = _escaped(word).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return word if word and all(c.isalnum() or c in "%$@/._:=+,-" for c in word) else f'"{word}"'
