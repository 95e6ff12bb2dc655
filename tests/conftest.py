"""What holds for every test."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings
from support.suite import alone, cases, features, order, surroundings

from formant_net.ops import log

# Threads of NumPy's OpenBLAS wait by spinning. Several test processes on a few busy cores then take minutes for a solve
# that takes a tenth of a second. NumPy reads this when it is imported, which no line above does.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Programs whose packages would start a service: `make system` unpacks them there.
_UNPACKED = Path(__file__).parents[1] / "build" / "unpacked" / "usr"
os.environ["PATH"] = os.pathsep.join([os.environ["PATH"], str(_UNPACKED / "bin"), str(_UNPACKED / "sbin")])

# How long a busy machine takes to draw or run an example says nothing of the code.
settings.register_profile("formant", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("formant")

surroundings.settle()


def _plugins(config: pytest.Config) -> dict[str, object | None]:
    return {
        "alone": alone.plugin(config),
        "cases": cases.plugin(),
        "features": features.plugin(),
        "order": order.plugin(config),
    }


def pytest_configure(config: pytest.Config) -> None:
    for name, plugin in _plugins(config).items():
        if plugin is not None:
            config.pluginmanager.register(plugin, f"formant-{name}")


@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    """What one test does to the log is not the next one's."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def _signals_as_in_a_terminal() -> None:
    surroundings.signals_as_in_a_terminal()


@pytest.fixture(scope="session", autouse=True)
def _state_of_its_own() -> Iterator[None]:
    """Ids of nodes belong to the machine's user; those of tests do not."""
    with tempfile.TemporaryDirectory(prefix="formant-state-") as folder:
        before = os.environ.get("XDG_STATE_HOME")
        os.environ["XDG_STATE_HOME"] = folder
        yield
        if before is None:
            del os.environ["XDG_STATE_HOME"]
        else:
            os.environ["XDG_STATE_HOME"] = before


@pytest.fixture(autouse=True)
def _lines_of_other_tests_do_not_count() -> None:
    """Every kind of log line is limited in a process: a test must not be silent because of those before it."""
    log._limit.forget()
