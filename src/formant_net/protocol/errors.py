"""The one error that remote input may cause: ProtocolError."""

from __future__ import annotations


class ProtocolError(Exception):
    """A peer sent something that it may not send. It has changed nothing.

    code       short machine-readable name, travels in the wire message `error` (for example "bad-message")
    message    one sentence that says what to do next
    about      wire type of the message that caused it, or "" when it could not be read
    target     to whom that message was to go, or "" where it was for the server
    request    the number of the desk's request that is refused, or None
    fatal      True when the connection has to be closed after the error was sent
    """

    def __init__(self, code: str, message: str, about: str = "", *, fatal: bool = False, target: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.about = about
        self.target = target
        self.request: int | None = None
        self.fatal = fatal

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" (about {self.about})" if self.about else "")
