"""Writes the log to standard error: one line for each event, for people or for machines.

Standard output is for what somebody asked for, such as the start line and the join URL. The log never contains a key.
Logging never raises, so that code that reports a fault does not fail by the report.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any, Literal, TextIO, cast

import structlog

from formant_net.ops.console import put
from formant_net.timers.line_limit import LineLimit

Format = Literal["text", "json"]
LEVELS = ("debug", "info", "warning", "error")
TOO_MANY = "too many lines: the rest of these 10 s is left out"
_limit = LineLimit()
"""Limits each kind of line, so that somebody who floods a node cannot fill its disk with the log."""
_PLAIN = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:/+-%[],()")
_MAX_VALUE = 300
_tapped: list[Callable[[str], None]] = []
_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}


def configure(
    format: Format = "text", level: str = "info", stream: TextIO | None = None, *, libraries: bool = True
) -> None:
    """Send every event, also those of the libraries, to `stream` (default: standard error).

    format     "text": `12:03:04 controller registered  id=ctrl-ab12`; under systemd without the time, which systemd
               adds, and with the priority that it reads
               "json": one object on each line with `timestamp` (ISO 8601, UTC), `level`, `event` and the fields
    level      the lowest level that is shown: debug, info, warning or error
    libraries  False leaves the standard module `logging` as it is, because it belongs to another program
    """
    _limit.forget()
    threshold = logging.getLevelName(level.upper())
    if not isinstance(threshold, int):
        raise ValueError(f"level {level!r} is not one of {', '.join(LEVELS)}")
    shared: list[Any] = [structlog.stdlib.add_log_level, structlog.processors.format_exc_info, _tap]
    if format == "json":
        shared.insert(0, structlog.processors.TimeStamper(fmt="iso", utc=True))
        renderer: Any = structlog.processors.JSONRenderer(default=str)
    else:
        if "JOURNAL_STREAM" in os.environ:
            renderer = _journal_line
        else:
            shared.insert(0, structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False))
            renderer = _plain_line
    lines = cast(TextIO, _Lines(stream or sys.stderr, lambda event: _rendered(event, [*shared, renderer])))
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(lines),  # each line in one piece
        cache_logger_on_first_use=False,  # tests and `up` configure more than once
    )
    if not libraries:
        return
    # Libraries log through the standard module. Their messages are shown from the level warning on.
    handler = logging.StreamHandler(lines)
    handler.addFilter(_Limited())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processors=[_drop_meta, renderer], foreign_pre_chain=shared)
    )
    logging.basicConfig(handlers=[handler], level=max(threshold, logging.WARNING), force=True)


def tap(take: Callable[[str], None] | None) -> None:
    """Give every line from the level warning on to `take` as well, as plain text without the time; None: no more."""
    _tapped[:] = [] if take is None else [take]


def _tap(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if _tapped and event.get("level") in ("warning", "error", "critical"):
        left_out = ("timestamp", "_record", "_from_structlog")
        line = _plain_line(None, "", {name: value for name, value in event.items() if name not in left_out})
        for take in _tapped:
            take(line)
    return event


class _Limited(logging.Filter):
    """The same limit for messages of libraries. Their kind is the message text without the values in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        kind = f"{record.name}: {record.msg}"
        if _limit.write(kind, time.monotonic()):
            return True
        if not _limit.just_full(kind):
            return False
        record.msg, record.args, record.exc_info, record.exc_text = f"{TOO_MANY} ({kind})", (), None, None
        return True


class _Lines:
    """Takes whole lines. A line that the stream refuses is lost; the next line that it takes gives the count."""

    def __init__(self, stream: TextIO, render: Callable[[dict[str, Any]], str]) -> None:
        self._stream = stream
        self._render = render
        self._lost = 0

    def write(self, text: str) -> int:
        if not put(self._stream, text):
            self._lost += 1
        elif self._lost:
            lost, self._lost = self._lost, 0
            if not put(self._stream, self._render({"event": "lines of the log were lost", "count": lost}) + "\n"):
                self._lost = lost
        return len(text)

    def flush(self) -> None:
        """Does nothing: each line is written at once."""


class Log:
    """The logger that `get_logger` returns, with one method for each level. No method ever raises."""

    __slots__ = ("_bound",)

    def __init__(self, bound: Any) -> None:
        self._bound = bound

    def debug(self, event: str, **fields: Any) -> None:
        self._write("debug", event, fields)

    def info(self, event: str, **fields: Any) -> None:
        self._write("info", event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        self._write("warning", event, fields)

    def error(self, event: str, **fields: Any) -> None:
        self._write("error", event, fields)

    def critical(self, event: str, **fields: Any) -> None:
        self._write("critical", event, fields)

    def exception(self, event: str, **fields: Any) -> None:
        """Log an error with the trace of the exception that is being handled."""
        self._write("error", event, {"exc_info": True, **fields})

    def _write(self, level: str, event: str, fields: dict[str, Any]) -> None:
        now = time.monotonic()
        if not _limit.write(event, now):
            if not _limit.just_full(event):
                return
            level, fields = "warning", {"about": event}
            event = TOO_MANY
        try:
            getattr(self._bound, level)(event, **fields)
        except Exception as error:
            put(sys.stderr, f"{event}  (its fields cannot be written: {type(error).__name__})\n")


def get_logger(**fields: Any) -> Log:
    """A logger whose events all carry `fields`: `log.info("controller registered", id="ctrl-ab12")`."""
    return Log(structlog.get_logger(**fields))


def configured() -> bool:
    """Whether `configure` was called."""
    return structlog.is_configured()


def _rendered(event: dict[str, Any], processors: Iterable[Any]) -> str:
    """One warning, through all processors."""
    line: Any = event
    for each in processors:
        line = each(None, "warning", line)
    return str(line)


def _drop_meta(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in ("_record", "_from_structlog"):
        event.pop(name, None)
    return event


def _plain_line(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    time, level = event.pop("timestamp", ""), event.pop("level", "info")
    name, trace = str(event.pop("event", "")), event.pop("exception", "")
    head = " ".join(part for part in (time, level.upper() if level in ("warning", "error", "critical") else "") if part)
    line = f"{head} {_one_line(name)}".strip()
    if event:
        line += "  " + " ".join(_fields(event.items()))
    return f"{line}\n{trace}" if trace else line


def _journal_line(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    """A line that begins with the priority that systemd reads (sd-daemon(3)), for `journalctl -p warning`."""
    priority = _PRIORITIES.get(str(event.pop("level", "info")), 6)
    lines = _plain_line(logger, method, event).splitlines() or [""]
    return "\n".join(f"<{priority}>{line}" for line in lines)


def _fields(items: Iterable[tuple[str, Any]]) -> Iterable[str]:
    for key, value in items:
        text = f"{value:.6g}" if isinstance(value, float) else str(value)
        # Remote text is quoted and escaped, so it can neither begin a new line nor control a terminal.
        text = text if len(text) <= _MAX_VALUE else text[:_MAX_VALUE] + "…"
        yield f"{key}={text if text and set(text) <= _PLAIN else repr(text)}"


def _one_line(text: str) -> str:
    return text if text.isprintable() else repr(text)
