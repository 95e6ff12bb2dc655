"""Looks after ports: opens those that are wanted, and notices within a second that one has gone or come back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from formant_net.aio.midi.backend import VIRTUAL, Backend, BackendGone, MidiError, Source
from formant_net.midi.devices import device_of

LOOK_S = 0.3
"""Seconds between two looks. A port that goes is noticed at the next one."""
RETRY_S = 1.0
"""Seconds between two tries to reach a MIDI service that is gone."""


def wanted(sources: Sequence[Source], names: Sequence[str]) -> list[str]:
    """The sources to listen to: those whose name contains one of `names` in any case, or without names all devices."""
    if names:
        lower = [name.lower() for name in names]
        return [source.name for source in sources if any(name in source.name.lower() for name in lower)]
    return [source.name for source in sources if source.is_device and not device_of(source.name).skip]


class Watcher:
    """Keeps ports open: `await run()` until cancelled.

    open_backend     makes a backend; raises MidiError
    names            parts of the names of the ports to listen to; empty: all devices
    plugged          a port is open, by its name
    unplugged        a port is gone: lift its keys
    say              words for the player, and whether they are a warning
    """

    def __init__(
        self,
        open_backend: Callable[[], Backend],
        names: Sequence[str],
        *,
        plugged: Callable[[str], None],
        unplugged: Callable[[str], None],
        say: Callable[[str, bool], None],
    ) -> None:
        self._open_backend, self._names = open_backend, names
        self._plugged, self._unplugged, self._say = plugged, unplugged, say
        self._backend: Backend | None = None
        self._open: set[str] = set()
        self._failed: set[str] = set()

    @property
    def open_ports(self) -> set[str]:
        """The sources that are open now."""
        return set(self._open)

    def start(self) -> None:
        """Open the backend and the ports that are there. Raises MidiError."""
        self._backend = self._open_backend()
        self._look(self._backend)
        if not self._open:
            self._say(self._nothing_open(self._backend), False)

    async def run(self) -> None:
        """Go on looking."""
        try:
            while True:
                await asyncio.sleep(LOOK_S if self._backend is not None else RETRY_S)
                self.step()
        finally:
            if self._backend is not None:
                self._backend.close()
                self._backend = None

    def step(self) -> None:
        """Look once."""
        if self._backend is None:
            try:
                self._backend = self._open_backend()
            except MidiError:
                return  # it was said when it went
            self._say(f"MIDI is back ({self._backend.name})", False)
        try:
            self._look(self._backend)
        except BackendGone as error:
            self._lose(self._backend, str(error))

    def _look(self, backend: Backend) -> None:
        there = wanted(backend.sources(), self._names)
        for source in sorted(self._open - set(there)):
            self._open.discard(source)
            backend.forget(source)
            self._say(f"{source}: gone, its keys are lifted", True)
            self._unplugged(source)
        self._failed &= set(there)
        for source in there:
            if source not in self._open:
                self._try(backend, source)
        for source in backend.left():
            self._say(f"{source}: disconnected, its keys are lifted", True)
            self._unplugged(VIRTUAL)

    def _try(self, backend: Backend, source: str) -> None:
        try:
            backend.open(source)
        except MidiError as error:
            if source not in self._failed:
                self._say(str(error), True)
            self._failed.add(source)
            return
        self._failed.discard(source)
        self._open.add(source)
        self._say(f"{source}: open", False)
        self._plugged(source)

    def _lose(self, backend: Backend, why: str) -> None:
        self._say(f"{why}: all keys are lifted; waiting until it is back", True)
        for source in [*sorted(self._open), VIRTUAL]:
            self._unplugged(source)
        self._open.clear()
        self._failed.clear()
        self._backend = None
        backend.close()

    def _nothing_open(self, backend: Backend) -> str:
        virtual = f"; other programs can connect to {VIRTUAL}" if backend.virtual else ""
        if self._names:
            return f"No port is called {' or '.join(self._names)} yet{virtual}. `formant-node midi --list` shows all."
        return f"No MIDI device is plugged in yet{virtual}. `formant-node midi --list` shows all ports."
