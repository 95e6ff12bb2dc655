"""A keyboard for tests: a process of its own that sends MIDI through JACK."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from collections import deque
from contextlib import suppress
from types import TracebackType

from support.soundcard.jack import Jack


class MidiSender:
    """`with MidiSender(jack, "keyboard") as keyboard: keyboard.send("90 45 7F")`. Its port is `keyboard:out`."""

    def __init__(self, jack: Jack, name: str) -> None:
        self._jack, self.name = jack, name
        self.port = f"{name}:out"

    def __enter__(self) -> MidiSender:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.soundcard.midi_sender", self.name],
            env={**self._jack.env, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"
        return self

    def send(self, *messages: str) -> None:
        """Complete messages, in hexadecimal."""
        assert self._process.stdin is not None
        self._process.stdin.write("".join(f"{message}\n" for message in messages))
        self._process.stdin.flush()

    def finish(self) -> list[tuple[float, bytes]]:
        """It ends by itself. What it handed to JACK, and when: s of the monotonic clock."""
        said, _ = self._process.communicate()
        lines = [line.split(" ", 1) for line in said.splitlines()]
        return [(float(at), bytes.fromhex(data)) for at, data in lines]

    def kill(self) -> None:
        """It dies as by a pulled cable."""
        self._process.kill()
        self._process.wait()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with suppress(BrokenPipeError):
                stream.close()


def _main(name: str) -> None:
    from collections import deque  # fmt: skip

    jack = importlib.import_module("jack")
    waiting: deque[bytes] = deque()
    written: list[tuple[float, bytes]] = []
    client = jack.Client(name, no_start_server=True)
    port = client.midi_outports.register("out")

    def process(frames: int) -> None:
        port.clear_buffer()
        for at in range(frames):
            if not waiting:
                break
            written.append((time.monotonic(), waiting[0]))
            port.write_midi_event(at, waiting.popleft())

    client.set_process_callback(process)
    client.activate()
    print("ready", flush=True)
    for line in sys.stdin:
        waiting.append(bytes.fromhex(line))
    while waiting:
        time.sleep(0.01)
    for moment, data in written:
        print(f"{moment} {data.hex()}")


if __name__ == "__main__":
    _main(sys.argv[1])
