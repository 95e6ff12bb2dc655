"""Raises the limit of open files, which is also the limit of a process's connections."""

from __future__ import annotations

import sys

_SPARE = 256
"""Open files other than connections: libraries, logs, key files, those of the event loop."""


def room_for(connections: int) -> int:
    """Raise the limit of open files as far as needed and allowed. Returns how many connections there is room for.

    Systems often start a process with 1,024, for the sake of programs that use `select`, and let it raise the limit.
    """
    if sys.platform == "win32":  # Windows has no such limit
        return connections
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _SPARE
    if soft != resource.RLIM_INFINITY and soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
            soft = allowed
        except (OSError, ValueError):
            pass
    return connections if soft == resource.RLIM_INFINITY else max(1, min(connections, soft - _SPARE))
