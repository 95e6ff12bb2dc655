"""Services as `install-service` writes them, run by a real systemd: the system's and a user's."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.machine.own_systemd import PYTHON, Machine
from support.net.ports import free_port
from support.suite.patience import PATIENCE_S
from support.suite.require import require

NODE = (PYTHON, "-m", "formant_net")
SOCKET = "unix:/run/sound/native"
USER = "singer"
AS_USER = (
    *("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "env"),
    *(f"HOME=/home/{USER}", "XDG_RUNTIME_DIR=/run/user-singer"),
)
QUICK = "[Service]\nRestartSec=100ms\n"
WATCHED = "WatchdogSec=3\n"
"""So that what is tried here takes seconds: not 2 until a restart, not 30 until the watchdog fires."""
BY_CAPABILITY = "CapabilityBoundingSet=CAP_SYS_NICE CAP_IPC_LOCK\nAmbientCapabilities=CAP_SYS_NICE CAP_IPC_LOCK\n"
"""What stands for LimitRTPRIO= and LimitMEMLOCK= on a machine whose root may not raise limits (many containers)."""
FILES = {
    "/etc/systemd/system/sound.service": f"""\
[Service]
RuntimeDirectory=sound
Environment=HOME=/run/sound
ExecStart=pulseaudio -n --daemonize=no --use-pid-file=no --exit-idle-time=-1 -F /etc/sound.pa
ExecStartPost=sh -c 'until PULSE_SERVER={SOCKET} pactl info; do sleep 0.05; done'
""",
    "/etc/sound.pa": """\
load-module module-native-protocol-unix socket=/run/sound/native auth-anonymous=1
load-module module-null-sink sink_name=nullsink format=float32le rate=48000 channels=2 norewinds=1
""",
    "/etc/asound.conf": "pcm.!default pulse\nctl.!default pulse\n",
    "/etc/formant-node.toml": "[synth]\nvoices = 7\n",
    "/etc/formant-node.env": f"FORMANT_KEY=cantabile\nPULSE_SERVER={SOCKET}\n",
    f"/home/{USER}/.config/formant-node/formant-node.env": "FORMANT_KEY=cantabile\nFORMANT_URL=http://127.0.0.1:1\n",
    "/etc/systemd/system/manager-of-singer.service": f"""\
[Service]
Type=notify
User={USER}
RuntimeDirectory=user-singer
Environment=XDG_RUNTIME_DIR=/run/user-singer
Delegate=yes
ExecStart=/lib/systemd/systemd --user
""",
}


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    require("pulseaudio", "pactl")
    may_raise = "" if may_raise_limits() else BY_CAPABILITY
    files = FILES | {
        "/etc/systemd/system/formant-server.service.d/quick.conf": QUICK + WATCHED,
        "/etc/systemd/system/formant-synth.service.d/quick.conf": QUICK + may_raise,
        f"/home/{USER}/.config/systemd/user/formant-synth.service.d/quick.conf": QUICK,
    }
    with Machine(tmp_path_factory.mktemp("machine"), files) as machine:
        yield machine


@pytest.fixture(scope="module")
def services(machine: Machine) -> str:
    """A server, and a synth that plays into a sound server; gives the synth's first start in the journal."""
    port = free_port()
    machine.run(*NODE, "install-service", "server", "--host", "127.0.0.1", "--port", str(port))
    machine.run(*NODE, "install-service", "synth", f"http://127.0.0.1:{port}")
    assert "ProtectHome=yes" in machine.run("cat", "/etc/systemd/system/formant-synth.service")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "sound", "formant-server", "formant-synth")
    until(lambda: "synth registered" in log(machine, "formant-server"))
    return log(machine, "formant-synth")


def test_systemd_hears_when_they_are_ready_and_what_they_do(machine: Machine, services: str) -> None:
    assert show(machine, "formant-server", "ActiveState", "StatusText").startswith(
        "active listening on 127.0.0.1, port "
    )
    assert show(machine, "formant-synth", "ActiveState", "StatusText").startswith("active ")
    assert show(machine, "formant-synth", "NRestarts") == "0"


