"""Delays the end of a service whose options are wrong, so that systemd restarts it, but not often.

Options also come from files and from the environment. An operator who corrects those remotely cannot restart every box.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

USAGE_ERROR = 2
"""Exit code of a command whose options are wrong."""
WAIT_S = 20.0
"""Seconds before the end. Less than the unit's watchdog (30 s) and its start timeout (60 s)."""


def under_a_service_manager(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether systemd has started this process as a service such as `install-service` writes."""
    return bool(environment.get("NOTIFY_SOCKET"))


def wait_if_refused(
    code: object, environment: Mapping[str, str] = os.environ, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Wait if a service ends with USAGE_ERROR, and show that in its status. Called with the exit code at the end."""
    if code != USAGE_ERROR or not under_a_service_manager(environment):
        return
    from formant_net.aio.notify import Notifier

    Notifier(environment).status(f"wrong options, see its log; it tries again in {WAIT_S:g} s")
    sleep(WAIT_S)
