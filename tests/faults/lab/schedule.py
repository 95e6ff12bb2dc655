"""Faults drawn from a seed: what happens, run, replayed and shrunk."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace

from faults.lab.ensemble import Ensemble
from faults.lab.network import FAIR, Weather
from faults.lab.server import SERVER
from faults.lab.witness import Violation

LOOK_S = 0.2
"""How often the witness looks at everything; notes and signaling it sees at once."""
LENGTHS_S = (0.05, 0.3, 1.0, 2.0, 3.5, 6.0, 12.0)
LONG_S = (25.0, 65.0)
CALM_S = 100.0
"""More than the longest way back: a half-open socket is noticed (20 s), a dial fails (10 s), a lease ends (60 s)."""


@dataclass(frozen=True, slots=True)
class Step:
    """One fault: begins `at`, s, and is over `for_s` later, if it is one that ends."""

    at: float
    kind: str
    who: str
    other: str = ""
    for_s: float = 0.0
    number: float = 0.0

    def __str__(self) -> str:
        words = [f"{self.at:8.3f} s", self.kind, self.who, self.other, f"for {self.for_s:.2f} s" * (self.for_s > 0)]
        return " ".join(word for word in words if word) + (f" ({self.number:.2f})" if self.number else "")


@dataclass(frozen=True, slots=True)
class Schedule:
    """A seed and what it means. `steps` may be fewer than the seed gave: a shrunk schedule."""

    seed: int
    synths: tuple[str, ...]
    controllers: tuple[str, ...]
    steps: tuple[Step, ...]
    end: float

    def keep(self, which: Iterable[int]) -> Schedule:
        """The same with only these steps, by number."""
        return Schedule(self.seed, self.synths, self.controllers, tuple(self.steps[i] for i in sorted(which)), self.end)

    def __str__(self) -> str:
        lines = [f"seed {self.seed}: {', '.join(self.synths + self.controllers)}; faults end at {self.end:.1f} s"]
        return "\n".join(lines + [f"  {step}" for step in self.steps])


@dataclass(slots=True)
class Report:
    """What one run showed."""

    seed: int
    events: int = 0
    virtual_s: float = 0.0
    recoveries: list[float] = field(default_factory=list)
    oldest_s: float = 0.0
    longest_s: float = 0.0
    refusals: list[str] = field(default_factory=list)
    violation: str = ""


# --- drawing -------------------------------------------------------------------------------------------------------


def _length(draw: random.Random) -> float:
    return draw.choice(LONG_S if draw.random() < 0.05 else LENGTHS_S) * draw.uniform(0.7, 1.3)


def _one_of(names: tuple[str, ...], draw: random.Random) -> Step:
    return Step(0.0, "", draw.choice(names), for_s=_length(draw))


def _client(draw: random.Random, synths: tuple[str, ...], controllers: tuple[str, ...]) -> Step:
    return _one_of(synths + controllers, draw)


def _server(draw: random.Random, synths: tuple[str, ...], controllers: tuple[str, ...]) -> Step:
    return _one_of((SERVER,), draw)


def _route(draw: random.Random, synths: tuple[str, ...], controllers: tuple[str, ...]) -> Step:
    a, b = draw.choice(synths), draw.choice((*controllers, SERVER))
    if draw.random() < 0.3:
        a, b = draw.choice(controllers), SERVER
    if draw.random() < 0.5:
        a, b = b, a
    return Step(0.0, "", a, b, for_s=_length(draw))


def _weather(draw: random.Random, synths: tuple[str, ...], controllers: tuple[str, ...]) -> Step:
    return Step(0.0, "", draw.choice(synths + controllers), for_s=_length(draw), number=draw.uniform(0.02, 0.4))


def _play(draw: random.Random, synths: tuple[str, ...], controllers: tuple[str, ...]) -> Step:
    return Step(0.0, "", draw.choice(controllers), for_s=draw.uniform(0.1, 3.0), number=draw.randrange(3))


def _clock(draw: random.Random, synths: tuple[str, ...], controllers: tuple[str, ...]) -> Step:
    return Step(0.0, "", draw.choice(controllers), number=draw.choice((-1, 1)) * draw.uniform(0.5, 30.0))


Draw = Callable[[random.Random, tuple[str, ...], tuple[str, ...]], Step]
KINDS: dict[str, tuple[int, Draw]] = {
    "play": (10, _play),
    "kill": (4, _client),
    "power off": (2, _client),
    "leave": (2, _client),
    "gone": (2, _client),
    "power gone": (1, _client),
    "stop": (4, _client),
    "sleep": (2, _client),
    "kill server": (4, _server),
    "stop server": (2, _server),
    "cut": (4, _route),
    "cut one way": (2, _route),
    "isolate": (4, _client),
    "loss": (1, _weather),
    "jitter": (1, _weather),
    "doubling": (1, _weather),
    "storm": (1, _weather),
    "readdress": (2, _client),
    "half open": (2, _client),
    "blink": (2, _client),
    "flap": (2, _client),
    "clock set": (1, _clock),
}
"""What can happen, how often each is drawn beside the others, and how."""


def draw_schedule(seed: int, kinds: Collection[str] = ()) -> Schedule:
    """The schedule of a seed: faults of all kinds, or of these."""
    draw = random.Random(seed)
    synths = tuple(f"synth-{c}" for c in "abc"[: draw.choice((1, 1, 2, 3))])
    controllers = tuple(f"ctrl-{c}" for c in "abc"[: draw.choice((1, 1, 2, 3))])
    names = [kind for kind in KINDS if not kinds or kind in kinds]
    at, steps = draw.uniform(0.0, 1.5), []
    for _ in range(draw.choice((2, 4, 6, 8, 12))):
        (kind,) = draw.choices(names, [KINDS[name][0] for name in names])
        steps.append(replace(KINDS[kind][1](draw, synths, controllers), at=at, kind=kind))
        # Faults that fall on each other's heels find more than faults that are over before the next begins.
        at += draw.choice((0.0, 0.01, 0.1, 0.5, 1.0, 3.0)) * draw.random()
    end = max((step.at + step.for_s for step in steps), default=0.0) + 0.05
    return Schedule(seed, synths, controllers, tuple(steps), end)


# --- running -------------------------------------------------------------------------------------------------------


def _weather_of(step: Step) -> Weather:
    x = step.number
    return {
        "loss": Weather(loss=x),
        "jitter": Weather(delay_s=(0.001, 0.3 * x)),
        "doubling": Weather(duplicate=x),
        "storm": Weather(loss=x, duplicate=x, delay_s=(0.01, 0.01 + 0.1 * x)),
    }[step.kind]


class _Run:
    """One schedule at work on one ensemble."""

    def __init__(self, schedule: Schedule, tell: Callable[[str], None] | None) -> None:
        self.schedule = schedule
        self.ensemble = Ensemble(schedule.seed, tell=tell)

    def go(self) -> Ensemble:
        ensemble, clock = self.ensemble, self.ensemble.clock
        for name in self.schedule.synths + self.schedule.controllers:
            clock.after(ensemble.random.uniform(0.0, 0.5), ensemble.start, name)
        for step in self.schedule.steps:
            clock.after(step.at, self._begin, step)
        while clock.now < self.schedule.end:
            ensemble.run(min(LOOK_S, self.schedule.end - clock.now))
            ensemble.witness.look()
        self._calm()
        return ensemble

    def _begin(self, step: Step) -> None:
        ensemble, end = self.ensemble, self.ensemble.clock.after
        ensemble.tell(f"-- {str(step)[11:].strip()}")
        who, other = step.who, step.other
        match step.kind:
            case "play":
                self._play(step)
            case "kill" | "power off" | "leave":
                {"kill": ensemble.kill, "power off": ensemble.power_off, "leave": ensemble.leave}[step.kind](who)
                end(step.for_s, ensemble.start, who)
            case "gone":
                ensemble.kill(who)
            case "power gone":
                ensemble.power_off(who)
            case "stop":
                ensemble.stop(who)
                end(step.for_s, ensemble.resume, who)
            case "sleep":
                self._sleep(who, step.for_s)
            case "kill server":
                ensemble.kill_server()
                end(step.for_s, ensemble.start_server)
            case "stop server":
                ensemble.stop_server()
                end(step.for_s, ensemble.resume_server)
            case "cut" | "cut one way":
                one_way = step.kind == "cut one way"
                ensemble.cut(who, other, one_way=one_way)
                end(step.for_s, lambda: ensemble.heal(who, other, one_way=one_way))
            case "clock set":
                ensemble.set_clock(who, step.number)
            case "isolate":
                self._isolate(who, step.for_s)
            case "loss" | "jitter" | "doubling" | "storm":
                if who in ensemble.hosts:
                    ensemble.weather(who, _weather_of(step))
                    end(step.for_s, ensemble.weather, who, FAIR)
            case "readdress":
                if who in ensemble.hosts:
                    ensemble.readdress(who)
            case "half open":
                ensemble.half_open(who)
            case "blink":
                ensemble.blink(who)
            case "flap":
                self._flap(who)
            case _:
                raise ValueError(step.kind)

    def _isolate(self, who: str, for_s: float) -> None:
        others = (*self.schedule.synths, *self.schedule.controllers, SERVER)
        self.ensemble.isolate(who, others)
        self.ensemble.clock.after(for_s, self.ensemble.rejoin, who, others)

    def _sleep(self, who: str, for_s: float) -> None:
        """Machine and network stand still. The clock of a page stands still with them; ours goes on (aio/driver.py)."""
        self._isolate(who, for_s)
        self.ensemble.stop(who)
        self.ensemble.clock.after(for_s, lambda: self.ensemble.resume(who, slept=not who.startswith("synth-")))

    def _flap(self, who: str) -> None:
        """It starts anew, and its socket is lost again and again while its links are being made."""
        ensemble, at = self.ensemble, 0.0
        ensemble.kill(who)
        ensemble.start(who)
        for _ in range(6):
            at += ensemble.random.uniform(0.01, 0.15)
            ensemble.clock.after(at, ensemble.blink, who)

    def _play(self, step: Step) -> None:
        """Fingers come down, glide, and are lifted."""
        ensemble, draw = self.ensemble, self.ensemble.random
        for finger in range(1 + int(step.number)):
            begin = draw.uniform(0.0, 0.2)
            for at in sorted([0.0] + [draw.uniform(0.0, step.for_s) for _ in range(3)]):
                ensemble.clock.after(begin + at, ensemble.press, step.who, finger, draw.random(), draw.random())
            ensemble.clock.after(begin + step.for_s, ensemble.lift, step.who, finger)

    def _calm(self) -> None:
        """Nothing goes wrong any more: everything has to come right by itself."""
        ensemble, witness = self.ensemble, self.ensemble.witness
        ensemble.start_server()
        ensemble.network.weather.clear()
        ensemble.run(0.3)
        ensemble.lift_all()
        end = ensemble.clock.now + CALM_S
        while ensemble.clock.now < end:
            ensemble.run(LOOK_S)
            witness.look()
            if witness.settled():
                break
        # Long enough for a silent death to be noticed: who is linked now stays so.
        for name in [client.name for client in ensemble.controllers()]:
            ensemble.press(name, 7, 0.5, 0.5)
        ensemble.run(0.5)
        witness.look()
        for client in ensemble.controllers()[1:]:
            ensemble.lift(client.name, 7)
        for _ in range(20):
            ensemble.run(LOOK_S)
            witness.look()
        witness.final()
        ensemble.lift_all()
        ensemble.run(0.3)
        witness.look()
        witness.silent()


def run_schedule(schedule: Schedule, tell: Callable[[str], None] | None = None) -> Report:
    """Run it; what was seen, and the violation if there was one. `tell` is given what happens, line by line."""
    run = _Run(schedule, tell)
    ensemble, report = run.ensemble, Report(schedule.seed)
    try:
        run.go()
    except Violation as violation:
        report.violation = str(violation)
    except Exception as error:  # a core raised what it may not raise
        report.violation = f"at {ensemble.clock.now:.3f} s: {type(error).__name__} in a core: {error!r}"
    report.events, report.virtual_s = ensemble.clock.done, ensemble.clock.now
    witness = ensemble.witness
    report.recoveries, report.oldest_s, report.longest_s = witness.recoveries, witness.oldest_s, witness.longest_s
    report.refusals = [f"{c.name}: {text}" for c in ensemble.clients.values() for text in c.refusals]
    return report


def rule_of(violation: str) -> str:
    """Which rule was broken, without the particulars."""
    return violation.split(": ")[1] if ": " in violation else violation


def shrink(schedule: Schedule, violation: str, tries: int = 300) -> tuple[Schedule, list[int]]:
    """Fewer steps that break the same rule, and their numbers in the schedule that was given."""
    rule, kept = rule_of(violation), list(range(len(schedule.steps)))
    size = max(1, len(kept) // 2)
    while size and tries > 0:
        for begin in range(0, len(kept), size):
            fewer = kept[:begin] + kept[begin + size :]
            tries -= 1
            if rule_of(run_schedule(schedule.keep(fewer)).violation) == rule:
                kept = fewer
                break
        else:
            size //= 2
    return schedule.keep(kept), kept
