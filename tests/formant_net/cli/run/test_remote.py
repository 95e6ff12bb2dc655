"""`formant-node remote` with a real synth on a real sound server: what it shows, and another device in a held note."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from types import SimpleNamespace

import numpy as np
import pytest
from support.machine import forked
from support.machine.processes import Process, processes
from support.net.ports import free_port
from support.sound.spectrum import third_difference_db
from support.sound.still import sing_still
from support.soundcard.pulse import Pulse
from support.suite.patience import PATIENCE_S
from websockets.sync.client import connect

from formant_net.cli.run.remote import _show

KEY = "cantabile"


def remote(*arguments: str) -> CompletedProcess[str]:
    return forked.run(["remote", *arguments], env=os.environ)


@dataclass
class Box:
    """What plays, its sound server, and the means to start more."""

    url: str
    pulse: Pulse
    synth: Process
    start: Callable[..., Process]

    def hold_a_note(self) -> Process:
        player = self.start("controller", self.url, stdin=True)
        player.wait_for("Ready")
        player.write('{"x": 0.3, "y": 0.0}\n')
        recorder = self.pulse.recorder().start()
        recorder.hears(0.3, 0.02)
        recorder.stop()
        return player


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A server and a synth called Attic, which has the preset `still` as well: breaks are judged without air."""
    with Pulse(realtime=True) as pulse, processes() as start:
        server = start("server", "--host", "127.0.0.1", "--port", "0", "--key", KEY)
        url = server.wait_for("Join:").split()[1]
        still = sing_still(tmp_path_factory.mktemp("still"))
        synth = start("synth", url, "--name", "Attic", "--latency", "80", *still, environment=pulse.env)
        synth.wait_for("Ready")
        yield Box(url, pulse, synth, start)


def test_it_shows_every_synth_with_the_counters_of_its_sound(box: Box) -> None:
    url = box.url
    said = remote(url, "--json")
    assert said.returncode == 0, said.stderr
    (state,) = (json.loads(line) for line in said.stdout.splitlines())
    assert state["name"] == "Attic"
    assert state["rtt_ms"] > 0.0
    assert state["latency_ms"] > 0.0
    assert state["sound"]["blocks"] > 0
    assert {"busy_p99", "render_us_max", "underflows", "late", "overruns", "shed", "ring_dropped"} < set(state["sound"])
    people = remote(url).stdout
    assert "Attic (synth-" in people
    assert "latency" in people
    assert "underflows" in people


def test_settings_are_taken_by_the_synth_that_is_named_alone(box: Box) -> None:
    url = box.url
    done = remote(url, "--synth", "Attic", "--volume", "0.5", "--power", "off", "--preset", "choir", "--json")
    assert done.returncode == 0, done.stderr
    state = json.loads(done.stdout)
    assert (state["gain_db"], state["silent"], state["preset"]) == (-6.02, ["mute"], "choir")
    assert (state["volume"], state["powered_on"]) == (1.0, True), "what players set stays as it is"
    assert "1 box follows." in done.stderr
    nobody = remote(url, "--synth", "Cellar", "--patience", "1", "--volume", "0")
    assert nobody.returncode == 1
    assert "--synth" in nobody.stderr
    unknown = remote(url, "--preset", "kazoo")
    assert unknown.returncode == 1
    assert "no preset 'kazoo'" in unknown.stderr
    state = json.loads(remote(url, "--volume", "1", "--power", "on", "--json").stdout)
    assert (state["gain_db"], state["silent"], state["preset"]) == (0.0, [], "choir")


def test_a_box_that_was_turned_down_and_killed_comes_back_as_it_was() -> None:
    with processes() as start:
        server = start("server", "--host", "127.0.0.1", "--port", "0", "--key", KEY)
        url = server.wait_for("Join:").split()[1]
        box = ("synth", url, "--id", "synth-cellar", "--name", "Cellar", "--audio", "none")
        synth = start(*box)
        synth.wait_for("Ready")
        said = remote(url, "--synth", "Cellar", "--volume", "0.2", "--power", "off")
        assert said.returncode == 0, said.stderr
        synth.kill()
        synth.wait()
        missing = remote(url, "--volume", "0.1", "--patience", "2")
        assert missing.returncode == 1
        assert "Cellar is away, and will follow after coming back" in missing.stderr
        again = start(*box)
        again.wait_for("Ready")
        (state,) = (json.loads(line) for line in remote(url, "--json").stdout.splitlines())
        assert (state["gain_db"], state["silent"]) == (-20.0, ["mute"])


def test_a_server_that_keeps_no_settings_is_said_and_the_synth_is_set_over_its_link(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / f"desk-{port}.json").write_text("damaged")
    with processes() as start:
        state = {"FORMANT_STATE_DIR": str(tmp_path)}
        server = start("server", "--host", "127.0.0.1", "--port", str(port), "--key", KEY, environment=state)
        url = server.wait_for("Join:").split()[1]
        synth = start("synth", url, "--id", "synth-cellar", "--audio", "none")
        synth.wait_for("Ready")
        done = remote(url, "--volume", "0.2", "--json")
        assert done.returncode == 0, done.stderr
        assert "keeps no settings" in done.stderr
        assert json.loads(done.stdout)["volume"] == 0.2


