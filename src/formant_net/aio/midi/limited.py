"""Calls of a library that waits for another process: whoever asks does not wait for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Limited:
    """Makes calls in a thread of their own, one at a time.

    seconds    how long a call may take
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._pending: threading.Thread | None = None

    def call(self, function: Callable[..., T], *arguments: object) -> T:
        """What the function returns or raises. Raises TimeoutError if it takes too long, and while it still does."""
        if self._pending is not None:
            if self._pending.is_alive():
                raise TimeoutError("the call before it has not returned")
            self._pending = None
        results: list[T] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                results.append(function(*arguments))
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=run, name="formant-limited", daemon=True)
        thread.start()
        thread.join(self._seconds)
        if thread.is_alive():
            self._pending = thread
            raise TimeoutError(f"no answer within {self._seconds:g} s")
        if errors:
            raise errors[0]
        return results[0]
