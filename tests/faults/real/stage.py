"""Hosts on a bad cable and processes on them: a server, a synth that tells what it does, held fingers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.net.bad_cable import Cable
from support.suite.patience import PATIENCE_S

from formant_net.aio.driver import clock

TESTS = Path(__file__).parents[2]
KEY = "cantabile"
SERVER, SYNTH, HAND = "server", "synth", "hand"
ADDRESSES = {SERVER: "10.77.0.1", SYNTH: "10.77.0.2", HAND: "10.77.0.3"}
START_S = 90.0
"""Starting Python on a busy machine takes most of it."""


class Node:
    """One process on a host; its output is read as it comes."""

    def __init__(self, command: list[str], *, stdin: bool = False) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("FORMANT_")}
        self.lines: list[str] = []
        self.events: list[dict[str, Any]] = []
        self.stats: dict[str, Any] = {}
        self.late: list[tuple[float, float]] = []
        """When, and by how much its deadlines were late since it said so last, s."""
        self._popen = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=TESTS,
            env={**clean, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(TESTS), "FORMANT_KEY": KEY},
        )
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def pid(self) -> int:
        return self._popen.pid

    def write(self, text: str) -> None:
        assert self._popen.stdin is not None
        self._popen.stdin.write(text)
        self._popen.stdin.flush()

    def kill(self) -> None:
        self._popen.kill()
        self._popen.wait()

    def stop(self) -> None:
        self._popen.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._popen.send_signal(signal.SIGCONT)

    @property
    def registered(self) -> bool:
        """Whether it has told that its server knows it."""
        return any(" registered" in line for line in list(self.lines)) or any(
            event.get("what") == "registered" for event in list(self.events)
        )

    def _read(self) -> None:
        assert self._popen.stdout is not None
        for line in self._popen.stdout:
            if line.startswith("{"):
                event = json.loads(line)
                if event["event"] == "stats":
                    self.stats = event
                    self.late.append((event["at"], event.get("late_s", 0.0)))
                else:
                    self.events.append(event)
            else:
                self.lines.append(line.rstrip("\n"))


class Stage:
    """Server, one synth and some controllers, each on its host. Use as a context manager.

    hands      how many controllers there are, all on one host: so many links, and as many recoveries in one trial
    relayed    synth and controllers cannot reach each other; a coturn on the server's host passes on what they send
    """

    def __init__(self, hands: int = 3, *, relayed: bool = False) -> None:
        self.cable = Cable(ADDRESSES)
        self.names = [f"ctrl-{n}" for n in range(hands)]
        self.hands: dict[str, Node] = {}
        self.past: list[Node] = []
        """Synths that have ended, with what they said."""
        self._relayed = relayed
        self._started: list[Node] = []
        self._folder = tempfile.TemporaryDirectory()

    def __enter__(self) -> Stage:
        self.cable.__enter__()
        try:
            if self._relayed:
                self.cable.set(SYNTH, HAND, down=True)
                self.start_relay()
            self.start_server()
            self.start_synth()
            for name in self.names:
                self.start_hand(name)
            self.until(lambda: self.sounding() == set(self.names), "every finger sounds", START_S)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for node in self._started:
            node.resume()
            node.kill()
        self.cable.__exit__()
        self._folder.cleanup()

    # --- processes

    def start_server(self) -> None:
        ice = ["--ice-server", f"turn:relay:{KEY}@{ADDRESSES[SERVER]}:3478"] if self._relayed else []
        self.server = self._formant(SERVER, "server", "--host", "0.0.0.0", "--advertise", ADDRESSES[SERVER], *ice)

    def start_relay(self) -> None:
        address = ADDRESSES[SERVER]
        options = [f"--listening-ip={address}", f"--relay-ip={address}", "--listening-port=3478", "--realm=formant"]
        options += ["--lt-cred-mech", f"--user=relay:{KEY}", "--no-tls", "--no-dtls", "--no-cli", "--log-file=stdout"]
        options += [f"--pidfile={self._folder.name}/pid", f"--userdb={self._folder.name}/db"]
        self.relay = Node([*self.cable.inside(SERVER), "turnserver", "-n", *options])
        self._started.append(self.relay)

    def start_synth(self) -> None:
        self.synth = self._start(SYNTH, "-m", "faults.real.witness", "synth-real", self.url)

    def start_hand(self, name: str) -> None:
        """A controller that holds one finger."""
        hand = self.hands[name] = self._formant(HAND, "controller", self.url, "--id", name, stdin=True)
        number = self.names.index(name)
        hand.write(json.dumps({"x": 0.1 + 0.1 * number, "y": 0.5}) + "\n")

    def kill_synth(self) -> None:
        self.synth.kill()
        self.past.append(self.synth)

    @property
    def url(self) -> str:
        return f"http://{ADDRESSES[SERVER]}:8080/#key={KEY}"

    # --- what is so

    def sounding(self) -> set[str]:
        """The controllers whose finger sounds."""
        sounding: dict[str, bool] = {}
        for _, name, sounds in self.changes(self.synth):
            sounding[name] = sounds
        return {name for name, sounds in sounding.items() if sounds}

    @staticmethod
    def changes(synth: Node) -> list[tuple[float, str, bool]]:
        """When the finger of which controller began or ceased to sound, as the synth itself has seen it."""
        voices: dict[int, str] = {}
        changes = []
        for event in list(synth.events):
            before = set(voices.values())
            if event["event"] == "on":
                voices[event["key"]] = event["by"]
            elif event["event"] == "off":
                voices.pop(event["key"], None)
            changes += [(event["at"], name, name not in before) for name in before ^ set(voices.values())]
        return changes

    def until(self, condition: Callable[[], bool], words: str, timeout_s: float = PATIENCE_S) -> float:
        """When it was so, s. AssertionError with what was said last if it is not in time."""
        end = clock() + timeout_s
        while not condition():
            if clock() > end:
                last = [*self.synth.lines[-5:], *map(str, self.synth.events[-8:]), *self.server.lines[-5:]]
                raise AssertionError(f"not in {timeout_s:g} s: {words}\n" + "\n".join(last))
            time.sleep(0.005)
        return clock()

    def _formant(self, host: str, *arguments: str, stdin: bool = False) -> Node:
        return self._start(host, "-m", "formant_net", *arguments, stdin=stdin)

    def _start(self, host: str, *arguments: str, stdin: bool = False) -> Node:
        node = Node([*self.cable.inside(host), sys.executable, *arguments], stdin=stdin)
        self._started.append(node)
        return node