def test_another_sound_device_while_a_note_is_held(box: Box) -> None:
    url, pulse = box.url, box.pulse
    assert remote(url, "--preset", "still").returncode == 0
    player = box.hold_a_note()
    away = remote(url, "--audio", "none")
    assert "no sound device" in away.stdout, away.stderr
    assert not heard(pulse, 0.5).any()
    refused = remote(url, "--audio", "kazoo")
    assert refused.returncode == 1
    assert "kazoo" in refused.stderr
    recorder = pulse.recorder().start()
    back = remote(url, "--audio", "default")
    assert "default (ALSA)" in back.stdout, back.stderr
    recorder.hears(0.5, 0.02)
    sound = recorder.stop()
    first = int(np.flatnonzero(np.abs(sound) > 1e-5)[0])
    assert np.abs(sound[first : first + 48]).max() < 0.1 * np.abs(sound).max()  # it fades in
    assert third_difference_db(sound[first - 64 : first + 9600]) < -20.0
    assert "lost" not in player.output()  # the network stayed up
    player.end_input()
    assert player.wait() == 0


def test_a_sound_server_that_dies_and_comes_back_under_a_held_note(box: Box) -> None:
    player = box.hold_a_note()
    before = box.synth.output().count("sound again")
    box.pulse.kill()
    box.synth.wait_for("waiting for it")
    assert "waiting for" in remote(box.url).stdout
    recorder = box.pulse.restart_recorded()
    box.synth.wait_for("sound again", count=before + 1)
    recorder.hears(0.5, 0.02)
    sound = recorder.stop()
    first = int(np.flatnonzero(np.abs(sound) > 1e-5)[0])
    assert np.abs(sound[first : first + 48]).max() < 0.1 * np.abs(sound).max()
    assert "lost" not in player.output()


def heard(pulse: Pulse, seconds: float) -> np.ndarray:
    recorder = pulse.recorder().start()
    time.sleep(seconds)
    return recorder.stop()


def test_without_a_server_it_says_so() -> None:
    nobody = remote("http://127.0.0.1:9", "--patience", "1")
    assert nobody.returncode == 1
    assert "no server at ws://127.0.0.1:9/ws within 1 s (connection refused)" in nobody.stderr
    assert "Traceback" not in nobody.stderr


def test_every_synth_is_set_and_those_that_stay_silent_are_said() -> None:
    """Three that sing, started together, and one that its server knows and that links to nobody."""
    with processes() as start:
        server = start("server", "--host", "127.0.0.1", "--port", "0", "--open")
        url = server.wait_for("Join:").split()[1]
        empty = remote(url, "--patience", "1")
        assert (empty.returncode, "the server has no synth" in empty.stderr) == (1, True), empty.stderr
        names = ("North", "East", "South")
        synths = [start("synth", url, "--audio", "none", "--voices", "2", "--name", name) for name in names]
        for synth in synths:
            synth.wait_for("Ready")
        done = remote(url, "--volume", "0.44", "--json")
        assert done.returncode == 0, done.stderr
        states = [json.loads(line) for line in done.stdout.splitlines()]
        assert sorted((state["name"], state["gain_db"]) for state in states) == [(n, -7.13) for n in sorted(names)]
        assert "3 synths answered." in done.stderr

        with connect(f"{url.replace('http', 'ws')}ws") as silent:
            silent.send(json.dumps({"type": "register", "client_id": "synth-silent"}))
            assert json.loads(silent.recv(timeout=PATIENCE_S))["type"] == "registered"
            shown = remote(url)
            assert shown.returncode == 0
            assert "3 of 4 synths answered; 1 that did not offer a link stayed silent." in shown.stderr
            unset = remote(url, "--power", "off")
            assert unset.returncode == 1
            assert "synth-silent has no link to this machine, which an older box needs" in unset.stderr
            assert unset.stdout.count("silent: mute") == 3
            assert "synth-silent (synth-silent): no link to this machine" in unset.stdout
            some = remote(url, "--synth", "North", "--synth", "West", "--power", "on", "--patience", "3")
            assert some.returncode == 1
            assert "no synth 'West' answered" in some.stderr
            assert "North" in some.stdout


def test_a_wrong_key_is_a_usage_error(box: Box) -> None:
    url = box.url
    refused = remote(url.partition("#")[0], "--key", "wrong")
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    "state",
    [
        {"name": "\x1b[2J\rNorth\x07", "audio": "\x9b31m", "preset": "a\nb", "silent": ["\x1b]0;x\x07"]},
        {"name": [], "gain_db": "loud", "volume": {}, "silent": 7, "sound": [1], "voices": "\x1b[31m"},
        {"name": {}, "gain_db": 10**400, "volume": True, "silent": [{}], "sound": {"\x1b[1m": "x", "blocks": 3}},
    ],
)
def test_what_a_synth_says_of_itself_is_shown_without_steering_the_terminal_and_ends_nothing(
    state: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    """Also the phone of a guest is a synth, and may say what it likes."""
    _show(SimpleNamespace(id="synth-web-1", state=state, rtt_s=0.01), as_json=False)
    shown = capsys.readouterr().out
    assert shown.replace("\n", "").isprintable()
    assert 2 <= len(shown.splitlines()) <= 3
