"""One fault at a time: what it does to a finger that is held, and how long it takes to come right.

Each case is a row of the table in docs/measurements/faults.md, with the bounds it is held to here.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from faults.lab.ensemble import Ensemble
from faults.lab.network import FAIR, Weather
from faults.lab.server import SERVER

SYNTH, HAND, OTHER = "synth-a", "ctrl-a", "ctrl-b"
STEP_S, LOOK_S = 0.02, 0.2
LIMIT_S = 150.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one fault did.

    silent_s      from its begin until nothing sounded that the hand had held; None: it sounded on
    recovery_s    from its end until the finger of the hand sounded again; 0.0 when it never stopped
    """

    silent_s: float | None
    recovery_s: float


@dataclass(frozen=True, slots=True)
class Case:
    """One fault: `begin` lets it happen, `end` puts right what does not come right by itself, `for_s` later.

    silent_s      most that a voice may sound on after the begin; None: it has to sound on all the time
    recovery_s    most for 95 of 100 recoveries
    """

    name: str
    begin: Callable[[Ensemble], object]
    end: Callable[[Ensemble], object]
    for_s: float
    silent_s: float | None
    recovery_s: float


def _both(first: Callable[[Ensemble], object], second: Callable[[Ensemble], object]) -> Callable[[Ensemble], object]:
    return lambda e: (first(e), second(e))


def _kill(*names: str) -> Callable[[Ensemble], object]:
    return lambda e: list(map(e.kill, names))


def _start(*names: str) -> Callable[[Ensemble], object]:
    return lambda e: [e.start(name) for name in names]


def _isolate(name: str) -> Callable[[Ensemble], object]:
    return lambda e: e.isolate(name, (SYNTH, HAND, OTHER, SERVER))


def _join(name: str) -> Callable[[Ensemble], object]:
    return lambda e: e.rejoin(name, (SYNTH, HAND, OTHER, SERVER))


def _weather(weather: Weather) -> Callable[[Ensemble], object]:
    return lambda e: e.weather(SYNTH, weather)


def _nothing(_: Ensemble) -> None:
    pass


HOLD_S = 0.25


def _cases() -> list[Case]:
    cases = [
        Case("synth killed, started again", _kill(SYNTH), _start(SYNTH), 0.1, 0.01, 0.5),
        Case("controller killed, started again", _kill(HAND), _start(HAND), 0.1, HOLD_S, 0.5),
        Case("controller killed for 10 s", _kill(HAND), _start(HAND), 10.0, HOLD_S, 0.5),
        Case("both killed, started again", _kill(SYNTH, HAND), _start(SYNTH, HAND), 0.1, 0.01, 0.5),
        Case("synth's power lost for 5 s", lambda e: e.power_off(SYNTH), _start(SYNTH), 5.0, 0.01, 3.0),
        Case("controller's power lost for 5 s", lambda e: e.power_off(HAND), _start(HAND), 5.0, HOLD_S, 3.0),
        Case("server killed, started again", Ensemble.kill_server, Ensemble.start_server, 0.1, None, 0.0),
        Case("server killed for 60 s", Ensemble.kill_server, Ensemble.start_server, 60.0, None, 0.0),
        Case("server stopped for 60 s", Ensemble.stop_server, Ensemble.resume_server, 60.0, None, 0.0),
        Case("synth and server killed, started again",
             _both(_kill(SYNTH), Ensemble.kill_server), _both(Ensemble.start_server, _start(SYNTH)), 0.1, 0.01, 1.2),
        Case("controller stopped for 1 s", lambda e: e.stop(HAND), lambda e: e.resume(HAND), 1.0, HOLD_S, 0.1),
        Case("controller stopped for 10 s", lambda e: e.stop(HAND), lambda e: e.resume(HAND), 10.0, HOLD_S, 1.0),
        Case("synth stopped for 1 s", lambda e: e.stop(SYNTH), lambda e: e.resume(SYNTH), 1.0, 1.0, 0.1),
        Case("synth stopped for 10 s", lambda e: e.stop(SYNTH), lambda e: e.resume(SYNTH), 10.0, 1.0, 2.0),
        Case("WebSocket of the synth reset", lambda e: e.blink(SYNTH), _nothing, 0.0, None, 0.0),
        Case("WebSocket of the controller reset", lambda e: e.blink(HAND), _nothing, 0.0, None, 0.0),
        Case("WebSocket of the synth half open", lambda e: e.half_open(SYNTH), _nothing, 0.0, None, 0.0),
        Case("WebSocket of the controller half open", lambda e: e.half_open(HAND), _nothing, 0.0, None, 0.0),
        Case("address of the synth changed", lambda e: e.readdress(SYNTH), _nothing, 0.0, HOLD_S, 6.0),
        Case("address of the controller changed", lambda e: e.readdress(HAND), _nothing, 0.0, HOLD_S, 6.0),
    ]  # fmt: skip
    # Without a server nothing can replace the old link: it plays on. With one, the synth has begun another.
    for name, host, ten_s in (("synth", SYNTH, 1.5), ("controller", HAND, 3.0)):
        for for_s, recovery_s in ((2.0, 1.5), (10.0, ten_s), (60.0, 12.0)):
            cases.append(
                Case(f"{name} without network for {for_s:g} s", _isolate(host), _join(host), for_s, HOLD_S, recovery_s)
            )
    for for_s, recovery_s in ((2.0, 1.5), (10.0, 2.1), (60.0, 2.1)):
        cases.append(
            Case(
                f"no path between them for {for_s:g} s",
                lambda e: e.cut(SYNTH, HAND), lambda e: e.heal(SYNTH, HAND), for_s, HOLD_S, recovery_s,
            )
        )  # fmt: skip
    for to, ends, silent_s, recovery_s in (
        ("to the synth", (HAND, SYNTH), HOLD_S, 2.1),
        ("to the controller", (SYNTH, HAND), None, 0.0),
    ):
        cases.append(
            Case(
                f"nothing arrives {to} for 10 s",
                lambda e, ends=ends: e.cut(*ends, one_way=True),  # type: ignore[misc]
                lambda e, ends=ends: e.heal(*ends, one_way=True),  # type: ignore[misc]
                10.0,
                silent_s,
                recovery_s,
            )
        )
    for loss in (0.05, 0.3):
        weather = Weather(loss=loss, delay_s=(0.01, 0.03))
        cases.append(Case(f"{loss:.0%} loss, 20 ± 10 ms for 20 s", _weather(weather), _weather(FAIR), 20.0, None, 0.0))
    return cases


