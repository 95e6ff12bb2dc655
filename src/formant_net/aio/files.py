"""How many connections the system lets this process hold: each is an open file."""

from __future__ import annotations

import sys

_SPARE = 256
"""Files beside the connections: libraries, logs, key files, the loop's own."""


def room_for(connections: int) -> int:
    """Raise the limit of open files as far as is needed and allowed; how many connections there is room for.

    Systems begin with 1,024 for programs that use `select`, and let them ask for more.
    """
    if sys.platform == "win32":  # it has no such limit
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
