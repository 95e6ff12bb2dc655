"""Log lines: one an event, for people or for machines, and remote text cannot break out of one."""

from __future__ import annotations

import contextlib
import datetime
import io
import json
import logging
import os
import re

import pytest

from formant_net.ops.log import configure, get_logger


@pytest.fixture(autouse=True)
def _outside_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)


def test_text_is_one_plain_line_with_the_time_the_event_and_its_fields() -> None:
    out = io.StringIO()
    configure("text", stream=out)
    get_logger(edge="attic").info("controller registered", id="ctrl-ab12", rtt_s=0.00123456789, meta={"a": 1})
    line = out.getvalue()
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d controller registered  edge=attic id=ctrl-ab12 rtt_s=0.00123457 meta=\"\{'a': 1\}\"\n", line
    )


def test_a_warning_says_so() -> None:
    out = io.StringIO()
    configure("text", stream=out)
    get_logger().warning("client refused", code="bad-key")
    assert out.getvalue()[8:] == " WARNING client refused  code=bad-key\n"


def test_the_journal_adds_its_own_time_and_is_told_the_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1234")
    out = io.StringIO()
    configure("text", stream=out)
    get_logger().info("started")
    get_logger().warning("no sound", reason="busy")
    assert out.getvalue() == "<6>started\n<4>no sound  reason=busy\n"


def test_every_line_of_a_trace_has_its_priority_in_the_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1234")
    out = io.StringIO()
    configure("text", stream=out)
    try:
        raise ValueError("broken")
    except ValueError:
        get_logger().exception("fault")
    lines = out.getvalue().splitlines()
    assert len(lines) > 2
    assert all(line.startswith("<3>") for line in lines)


def test_json_is_one_object_a_line() -> None:
    out = io.StringIO()
    configure("json", stream=out)
    get_logger().info("controller registered", id="ctrl-ab12", count=3)
    event = json.loads(out.getvalue())
    assert datetime.datetime.fromisoformat(event.pop("timestamp")).tzinfo is not None
    assert event == {"level": "info", "event": "controller registered", "id": "ctrl-ab12", "count": 3}


@pytest.mark.parametrize("format", ["text", "json"])
def test_remote_text_stays_on_its_line(format: str) -> None:
    out = io.StringIO()
    configure(format, stream=out)  # type: ignore[arg-type]
    get_logger().info("message refused", reason="a\n12:00:00 forged\x1b[31m", long="x" * 5000)
    assert out.getvalue().count("\n") == 1
    assert "\x1b" not in out.getvalue()


@pytest.mark.parametrize(("level", "shown"), [("debug", 3), ("info", 2), ("warning", 1), ("error", 0)])
def test_less_than_the_level_is_not_shown(level: str, shown: int) -> None:
    out = io.StringIO()
    configure("text", level, stream=out)
    log = get_logger()
    log.debug("a")
    log.info("b")
    log.warning("c")
    assert out.getvalue().count("\n") == shown


def test_an_unknown_level_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="debug, info, warning, error"):
        configure("text", "loud")


@pytest.mark.parametrize("format", ["text", "json"])
def test_libraries_speak_the_same_way_from_warning_on(format: str) -> None:
    out = io.StringIO()
    configure(format, stream=out)  # type: ignore[arg-type]
    logging.getLogger("websockets.server").info("server listening")
    logging.getLogger("websockets.server").warning("something %s", "odd")
    assert out.getvalue().count("\n") == 1
    assert "something odd" in out.getvalue()


def test_an_exception_brings_its_traceback() -> None:
    out = io.StringIO()
    configure("text", stream=out)
    try:
        raise ZeroDivisionError("boom")
    except ZeroDivisionError:
        get_logger().exception("handler failed")
    assert "ERROR handler failed" in out.getvalue()
    assert "ZeroDivisionError: boom" in out.getvalue()


def test_a_pipe_that_nobody_reads_any_more_is_no_fault_of_what_is_logged() -> None:
    reader, writer = os.pipe()
    out = os.fdopen(writer, "w")
    configure("text", stream=out)
    get_logger().info("heard")
    assert os.read(reader, 100).endswith(b"heard\n")
    os.close(reader)
    get_logger().warning("not heard")
    logging.getLogger("websockets.server").warning("neither")
    with contextlib.suppress(BrokenPipeError):
        out.close()
    get_logger().warning("and the stream is closed")


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_field_that_cannot_be_written_costs_its_line_and_nothing_else(
    format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = io.StringIO()
    configure(format, stream=out)  # type: ignore[arg-type]
    log = get_logger()
    log.error("fault", what=Unprintable())
    log.info("goes on")
    assert "goes on" in out.getvalue()
    assert "fault" in capsys.readouterr().err


def test_a_logger_that_nobody_configured_raises_nothing_either(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr("sys.stdout", closed)
    monkeypatch.setattr("sys.stderr", None)
    get_logger().warning("in somebody else's process", what=Unprintable())


def test_the_first_line_that_is_taken_again_is_followed_by_how_many_were_lost() -> None:
    class Full(io.StringIO):
        full = False

        def write(self, text: str) -> int:
            if self.full:
                raise OSError(28, "No space left on device")
            return super().write(text)

    out = Full()
    configure("json", stream=out)
    log = get_logger()
    out.full = True
    for _ in range(3):
        log.info("lost")
    out.full = False
    log.info("shown")
    log.info("again")
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [event["event"] for event in events] == ["shown", "lines of the log were lost", "again"]
    assert events[1]["count"] == 3
    assert events[1]["level"] == "warning"


def test_whoever_floods_a_logger_does_not_fill_the_disk() -> None:
    """Our own lines and those of libraries, each kind for itself; other kinds go on."""
    out = io.StringIO()
    configure("text", stream=out)
    log, library = get_logger(), logging.getLogger(f"some.library.{id(out)}")
    for n in range(5000):
        log.warning(f"flood of {id(out)}", n=n)
        try:
            raise ValueError(n)
        except ValueError:
            library.exception("unexpected %d", n)
    log.info(f"another kind {id(out)}")
    library.warning("another kind")
    text = out.getvalue()
    assert len(text) < 60_000
    assert text.count("too many lines") == 2
    assert text.count("another kind") == 2
