"""Logging: one line an event, for people or for machines, on standard error.

Standard output carries only what somebody asked for: the start line and the join URL. Nothing here ever sees a key.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, MutableMapping
from contextlib import suppress
from typing import Any, Literal, TextIO, cast

import structlog

Format = Literal["text", "json"]
LEVELS = ("debug", "info", "warning", "error")
_PLAIN = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:/+-%[],()")
_MAX_VALUE = 300
_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}


def configure(format: Format = "text", level: str = "info", stream: TextIO | None = None) -> None:
    """Send every event, also those of the libraries, to `stream` (standard error).

    format   "text": `12:03:04 controller registered  id=ctrl-ab12`; under systemd without the time, which it adds,
             and with the priority that it reads
             "json": one object a line with `timestamp` (ISO 8601, UTC), `level`, `event` and the fields
    level    the least that is shown: debug, info, warning or error
    """
    lasting = cast(TextIO, _Lasting(stream or sys.stderr))
    threshold = logging.getLevelName(level.upper())
    if not isinstance(threshold, int):
        raise ValueError(f"level {level!r} is not one of {', '.join(LEVELS)}")
    shared: list[Any] = [structlog.stdlib.add_log_level, structlog.processors.format_exc_info]
    if format == "json":
        shared.insert(0, structlog.processors.TimeStamper(fmt="iso", utc=True))
        renderer: Any = structlog.processors.JSONRenderer(default=str)
    else:
        if "JOURNAL_STREAM" in os.environ:
            renderer = _journal_line
        else:
            shared.insert(0, structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False))
            renderer = _plain_line
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(lasting),
        cache_logger_on_first_use=False,  # tests and `up` configure more than once
    )
    # Libraries log through the standard module; what they have to say is ours from warning on.
    handler = logging.StreamHandler(lasting)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processors=[_drop_meta, renderer], foreign_pre_chain=shared)
    )
    logging.basicConfig(handlers=[handler], level=max(threshold, logging.WARNING), force=True)


class _Lasting:
    """A stream that may lose its reader (a pipe, a journal that was killed): what it was told then is lost, no more."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


def get_logger(**fields: Any) -> Any:
    """A logger whose events all carry `fields`: `log.info("controller registered", id="ctrl-ab12")`."""
    return structlog.get_logger(**fields)


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
    """With the priority that systemd reads off the front of a line (sd-daemon(3)), for `journalctl -p warning`."""
    priority = _PRIORITIES.get(str(event.pop("level", "info")), 6)
    lines = _plain_line(logger, method, event).splitlines() or [""]
    return "\n".join(f"<{priority}>{line}" for line in lines)


def _fields(items: Iterable[tuple[str, Any]]) -> Iterable[str]:
    for key, value in items:
        text = f"{value:.6g}" if isinstance(value, float) else str(value)
        # Remote text is quoted and escaped: it can never begin a line of its own or colour a terminal.
        text = text if len(text) <= _MAX_VALUE else text[:_MAX_VALUE] + "…"
        yield f"{key}={text if text and set(text) <= _PLAIN else repr(text)}"


def _one_line(text: str) -> str:
    return text if text.isprintable() else repr(text)
