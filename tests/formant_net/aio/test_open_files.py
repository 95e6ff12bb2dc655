"""Room for connections: the limit of open files is raised as far as the system allows."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import resource, sys
soft, hard, wanted = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
from formant_net.aio.open_files import room_for
print(room_for(wanted), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def room(soft: int, hard: int, wanted: int) -> tuple[int, int]:
    """Connections there is room for, and the soft limit afterwards, in a process that begins with these limits."""
    command = [sys.executable, "-c", SCRIPT, str(soft), str(hard), str(wanted)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return int(said[0]), int(said[1])


def test_the_limit_is_raised_to_what_is_needed_and_no_further() -> None:
    assert room(1024, 8192, 4608) == (4608, 4864)
    assert room(6000, 8192, 4608) == (4608, 6000)


def test_what_the_system_does_not_allow_is_said_by_the_number() -> None:
    assert room(1024, 2000, 4608) == (1744, 2000)
