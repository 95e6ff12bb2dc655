"""The one error that remote input may cause: ProtocolError."""

from __future__ import annotations


class ProtocolError(Exception):
    """A peer said something it may not say; nothing has been changed by it.

    code       short machine-readable name, travels in the wire message `error` (for example "bad-message")
    message    one sentence that says what to do next
    about      wire type of the message that caused it, or "" when it could not be read
    fatal      True when the connection has to be closed after the error was sent
    """

    def __init__(self, code: str, message: str, about: str = "", *, fatal: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.about = about
        self.fatal = fatal

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" (about {self.about})" if self.about else "")
