"""The connection to Firefox: an answer that comes too late is never taken for that of the next command."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from support.browser.marionette import Marionette, MarionetteError, SilentError

Answer = Callable[[int], tuple[float, int]]
"""From the number of a command to the seconds before its answer and the number in it."""


@contextmanager
def browser(answer: Answer) -> Iterator[tuple[int, list[str]]]:
    """A port that speaks as Firefox does, and the names of the commands that came."""
    heard: list[str] = []

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            say(connection, {"applicationType": "gecko"})
            while data := connection.recv(65536):
                _, number, name, _ = json.loads(data.partition(b":")[2])
                heard.append(name)
                pause_s, says = answer(number)
                time.sleep(pause_s)
                say(connection, [1, says, None, {"value": name}])

    def say(connection: socket.socket, message: object) -> None:
        body = json.dumps(message).encode()
        try:
            connection.sendall(str(len(body)).encode() + b":" + body)
        except OSError:
            return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1], heard
        thread.join()


def test_after_a_command_without_an_answer_nothing_is_asked_any_more() -> None:
    with browser(lambda number: (0.6 if number == 2 else 0.0, number)) as (port, heard):
        ask = Marionette(port, timeout_s=0.3)
        assert ask("One") == "One"
        assert not ask.silent
        with pytest.raises(SilentError, match=r"Two: no answer within 0\.3 s"):
            ask("Two")
        time.sleep(0.5)  # the late answer is there by now
        with pytest.raises(SilentError, match="Three: not asked, because Firefox did not answer Two"):
            ask("Three")
        assert ask.silent
        ask.close()
    assert heard == ["One", "Two"]


def test_the_answer_of_another_command_is_refused() -> None:
    with browser(lambda number: (0.0, number - 1)) as (port, _):
        ask = Marionette(port)
        with pytest.raises(MarionetteError, match="Two: command 1 got the answer of 0"):
            ask("Two")
        assert ask.silent
        ask.close()