CASES = {case.name: case for case in _cases()}


def try_case(case: Case, seed: int) -> Outcome:
    """One trial: two controllers and a synth play, the fault comes at a random moment. May raise Violation."""
    ensemble = Ensemble(seed)
    draw = random.Random(seed)
    for name in (SYNTH, HAND, OTHER):
        ensemble.start(name)
    ensemble.run(3.5 + draw.random())
    ensemble.press(HAND, 1, 0.3, 0.3)
    ensemble.press(OTHER, 1, 0.7, 0.7)
    ensemble.run(0.5 + draw.random())
    witness = ensemble.witness
    witness.look()
    began, ended = ensemble.clock.now, ensemble.clock.now + case.for_s
    case.begin(ensemble)
    silent_s: float | None = None
    over, looked = False, began
    while True:
        if not over and ensemble.clock.now >= ended:
            over = True
            case.end(ensemble)
        if over and not ensemble.hands[HAND].down:
            ensemble.press(HAND, 1, 0.3, 0.3)  # whoever starts it again plays on
        sounds = _sounds(ensemble)
        if silent_s is None and not sounds:
            silent_s = ensemble.clock.now - began
        if over and silent_s is None and witness.settled():
            break
        if ensemble.clock.now > ended + LIMIT_S:
            witness.fail("nothing came right", case=case.name)
        ensemble.run(STEP_S)
        if ensemble.clock.now >= looked + LOOK_S:
            witness.look()
            looked = ensemble.clock.now
        if silent_s is not None and over and sounds:
            break
    recovery_s = ensemble.clock.now - ended if silent_s is not None else 0.0
    ensemble.run(4.0)
    witness.look()
    return Outcome(silent_s, recovery_s)


def _sounds(ensemble: Ensemble) -> bool:
    """Whether the finger of the hand sounds; a stopped synth sounds until the bank's leases are over."""
    synth = ensemble.clients.get(SYNTH)
    if synth is None:
        return False
    voices = [voice for voice in ensemble.witness.voices.get(synth.run, {}).values() if voice.by == HAND]
    return any(not synth.stopped or ensemble.clock.now - voice.event_at < 1.0 for voice in voices)
