"""A container with systemd as its first process, and this system's files under a temporary layer.

It consists of namespaces, an overlay and a cgroup, and uses this machine's network. The installed Formant is also
installed there in /opt/formant, as a package manager would do, so that services may run it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import TracebackType

import pytest
from support.suite.features import CGROUPS, MOUNTS, cgroup_tree, need
from support.suite.patience import PATIENCE_S
from support.suite.require import require

SYSTEMD = "/lib/systemd/systemd"
PYTHON = "/opt/formant/bin/python"
_PACKAGES = ("formant_net", "formant_dsp", "formant_files")
_BOOT = f"""
set -e
cd "$1"
mount --make-rprivate /
mount -t tmpfs tmpfs layer
cp -a added layer/top
mkdir layer/work layer/root
mount -t overlay overlay -o lowerdir=/,upperdir=layer/top,workdir=layer/work layer/root
cd layer/root
mount --bind "$2" opt/python
mount --bind "$3" opt/packages
mount -t proc proc proc
mount --bind proc/sys proc/sys  # read-only: settings of the kernel are those of this machine, too
mount -o remount,ro,bind proc/sys
mount --rbind /dev dev
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
for folder in run tmp dev/shm; do mount -t tmpfs -o mode=1777 tmpfs $folder; done
chmod 755 run
exec env -i container=formant PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . \\
  {SYSTEMD} --unit=basic.target --log-target=journal
"""


class Machine:
    """`with Machine(folder) as machine:` — `machine.run("systemctl", …)`. Needs root and a writable cgroup tree.

    files      text of files that are there at the start, by path
    """

    def __init__(self, folder: Path, files: dict[str, str] | None = None) -> None:
        self._folder = folder
        self._files = files or {}
        # A Python with a library of its own looks for it where it was built, which others may not see.
        self._environment = [] if sys.base_prefix == "/usr" else ["LD_LIBRARY_PATH=/opt/python/lib"]

    def __enter__(self) -> Machine:
        require("unshare", "nsenter", "systemctl")
        if os.geteuid() != 0:
            pytest.skip("a machine with its own systemd needs root")
        namespaces = ["unshare", "--pid", "--mount", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child"]
        need(MOUNTS, CGROUPS)
        (self._folder / "layer").mkdir()
        self._install()
        self._make_cgroup()
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [
                *namespaces,
                *("sh", "-c", _BOOT, "sh", str(self._folder), sys.base_prefix, sysconfig.get_path("purelib")),
            ],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT,
            preexec_fn=lambda: (self._cgroup / "cgroup.procs").write_text(str(os.getpid())),
        )  # fmt: skip
        self._wait_until_up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()  # and with it the first process of the machine, and so all of them
        self._process.wait()
        self._log.close()
        for _ in range(100):
            with suppress(OSError):
                for path in sorted(self._cgroup.rglob("*/"), reverse=True):
                    path.rmdir()
                self._cgroup.rmdir()
            if not self._cgroup.exists():
                break
            time.sleep(0.02)

    def run(self, *command: str, check: bool = True, timeout_s: float = PATIENCE_S) -> str:
        """What a command said there. AssertionError with all it said when it fails."""
        done = subprocess.run([*self._enter, *command], capture_output=True, text=True, timeout=timeout_s, check=False)
        assert not check or done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _install(self) -> None:
        """A virtual environment in /opt/formant: dependencies are those of this one, Formant is copied."""
        added = self._folder / "added"
        for name in ("opt/python", "opt/packages"):
            (added / name).mkdir(parents=True)
        bin_, library = added / "opt/formant/bin", f"lib/python{sys.version_info[0]}.{sys.version_info[1]}"
        bin_.mkdir(parents=True)
        real = Path(os.path.realpath(sys.executable)).relative_to(os.path.realpath(sys.base_prefix))
        (bin_ / "python").symlink_to(Path("/opt/python") / real)
        (added / "opt/formant/pyvenv.cfg").write_text(f"home = /opt/python/{real.parent}\n")
        site = added / "opt/formant" / library / "site-packages"
        site.mkdir(parents=True)
        for entry in Path(sysconfig.get_path("purelib")).iterdir():
            if entry.name not in _PACKAGES and entry.suffix != ".pth":
                (site / entry.name).symlink_to(Path("/opt/packages") / entry.name)
        for name in _PACKAGES:
            for folder in {*import_module(name).__path__, str(Path(sysconfig.get_path("purelib")) / name)}:
                if Path(folder).is_dir():
                    shutil.copytree(
                        folder, site / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
                    )
        files = dict(self._files)
        if self._environment:
            files["/etc/systemd/system.conf.d/python.conf"] = f"[Manager]\nDefaultEnvironment={self._environment[0]}\n"
        for path, text in files.items():
            file = added / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def _make_cgroup(self) -> None:
        tree = cgroup_tree()
        assert tree is not None
        self._cgroup = tree / f"formant-test-{os.getpid()}"
        self._cgroup.mkdir()

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and self._process.poll() is None:
            children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
            if children:
                self._enter = [
                    *("nsenter", "--target", children[0], "--pid", "--mount", "--uts", "--ipc", "--cgroup", "--root"),
                    *("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", *self._environment),
                ]
                if "running" in self.run("systemctl", "is-system-running", check=False):
                    return
            time.sleep(0.05)
        self._log.seek(0)
        said = self._log.read().decode()
        self.__exit__(None, None, None)
        raise RuntimeError(f"systemd did not start:\n{said}")