def test_a_hardened_synth_reaches_its_options_sound_network_and_priority(machine: Machine, services: str) -> None:
    assert ": 7 voices, " in services
    assert "sound: default (ALSA), 48000 Hz" in services
    assert "Real-time priority 20" in services
    assert "emory locked" in services
    pid = show(machine, "formant-synth", "MainPID")
    status = machine.run("cat", f"/proc/{pid}/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert "0" not in fields["Uid"].split()
    assert fields["NoNewPrivs"] == "1"
    assert fields["Seccomp"] == "2"


def test_the_journal_knows_how_much_a_line_matters(machine: Machine, services: str) -> None:
    lines = machine.run("journalctl", "--no-pager", "-o", "json", "-u", "formant-server").splitlines()
    ours = [line for line in map(json.loads, lines) if line.get("_COMM") != "systemd"]
    assert {line["PRIORITY"] for line in ours} <= {"3", "4", "6"}
    assert not [line for line in ours if line["MESSAGE"].startswith("<")]
    assert any("synth registered" in line["MESSAGE"] for line in ours)


def test_a_killed_synth_and_a_server_that_stands_still_are_started_again(machine: Machine, services: str) -> None:
    id_before = machine.run("cat", "/var/lib/formant-node/synth-1.id")
    assert id_before.strip() in services
    machine.run("kill", "-KILL", show(machine, "formant-synth", "MainPID"))
    machine.run("kill", "-STOP", show(machine, "formant-server", "MainPID"))
    until(lambda: show(machine, "formant-synth", "NRestarts", "ActiveState") == "1 active")
    until(lambda: "watchdog" in journal_of_systemd(machine, "formant-server"))
    until(lambda: show(machine, "formant-server", "ActiveState") == "active")
    assert machine.run("cat", "/var/lib/formant-node/synth-1.id") == id_before
    until(lambda: log(machine, "formant-server").count("synth registered") >= 2)


def test_its_status_says_where_the_sound_is_while_the_sound_server_is_away(machine: Machine, services: str) -> None:
    pid = show(machine, "formant-synth", "MainPID")
    machine.run("systemctl", "kill", "--signal=KILL", "sound")
    until(lambda: show(machine, "formant-synth", "StatusText").startswith("the sound device has stopped"))
    machine.run("systemctl", "reset-failed", "sound", check=False)
    machine.run("systemctl", "start", "sound")
    until(lambda: show(machine, "formant-synth", "StatusText").startswith("sound again: default (ALSA)"))
    assert show(machine, "formant-synth", "MainPID") == pid


def test_wrong_options_are_said_and_mended_ones_need_nobody_on_the_box(machine: Machine, services: str) -> None:
    """As after an update from afar: the options were wrong, are right now, and nobody runs systemctl."""
    machine.run(*NODE, "install-service", "--name", "wrong", "synth", "http://127.0.0.1:1", "--audio", "none")
    drop_in = "/etc/systemd/system/wrong.service.d/wrong.conf"
    machine.run(
        "sh", "-c", f"mkdir {Path(drop_in).parent} && printf '{QUICK}Environment=FORMANT_RATE=none\n' >{drop_in}"
    )
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "--no-block", "wrong")
    until(lambda: "wrong options" in show(machine, "wrong", "StatusText"))
    assert "'--rate'" in log(machine, "wrong")
    assert show(machine, "wrong", "ActiveState", "NRestarts") == "activating 0"
    machine.run("rm", drop_in)
    machine.run("systemctl", "daemon-reload")
    until(lambda: show(machine, "wrong", "ActiveState") == "active")
    assert show(machine, "wrong", "NRestarts") == "1", "it waited before it ended"
    machine.run("systemctl", "stop", "wrong")


def test_a_server_and_a_synth_of_one_machine_share_what_they_keep(machine: Machine, services: str) -> None:
    """Both are users that systemd makes up, and the folder belongs to one."""
    uids = [
        machine.run("stat", "--format=%u", f"/proc/{show(machine, unit, 'MainPID')}").strip()
        for unit in ("formant-server", "formant-synth")
    ]
    assert uids[0] == uids[1] != "0"
    owners = machine.run("sh", "-c", "stat --format=%u /var/lib/private/formant-node/*").split()
    assert set(owners) == {uids[0]}


def test_a_user_has_one_too_with_the_same_id_as_by_hand(machine: Machine, services: str) -> None:
    machine.run("useradd", USER)
    machine.run("chown", "-R", f"{USER}:", f"/home/{USER}")
    machine.run("systemctl", "start", "manager-of-singer")
    machine.run(*AS_USER, *NODE, "install-service", "--user", "synth", "--audio", "none")
    machine.run(*AS_USER, "systemctl", "--user", "daemon-reload")
    machine.run(*AS_USER, "systemctl", "--user", "start", "formant-synth")
    pid = machine.run(*AS_USER, "systemctl", "--user", "show", "-P", "MainPID", "formant-synth").strip()
    known = machine.run("cat", f"/home/{USER}/.local/state/formant-node/synth-1.id")
    until(lambda: "server=ws://127.0.0.1:1/ws" in machine.run("journalctl", "--no-pager", "-o", "cat", f"_PID={pid}"))
    machine.run("kill", "-KILL", pid)

    def again() -> bool:
        shown = machine.run(
            *AS_USER, "systemctl", "--user", "show", "-P", "NRestarts", "-P", "ActiveState", "formant-synth"
        )
        return shown.split() == ["1", "active"]

    until(again)
    assert machine.run("cat", f"/home/{USER}/.local/state/formant-node/synth-1.id") == known
    machine.run(*AS_USER, "systemctl", "--user", "stop", "formant-synth")


def test_they_end_when_they_are_told_to(machine: Machine, services: str) -> None:
    machine.run("systemctl", "stop", "formant-synth", "formant-server")
    for name in ("formant-synth", "formant-server"):
        assert show(machine, name, "ActiveState", "Result") == "inactive success"


def show(machine: Machine, unit: str, *properties: str) -> str:
    """Properties of a unit, separated by spaces, in the order asked for."""
    said = machine.run("systemctl", "show", f"--property={','.join(properties)}", unit)
    found = dict(line.split("=", 1) for line in said.splitlines())
    return " ".join(found[name] for name in properties)


def log(machine: Machine, unit: str) -> str:
    """What the processes of a unit have said so far."""
    return machine.run("journalctl", "--no-pager", "-o", "cat", "_SYSTEMD_UNIT=" + unit + ".service")


def journal_of_systemd(machine: Machine, unit: str) -> str:
    """What systemd itself said of a unit."""
    return machine.run("journalctl", "--no-pager", "-o", "cat", "_PID=1", "UNIT=" + unit + ".service")


def until(done: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not done():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.1)


def may_raise_limits() -> bool:
    """Whether root has CAP_SYS_RESOURCE here, without which systemd gives a service no more than it has itself."""
    status = Path("/proc/self/status").read_text()
    return bool(int(status.split("CapEff:\t")[1].split()[0], 16) >> 24 & 1)
