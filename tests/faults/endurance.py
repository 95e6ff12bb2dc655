"""Hours of churn on the virtual clock: clients come, play, fail and go; what every core keeps stays as it was.

    python -m faults.endurance --hours 24

Run it in `tests/`. One line an hour, as JSON; exit code 1 when something has grown or a rule was broken.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from dataclasses import asdict, dataclass

from faults.lab.ensemble import Ensemble
from faults.lab.network import FAIR, Weather
from faults.lab.server import SERVER
from faults.lab.size import size

STAYS = ("synth-a", "ctrl-a")
"""These processes live from the first hour to the last: they are what might grow. So does the server."""
GUESTS = 6
PAUSE_S = 20.0
REST_S = 150.0
"""Long enough for every lease, pause and memory of a fault to be over before it is counted."""


@dataclass(frozen=True, slots=True)
class Hour:
    """What there is at the end of an hour, when only those that stay are there and nobody plays."""

    hour: int
    server: int
    synth: int
    controller: int
    pending: int
    """Things that the virtual clock has still to do: the timers of everybody."""
    wakeups_per_s: float
    faults: int


def hours(count: int, seed: int, hour_s: float = 3600.0) -> list[Hour]:
    """So many hours, or shorter spans. May raise Violation."""
    ensemble, draw = Ensemble(seed), random.Random(seed)
    for name in STAYS:
        ensemble.start(name)
    ensemble.run(5.0)
    return [_hour(ensemble, draw, number, hour_s) for number in range(1, count + 1)]


def _hour(ensemble: Ensemble, draw: random.Random, number: int, hour_s: float) -> Hour:
    end, faults = ensemble.clock.now + hour_s, 0
    while ensemble.clock.now < end - REST_S:
        _one(ensemble, draw, number)
        faults += 1
        pause = ensemble.clock.now + draw.expovariate(1.0 / PAUSE_S)
        while ensemble.clock.now < pause:
            ensemble.run(min(2.0, pause - ensemble.clock.now))
            ensemble.witness.look()
    for name in [name for name in ensemble.clients if name not in STAYS]:
        ensemble.leave(name)
    ensemble.lift_all()
    ensemble.run(end - ensemble.clock.now)
    witness = ensemble.witness
    witness.look()
    witness.final()
    synth, controller = (ensemble.clients[name] for name in STAYS)
    before = synth.wakeups + controller.wakeups
    ensemble.run(10.0)
    server = ensemble.server
    assert server is not None
    witness.forget_the_dead()
    for box in list(server.hub.health.boxes):  # kept on purpose, 256 at most, until somebody deletes them at a desk
        server.hub.health.forget(box)
    return Hour(
        number, size(server.hub) + size(server.registry), size(synth.client), size(controller.client),
        ensemble.clock.pending, (synth.wakeups + controller.wakeups - before) / 10.0, faults,
    )  # fmt: skip


def _one(ensemble: Ensemble, draw: random.Random, number: int) -> None:
    """One thing that happens: somebody comes, plays, fails or goes. Names are new every hour."""
    guest = f"{draw.choice(('synth', 'ctrl'))}-guest-{number}-{draw.randrange(GUESTS)}"
    names = [*STAYS, SERVER]
    match draw.choice(("come", "come", "play", "play", "kill", "leave", "power", "cut", "loss", "blink", "half open")):
        case "come":
            ensemble.start(guest)
        case "play":
            for finger in range(draw.randrange(1, 4)):
                ensemble.press("ctrl-a", finger, draw.random(), draw.random())
            ensemble.run(draw.uniform(0.1, 1.0))
            ensemble.lift_all()
        case "kill":
            ensemble.kill(guest)
        case "leave":
            ensemble.leave(guest)
        case "power":
            ensemble.power_off(guest)
        case "cut":
            a, b = draw.sample(names, 2)
            ensemble.cut(a, b)
            ensemble.run(draw.choice((0.5, 4.0, 15.0)))
            ensemble.heal(a, b)
        case "loss":
            ensemble.weather("ctrl-a", Weather(loss=0.2, delay_s=(0.01, 0.03)))
            ensemble.run(5.0)
            ensemble.weather("ctrl-a", FAIR)
        case "blink":
            ensemble.blink(draw.choice([*STAYS, guest]))
        case "half open":
            ensemble.half_open(draw.choice([*STAYS, guest]))


def grown(found: list[Hour]) -> list[str]:
    """What the last hours have more of than the first: none of it may be."""
    faults = []
    third = max(1, len(found) // 3)
    for name in ("server", "synth", "controller", "pending", "wakeups_per_s"):
        first = max(getattr(hour, name) for hour in found[:third])
        last = min(getattr(hour, name) for hour in found[-third:])
        if last > 1.1 * first + 10:
            faults.append(f"{name} has grown from {first} to {last}")
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    found = hours(asked.hours, asked.seed)
    for hour in found:
        print(json.dumps(asdict(hour)))
    faults = grown(found)
    print(json.dumps({"grown": faults}))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
