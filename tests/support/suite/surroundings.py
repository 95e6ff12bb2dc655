"""What tests inherit from whoever starts them: the same in a terminal, a service, a container and behind a proxy."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import MutableMapping

FOREIGN = (
    "FORMANT_",  # options of Formant's own commands; FORMANT_SEED is a test's
    *("NOTIFY_SOCKET", "WATCHDOG_", "JOURNAL_STREAM", "INVOCATION_ID", "LISTEN_"),  # a runner that is a service
    *("PULSE_", "JACK_", "ALSA_", "PIPEWIRE_"),  # a sound card of the machine; tests bring their own
    *("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR"),  # a terminal
    *("LC_", "LANGUAGE", "PYTHONWARNINGS", "PYTHONOPTIMIZE", "PYTHONIOENCODING", "MALLOC_"),
)
"""Beginnings of the names of environment variables that no test is to see. Those of proxies end in `_proxy`."""
OPEN_FILES = 4096


def clean(environment: MutableMapping[str, str]) -> None:
    """Take away what would change how programs of the tests behave."""
    for name in list(environment):
        if name != "FORMANT_SEED" and (name.startswith(FOREIGN) or name.lower().endswith("_proxy")):
            del environment[name]
    environment["LC_ALL"] = "C.UTF-8"


def settle() -> None:
    """Environment, umask and open files of this process, and of all that it starts."""
    clean(os.environ)
    if sys.platform != "win32":
        import resource

        os.umask(0o022)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def signals_as_in_a_terminal() -> None:
    """A runner may start the tests with signals ignored or blocked, and a test may leave a handler behind."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.platform != "win32":
        usual = {signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD}
        for number in usual:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {*usual, signal.SIGINT, signal.SIGALRM})
