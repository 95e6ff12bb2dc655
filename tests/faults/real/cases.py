"""One fault at a time on real processes: what happens, for how long, and what was measured."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from faults.real.stage import HAND, SERVER, START_S, SYNTH, Node, Stage

from formant_net.aio.driver import clock

STEP_S = 0.01
SETTLE_S = 1.0
LIMIT_S = 60.0
BACK_OFF_S = 12.0
"""Where clients have to find a server again that was away for seconds: a back-off of up to 10 s, and what follows."""
LONG_S = 60.0
"""How soon it is silent is no matter here."""
SILENT_S = 0.3
"""The hold time of 250 ms, and what a busy machine takes to tell of it."""


@dataclass(frozen=True, slots=True)
class Case:
    """`begin` lets it happen; `end` puts right what does not come right by itself, `for_s` later.

    silent_s      most until the fingers concerned are silent; None: they have to sound on
    back_s        most from the end, or from when a new process has registered, until they sound again
    """

    name: str
    begin: Callable[[Stage], object]
    end: Callable[[Stage], object]
    for_s: float
    silent_s: float | None
    back_s: float | None = None
    hand_only: bool = False
    """Only the first controller is concerned."""
    relayed: bool = False
    """Synth and controllers reach each other through a relay only."""


@dataclass(slots=True)
class Measured:
    """Of one trial: s, one value for each finger that was concerned."""

    silent_s: list[float] = field(default_factory=list)
    back_s: list[float] = field(default_factory=list)
    sounded_on: int = 0
    oldest_s: float = 0.0
    longest_s: float = 0.0
    late_s: float = 0.0
    """How late the machine woke the synth at most."""
    lost: float = 0.0
    """Part of the messages that did not arrive while the fault lasted, 0…1: counted, where the link lived; of 50 a
    second and finger, where it fell silent."""


def _kill_hand(stage: Stage) -> None:
    stage.hands[stage.names[0]].kill()


def _again_hand(stage: Stage) -> None:
    stage.start_hand(stage.names[0])


def _kill_both(stage: Stage) -> None:
    stage.kill_synth()
    _kill_hand(stage)


def _again_both(stage: Stage) -> None:
    stage.start_synth()
    _again_hand(stage)


def _kill_server_and_synth(stage: Stage) -> None:
    stage.server.kill()
    stage.kill_synth()


def _again_server_and_synth(stage: Stage) -> None:
    stage.start_server()
    stage.start_synth()


def _stop_hands(stage: Stage) -> None:
    for hand in stage.hands.values():
        hand.stop()


def _resume_hands(stage: Stage) -> None:
    for hand in stage.hands.values():
        hand.resume()


def _readdress(host: str) -> Callable[[Stage], object]:
    numbers = itertools.count(50 if host == SYNTH else 150)
    return lambda stage: stage.cable.readdress(host, f"10.77.0.{next(numbers)}")


def _kill_server_in_an_offer(stage: Stage) -> None:
    """A controller starts anew, and the server dies in the moment in which it is offered to."""
    name = stage.names[0]
    stage.hands[name].kill()
    stage.start_hand(name)
    stage.until(lambda: stage.hands[name].registered, "the new controller is registered", START_S)
    stage.server.kill()


def _nothing(_: Stage) -> None:
    pass


def _weather(*, loss: float = 0.0, delay_ms: float = 0.0, jitter_ms: float = 0.0) -> Callable[[Stage], object]:
    return lambda stage: stage.cable.around(SYNTH, loss=loss, delay_ms=delay_ms, jitter_ms=jitter_ms)


def _cases() -> list[Case]:
    cases = [
        Case("synth killed, started again", Stage.kill_synth, Stage.start_synth, 0.1, SILENT_S, 2.0),
        Case("controller killed, started again", _kill_hand, _again_hand, 0.1, SILENT_S, 2.0, True),
        Case("both killed, started again", _kill_both, _again_both, 0.1, SILENT_S, 2.0, True),
        Case("server killed, started again", lambda s: s.server.kill(), Stage.start_server, 0.1, None),
        Case("server killed for 60 s", lambda s: s.server.kill(), Stage.start_server, 60.0, None),
        Case("server stopped for 60 s", lambda s: s.server.stop(), lambda s: s.server.resume(), 60.0, None),
        Case(
            "synth and server killed, started again", _kill_server_and_synth, _again_server_and_synth, 0.1, SILENT_S,
            BACK_OFF_S,
        ),
        Case("server killed in an offer", _kill_server_in_an_offer, Stage.start_server, 0.1, LONG_S, BACK_OFF_S, True),
        Case("controller stopped for 1 s", _stop_hands, _resume_hands, 1.0, SILENT_S, 0.5),
        Case("controller stopped for 10 s", _stop_hands, _resume_hands, 10.0, SILENT_S, 2.0),
        Case("synth stopped for 1 s", lambda s: s.synth.stop(), lambda s: s.synth.resume(), 1.0, None),
        Case("synth stopped for 10 s", lambda s: s.synth.stop(), lambda s: s.synth.resume(), 10.0, None),
        Case("address of the synth changed", _readdress(SYNTH), _nothing, 0.0, SILENT_S, 8.0),
        Case("address of the controller changed", _readdress(HAND), _nothing, 0.0, SILENT_S, 8.0),
    ]  # fmt: skip
    for name, host in (("synth", SYNTH), ("controller", HAND)):
        for for_s in (2.0, 10.0, 60.0):
            cases.append(
                Case(
                    f"{name} without network for {for_s:g} s",
                    lambda s, host=host: s.cable.around(host, down=True),  # type: ignore[misc]
                    lambda s, host=host: s.cable.around(host, down=False),  # type: ignore[misc]
                    for_s, SILENT_S, 2.0 if for_s < 3.0 else 14.0,
                )
            )  # fmt: skip
    for for_s in (2.0, 10.0, 60.0):
        cases.append(
            Case(
                f"no path between them for {for_s:g} s",
                lambda s: s.cable.set(SYNTH, HAND, down=True), lambda s: s.cable.set(SYNTH, HAND, down=False),
                for_s, SILENT_S, 2.0,
            )
        )  # fmt: skip
    for loss in (0.05, 0.3):
        bad = _weather(loss=loss, delay_ms=20.0, jitter_ms=10.0)
        cases.append(Case(f"{loss:.0%} loss, 20 ± 10 ms for 20 s", bad, _weather(), 20.0, None))
    for name, host in (("synth", SYNTH), ("controller", HAND)):
        cases.append(
            Case(
                f"WebSocket of the {name} half open for 10 s",
                lambda s, host=host: s.cable.set(host, SERVER, down=True),  # type: ignore[misc]
                lambda s, host=host: s.cable.set(host, SERVER, down=False),  # type: ignore[misc]
                10.0, None,
            )
        )  # fmt: skip
    cases.append(
        Case(
            "through a relay: controller killed, started again", _kill_hand, _again_hand, 0.1, SILENT_S, 2.0, True, True
        )
    )
    relay_dies = "through a relay: relay killed, started again"
    cases.append(Case(relay_dies, lambda s: s.relay.kill(), Stage.start_relay, 0.1, SILENT_S, 8.0, relayed=True))
    return cases


CASES = {case.name: case for case in _cases()}


def measure(stage: Stage, case: Case) -> Measured:
    """One trial on a stage where every finger sounds; it is so again at the end. AssertionError when it is not."""
    concerned = set(stage.names[:1]) if case.hand_only and case.begin is not _kill_both else set(stage.names)
    measured = Measured()
    synth = stage.synth
    stage.until(lambda: _told(synth, 0.0), "the synth counts")
    counted = synth.stats
    before = [synth, *stage.hands.values()]
    began = clock()
    case.begin(stage)
    happened = clock()
    registered: dict[str, float] = {}
    """When a new process was listed: what Python takes to start is no concern of ours."""
    time.sleep(max(0.0, began + case.for_s - clock()))
    heard, missed = (synth.stats[name] - counted[name] for name in ("heard", "missed"))
    case.end(stage)
    end = clock()
    while not (stage.sounding() == set(stage.names) and clock() > end + SETTLE_S and _told(stage.synth, end)):
        for name, node in ((SYNTH, stage.synth), *stage.hands.items()):
            if node not in before and name not in registered and node.registered:
                registered[name] = clock()
        if clock() > end + LIMIT_S:
            raise AssertionError(f"{case.name}: {concerned - stage.sounding()} silent {LIMIT_S:g} s after the end")
        time.sleep(STEP_S)
    # What the synth itself has noted, not when this process came to look.
    changes = [change for node in dict.fromkeys((synth, stage.synth)) for change in stage.changes(node)]
    for name in sorted(concerned):
        mine = [(at, sounds) for at, by, sounds in changes if by == name and at >= began]
        fell = [at for at, sounds in mine if not sounds]
        if synth is not stage.synth:
            fell.append(happened)  # with its process
        if fell:
            measured.silent_s.append(min(fell) - began)
            again = max(at for at, sounds in mine if sounds)
            start = max(end, registered.get(name, 0.0), registered.get(SYNTH, 0.0))
            measured.back_s.append(max(0.0, again - start))
    measured.sounded_on = len(concerned) - len(measured.silent_s)
    if measured.silent_s and case.for_s:
        measured.lost = max(0.0, 1.0 - heard / (50.0 * case.for_s * len(stage.names)))
    elif heard + missed:
        measured.lost = max(0.0, missed / (heard + missed))
    nodes = {synth, stage.synth}
    measured.oldest_s = max(node.stats["oldest_s"] for node in nodes)
    measured.longest_s = max(node.stats["longest_s"] for node in nodes)
    measured.late_s = max((late_s for node in nodes for at, late_s in node.late if at >= began), default=0.0)
    return measured


def _told(synth: Node, after: float) -> bool:
    """Whether a synth has counted since."""
    return bool(synth.stats) and synth.stats["at"] > after
