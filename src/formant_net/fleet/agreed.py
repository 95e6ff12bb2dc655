"""What several edges agree on: the fleet document in their engine, changed with compare-and-set.

The engine keeps one value with a revision. A write names the revision that it replaces. So of two edges that write at
once one is refused: it reads the newer value, carries its requests out on that, and writes again. A desk gets its
answer only after the engine has accepted the write. So nothing is lost or overwritten silently.

* One write is in flight at a time. Requests that come meanwhile share the next one.
* Without the engine nothing can be changed, because two halves of an ensemble would then disagree. An edge keeps what
  it has. A request whose answer was lost is refused, and the desk is told to look.
* When a session begins, the newer document of the same epoch counts: an engine that has lost its last writes gets them
  again. Of two epochs that of the engine counts, and the edge's own is set aside.

Out of scope: the engine (aio/server/desk_bucket.py), what a request means (wanted.py), who is told
(server/desks/steering.py).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Struct

from formant_net.fleet.changes import check_scene
from formant_net.fleet.document import Document, check
from formant_net.fleet.wanted import FADE_MS, Outcome, Request, Wanted, carried_out
from formant_net.protocol.errors import ProtocolError

WRITE_S = 0.05
"""Seconds between two writes at least: a fader that moves is written 20 times a second."""
ANSWER_S = 3.0
"""Seconds that the engine has for a write. A desk waits a second longer (aio/client/desk.py)."""
MOST_WAITING = 256
"""Requests that may wait for the engine."""


class Stored(Struct, frozen=True, kw_only=True):
    """What the engine keeps. `by`: the write that made it. `ramp_ms`: how long gains move on the way to it."""

    by: str
    wanted: Wanted
    ramp_ms: float = FADE_MS
    v: int = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of the desk that `conn` connects."""

    conn: int
    request: Request


@dataclass(frozen=True, slots=True)
class Keep:
    """To the engine: replace revision `expected` (0: there is nothing yet) by `value`."""

    value: bytes
    expected: int
    serial: int


