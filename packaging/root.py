"""A small Debian of any architecture in a folder: an empty machine to install and to try a wheel on.

mmdebstrap unpacks it, chroot runs it; another architecture runs under qemu's user emulation, which the kernel starts
by itself once it is registered (binfmt_misc). All of it needs root, and Linux.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

EMULATED = {"arm64": "qemu-aarch64", "armhf": "qemu-arm"}
"""Debian's architecture to the emulator that Debian's package qemu-user-static registers."""
_BINFMT = Path("/proc/sys/fs/binfmt_misc")
_BASE = ("bash", "dash", "coreutils", "base-files", "libc-bin", "ca-certificates", "libstdc++6")
"""libstdc++ belongs to what a manylinux machine has; NumPy wants it."""
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_PASSED_ON = ("PIP_INDEX_URL", "PIP_DEFAULT_TIMEOUT", "http_proxy", "https_proxy", "no_proxy")


@dataclass(frozen=True, slots=True)
class Root:
    """One such folder."""

    folder: Path
    architecture: str

    def run(self, *command: str) -> None:
        """A command inside, with /proc and /dev of its own that are gone afterwards. CalledProcessError if it fails.

        Machine's name resolution and certificates are those of the host at the start of each command.
        """
        for file in (Path("/etc/resolv.conf"), _CERTIFICATES):
            inside = self.folder / file.relative_to("/")
            inside.parent.mkdir(parents=True, exist_ok=True)
            inside.unlink(missing_ok=True)
            shutil.copyfile(file, inside)
        mounts = f'mount -t proc proc {self.folder}/proc && mount --rbind /dev {self.folder}/dev && exec chroot "$@"'
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        environment |= {"PATH": "/usr/bin:/bin", "HOME": "/root", "LANG": "C.UTF-8", "PIP_CERT": str(_CERTIFICATES)}
        environment |= {"PIP_ROOT_USER_ACTION": "ignore", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        if self.architecture == "armhf":  # alternatives, which only a configured Debian has
            libraries = "/usr/lib/arm-linux-gnueabihf"
            environment["LD_LIBRARY_PATH"] = f"{libraries}/blas:{libraries}/lapack"
        own = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", mounts, "sh", str(self.folder)]
        variables = [f"{name}={value}" for name, value in environment.items()]
        subprocess.run([*own, "env", "-i", *variables, *command], check=True)

    def put(self, file: Path, folder: str = "try") -> str:
        """Copy a file in; gives its path inside."""
        inside = self.folder / folder
        inside.mkdir(exist_ok=True)
        shutil.copy(file, inside)
        return f"/{folder}/{file.name}"


def make(folder: Path, architecture: str, suite: str, packages: Sequence[str]) -> Root:
    """A fresh root; one that is there already is thrown away. CalledProcessError when Debian does not have it."""
    if architecture in EMULATED:
        _register(EMULATED[architecture])
    remove(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    options = [f"--architectures={architecture}", f"--include={','.join([*_BASE, *packages])}"]
    # A rolling release's index may be older than it says it is good for.
    options += ["--aptopt=Acquire::Check-Valid-Until false"]
    subprocess.run(["mmdebstrap", "--quiet", "--variant=extract", *options, suite, str(folder), *_mirror()], check=True)
    for name in ("root", "proc", "dev", "tmp"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "tmp").chmod(0o1777)
    return Root(folder, architecture)


def _mirror() -> list[str]:
    """The Debian mirror that this machine uses. Only that: security updates do not matter to a machine of minutes."""
    asked = ["apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages"]
    lines = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()
    return [uri for label, _, uri in (line.partition(" ") for line in lines) if label == "Debian"][:1]


def remove(folder: Path) -> None:
    """Delete a root. Nothing is mounted in it outside of `Root.run`."""
    if folder.exists():
        shutil.rmtree(folder)


def _register(emulator: str) -> None:
    """Let the kernel run that architecture, where the package's own start-up script has not (no systemd)."""
    if not (_BINFMT / "register").exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", str(_BINFMT)], check=True)
    if not (_BINFMT / emulator).exists():
        (_BINFMT / "register").write_text(Path(f"/usr/lib/binfmt.d/{emulator}.conf").read_text().strip())