@dataclass(frozen=True, slots=True)
class News:
    """This is wanted now. `asked`: the request that made it; None: another edge, or the engine."""

    outcome: Outcome
    asked: Asked | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A request was not carried out."""

    asked: Asked
    error: ProtocolError


@dataclass(frozen=True, slots=True)
class SetAside:
    """The engine has a document of another epoch, which counts from now on. This one was here."""

    document: Document


@dataclass(slots=True)
class _Flight:
    serial: int
    mark: str
    by: float
    """The engine has until then, s."""
    steps: list[News]
    after: Wanted


class Agreed:
    """One edge's copy of what all edges agree on. `node`: this run of this edge.

    The shell reports with the `on_…` methods. `writes()` gives what the engine is to do, `results()` what has come of
    it.
    """

    def __init__(self, wanted: Wanted, node: str) -> None:
        self.wanted = wanted
        self.fault = "the engine of the edges is not reached yet"
        """Why nothing can be changed; "": it can."""
        self._node = node
        self._known: Collection[str] = ()
        self._up = False
        self._revision = 0
        self._serial = 0
        self._flight: _Flight | None = None
        self._waiting: list[Asked] = []
        self._next_write = 0.0
        self._latest: tuple[bytes | None, int] = (None, 0)
        self._writes: list[Keep] = []
        self._results: list[News | Failed | SetAside] = []

    # --- calls of steering -----------------------------------------------------------------------------------------

    def ask(self, asked: Asked, known: Collection[str], now: float) -> None:
        """A desk wants something. Raises ProtocolError "not-here" without the engine."""
        if self.fault:
            raise self._away(self.fault)
        if len(self._waiting) >= MOST_WAITING:
            raise ProtocolError("not-here", "too much is being changed at once: wait a moment, then repeat")
        self._known = known
        self._waiting.append(asked)
        self._write(now)

    def writes(self) -> list[Keep]:
        """What the engine is to do since the last call."""
        out, self._writes = self._writes, []
        return out

    def results(self) -> list[News | Failed | SetAside]:
        """What has come of it since the last call, in order."""
        out, self._results = self._results, []
        return out

    def next_deadline(self) -> float | None:
        """When `on_deadline` has something to do, s, or None."""
        if self._flight is not None:
            return self._flight.by
        return self._next_write if self._waiting and not self.fault else None

    def on_deadline(self, now: float) -> None:
        """The next write is due, or the engine has not answered."""
        if self._flight is not None and now >= self._flight.by:
            self._fail("the engine of the edges does not answer")
        self._write(now)

    # --- reports of the engine -------------------------------------------------------------------------------------

    def on_reading(self, now: float) -> None:
        """A session has begun; what the engine keeps follows."""
        self._up, self._latest = False, (None, 0)

    def on_value(self, value: bytes | None, revision: int, now: float) -> None:
        """The engine keeps this since `revision`; None: nothing any more."""
        if revision <= self._latest[1]:
            return
        self._latest = (value, revision)
        if self._up:
            self._take(now)

    def on_read(self, now: float) -> None:
        """All that the engine kept when the session began has been reported."""
        self._up, self._revision = True, 0
        self._take(now, first=True)

    def on_written(self, revision: int, serial: int, now: float) -> None:
        """The engine has accepted a write."""
        flight = self._flight
        if flight is None or flight.serial != serial:
            return
        self._accepted(flight, revision)
        if revision < self._latest[1]:  # somebody has written since then
            self._take(now)
        self._write(now)

    def on_refused(self, value: bytes | None, revision: int, serial: int, now: float) -> None:
        """The engine has refused a write, because it has kept `value` since `revision`."""
        flight = self._flight
        if flight is None or flight.serial != serial:
            return
        self._flight = None
        self._waiting[:0] = [step.asked for step in flight.steps if step.asked is not None]
        if value is None or revision > self._latest[1]:
            self._latest = (value, revision)
        self._revision = 0
        self._take(now)

    def on_down(self, reason: str, now: float) -> None:
        """The session has ended, or could not begin."""
        self._up, self.fault = False, f"the engine of the edges is not reached ({reason})"
        self._fail(self.fault)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _take(self, now: float, *, first: bool = False) -> None:
        """Take in what the engine keeps. `first`: this begins a session, so no gain moves slowly."""
        value, revision = self._latest
        if self._revision and revision <= self._revision:
            return
        stored = None
        if value is not None:
            try:
                stored = _decoded(value)
            except ValueError as error:
                self.fault = f"the engine keeps what this version cannot read ({error}): run one version at all edges"
                self._fail(self.fault)
                return
        self.fault, self._revision = "", revision
        ours, flight = self.wanted.document, self._flight
        if flight is not None and stored is not None and stored.by == flight.mark:
            self._accepted(flight, revision)  # the feed was faster than the answer
        elif stored is None or _ours_counts(ours, stored.wanted.document):
            if flight is None and (ours.steered or self.wanted.solo):
                self._fly([], self.wanted, FADE_MS, now)  # the engine has lost it
        else:
            if ours.epoch != stored.wanted.document.epoch and ours.steered:
                self._results.append(SetAside(ours))
            if stored.wanted != self.wanted:
                self.wanted = stored.wanted
                self._results.append(News(Outcome(self.wanted, FADE_MS if first else stored.ramp_ms)))
        self._write(now)

    def _accepted(self, flight: _Flight, revision: int) -> None:
        self._flight = None
        self._revision = revision
        self.wanted = flight.after
        self._results += flight.steps

    def _write(self, now: float) -> None:
        """Carry out what waits, and write it, if nothing is in flight."""
        if self.fault or self._flight is not None or not self._waiting or now < self._next_write:
            return
        waiting, self._waiting = self._waiting, []
        steps: list[News] = []
        after, ramp_ms = self.wanted, FADE_MS
        for asked in waiting:
            try:
                outcome = carried_out(after, asked.request, self._known)
            except ProtocolError as error:
                self._results.append(Failed(asked, error))
                continue
            steps.append(News(outcome, asked))
            after, ramp_ms = outcome.wanted, max(ramp_ms, outcome.ramp_ms)
        if steps:
            self._fly(steps, after, ramp_ms, now)

    def _fly(self, steps: list[News], after: Wanted, ramp_ms: float, now: float) -> None:
        self._serial += 1
        mark = f"{self._node}:{self._serial}"
        self._next_write = now + WRITE_S
        self._flight = _Flight(self._serial, mark, now + ANSWER_S, steps, after)
        value = msgspec.json.encode(Stored(by=mark, wanted=after, ramp_ms=ramp_ms))
        self._writes.append(Keep(value, self._revision, self._serial))

    def _fail(self, why: str) -> None:
        """Nothing has come of what was asked, or nobody knows."""
        flight, self._flight = self._flight, None
        for step in flight.steps if flight is not None else ():
            if step.asked is not None:
                text = f"{why}: it may have taken this or not. Look at it once the edges are connected again"
                self._results.append(Failed(step.asked, ProtocolError("not-here", text)))
        for asked in self._waiting:
            self._results.append(Failed(asked, self._away(why)))
        self._waiting.clear()

    def _away(self, why: str) -> ProtocolError:
        return ProtocolError("not-here", f"{why}: boxes keep what is set. Repeat this when the edges are connected")


def _ours_counts(ours: Document, theirs: Document) -> bool:
    """Whether the edge's own document is newer than that of the engine."""
    if ours.epoch == theirs.epoch:
        return ours.rev > theirs.rev
    return ours.steered and not theirs.steered


def _decoded(value: bytes) -> Stored:
    try:
        stored: Any = msgspec.json.decode(value, type=Stored)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    if stored.v != 1:
        raise ValueError(f"version {stored.v}")
    check(stored.wanted.document)
    if stored.wanted.undo is not None:
        try:
            check_scene(stored.wanted.undo)
        except ProtocolError as error:
            raise ValueError(f"undo: {error.message}") from error
    return stored  # type: ignore[no-any-return]
