"""The Python side of the vectors: how each step is done with the cores."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

import msgspec

from formant_net.client import effects as fx
from formant_net.client.pingpong import PingPong
from formant_net.client.servers import Server
from formant_net.client.signaling import Identity, Signaling
from formant_net.client.states import TABLE, Event, State
from formant_net.controller.core import Controller
from formant_net.controller.fingers import Fingers
from formant_net.desk.core import Desk, Refused
from formant_net.fleet.changes import captured
from formant_net.fleet.document import Document, fields_of
from formant_net.fleet.effective import effective
from formant_net.protocol import codec
from formant_net.protocol import messages as m
from formant_net.protocol import steering as s
from formant_net.protocol.descriptions.mid import mid_of
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.gesture import TimedTouch
from formant_net.protocol.timing import Timing
from formant_net.synth.age import Age
from formant_net.synth.clock_offset import ClockOffset
from formant_net.synth.core import Synth
from formant_net.synth.linking.ranking import Ranking
from formant_net.synth.linking.roster import Roster
from formant_net.synth.mono import Mono
from formant_net.synth.play_out import PlayOut
from formant_net.synth.touches import NoteMove, NoteOff, NoteOn, Touches
from formant_net.timers.backoff import Backoff

Step = dict[str, Any]
Given = Mapping[str, Any]
Subject = Mapping[str, Callable[..., Any]]
REGISTERED = m.Registered(
    client_id="c", edge="e", resume="s", ice_servers=[], heartbeat_s=20.0, ttl_s=60.0, location=""
)
SDP = (
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n"
)
AHEAD_MS = 5000.0
"""The synth's clock in the vectors."""


def _timing(given: Given) -> Timing:
    return Timing(**given.get("timing", {}))


def _random(given: Given) -> Callable[[], float]:
    """The draws in order, and the last one for ever."""
    draws = list(given.get("random", [1]))
    return lambda: float(draws.pop(0) if len(draws) > 1 else draws[0])


def _backoff(given: Given) -> Subject:
    backoff = Backoff(_timing(given), _random(given))
    return {"failed": backoff.failed, "healthy": backoff.healthy}


def _pingpong(given: Given) -> Subject:
    pings = PingPong(_timing(given), 0.0)
    sent: dict[str, float] = {}

    def ping(now: float, **name: str) -> None:
        sent[name["as"]] = pings.ping(now)

    def pong(now: float, answers: str | None = None, timestamp: Any = None) -> bool:
        return pings.pong(timestamp if answers is None else sent[answers], now)

    def answered(times: int, now: float) -> None:
        for _ in range(times):
            pings.pong(pings.ping(now), now)

    return {"ping": ping, "pong": pong, "answered": answered, "rtt": lambda: pings.rtt_s, "loss": pings.loss}


# --- a controller ----------------------------------------------------------------------------------------------------


class _Hand:
    """A controller that is registered and plays one synth, which answers pings as the vector says."""

    def __init__(self, given: Given) -> None:
        self.now = 0.0
        self.sent: list[tuple[float, Any]] = []
        """Messages on the data channels, with their moment."""
        self.link = 0
        self.closed = False
        self.answers: dict[str, Any] | None = given.get("answers")
        self._pongs: list[tuple[float, Any]] = []
        self.core = Controller("ctrl-a", [Server("ws://one/ws")], _timing(given), _random(given))
        self._begun = False
        self.first_of_link = 0
        """Where in `sent` the present link begins."""

    def begin(self, now: float) -> None:
        self.now = now
        if not self._begun:
            self._begun = True
            self.core.start(now)
            self.core.opened(1, now)
            self.drain()

    def offer(self, now: float) -> None:
        self.begin(now)
        self.core.receive(1, m.Offer(source="synth-a", target="ctrl-a", data=m.Description(type="offer", sdp=SDP)), now)
        self.drain()
        self.core.described("synth-a", self.link, SDP, now)
        self.drain()

    def reached(self, now: float) -> None:
        self.core.link_reached("synth-a", self.link, now)
        self.drain()

    def open(self, now: float) -> None:
        self.offer(now)
        self.core.link_opened("synth-a", self.link, fx.PARAMS, now)
        self.drain()

    def failed(self, now: float) -> None:
        self.core.link_lost("synth-a", self.link, "connection failed", now)
        self.drain()

    def drain(self) -> None:
        for effect in self.core.drain():
            if isinstance(effect, fx.MakeAnswer):
                self.link, self.closed = effect.link, False
            elif isinstance(effect, fx.CloseLink):
                self.closed = True
            elif isinstance(effect, fx.Transmit) and isinstance(effect.message, m.Register):
                self.core.receive(1, REGISTERED, self.now)  # a server that lives
            elif isinstance(effect, fx.Send):
                self.sent.append((self.now, effect.message))
                if isinstance(effect.message, m.Ping) and self.answers is not None:
                    heapq.heappush(self._pongs, (self.now + self.answers["after_s"], effect.message.timestamp))

    def run(self, until: float) -> None:
        """Everything that falls due up to `until`."""
        while True:
            due = self.core.next_deadline()
            pong = self._pongs[0][0] if self._pongs else math.inf
            at = min(math.inf if due is None else due, pong)
            if at > until:
                break
            self.now = max(self.now, at)
            if pong <= at:
                _, timestamp = heapq.heappop(self._pongs)
                stamp = {"t": round(1000.0 * self.now + AHEAD_MS, 3)} if (self.answers or {}).get("stamps") else {}
                message = m.Pong(timestamp=timestamp, state={}, **stamp)
                self.core.channel("synth-a", self.link, fx.PARAMS, message, self.now)
            else:
                self.core.on_deadline(self.now)
            self.drain()
        self.now = until

    def state(self) -> str:
        known = {view.id: view for view in self.core.synths(self.now)}
        if "synth-a" not in known:
            return "forgotten"
        if known["synth-a"].open:
            return "open"
        if self.closed:
            return "lost"
        opened = any(isinstance(message, m.Ping) for _, message in self.sent[self.first_of_link :])
        return "silent" if opened else "connecting"


def _touches(given: Given) -> Subject:
    hand = _Hand(given)
    hand.open(0.0)
    hand.sent.clear()
    seen = -1
    places: dict[int, dict[str, float]] = {}

    def told() -> list[Step]:
        messages = [message for _, message in hand.sent if isinstance(message, m.Touch)]
        hand.sent.clear()
        out = []
        for message in messages:
            wire = msgspec.to_builtins(message)
            nonlocal seen
            assert wire.pop("type") == "touch"
            assert wire["seq"] > seen
            seen = wire.pop("seq")
            out.append(wire)
        return out

    def play(finger: int, now: float, active: bool) -> list[Step]:
        hand.now = now
        place = {key: float(value) for key, value in places[finger].items()}
        hand.core.touch([TimedTouch(now, finger, place["x"], place["y"], place.get("z"), active=active)], now)
        hand.drain()
        return told()

    def down(finger: int, now: float, **place: float) -> list[Step]:
        places[finger] = place
        return play(finger, now, True)

    def time(now: float) -> list[Step]:
        hand.now = now
        due = hand.core.next_deadline()
        if due is not None and now >= due:
            hand.core.on_deadline(now)
        hand.drain()
        return told()

    return {"down": down, "move": down, "up": lambda finger, now: play(finger, now, False), "time": time}


def _surfaces(given: Given) -> Subject:
    def point(finger: Step, state: Step) -> Step | None:
        fingers = Fingers(_timing(given))
        place: dict[str, Any] = {name: finger.get(name) for name in ("x", "y", "z", "note", "vel")}
        fingers.touch([TimedTouch(0.0, 1, **place)], {1: finger["synths"]} if "synths" in finger else {}, 0.0)
        points = [msgspec.to_builtins(told) for told in fingers.points("synth-a", state)]
        return {key: value for key, value in points[0].items() if key not in ("id", "since")} if points else None

    return {"point": point}


def _pings(given: Given) -> Subject:
    hand = _Hand(given)

    def told() -> list[Step]:
        pings = [(at, message) for at, message in hand.sent if isinstance(message, m.Ping)]
        hand.sent.clear()
        return [{"at": at, "echo": ping.echo, "held": ping.held} for at, ping in pings]

    def run(until: float) -> list[Step]:
        hand.run(until)
        return told()

    def answers(**step: Any) -> None:
        hand.answers = step["with"]

    def ping(now: float) -> Step:
        """The next ping, whenever it comes, as if it left now."""
        hand.run(now)
        hand.sent.clear()
        return _next_ping(hand, now)

    count = lambda until: len(run(until))  # noqa: E731
    return {"open": hand.open, "run": run, "answers": answers, "count": count, "ping": ping}


def _next_ping(hand: _Hand, now: float) -> Step:
    hand.core._ping_at = now  # the moment of the periodic ping is the core's own choice
    hand.core.on_deadline(now)
    hand.drain()
    ping = next(message for _, message in hand.sent if isinstance(message, m.Ping))
    hand.sent.clear()
    return {"echo": ping.echo, "held": ping.held}


def _link_controller(given: Given) -> Subject:
    hand = _Hand(given)

    def offer(now: float) -> None:
        hand.first_of_link = len(hand.sent)
        hand.offer(now)

    def opened(now: float) -> None:
        hand.first_of_link = len(hand.sent)
        hand.open(now)

    def run(until: float) -> str:
        hand.run(until)
        return hand.state()

    def answers(**step: Any) -> None:
        hand.answers = step["with"]

    return {
        "offer": offer,
        "open": opened,
        "reached": hand.reached,
        "failed": hand.failed,
        "run": run,
        "answers": answers,
    }


# --- signaling -------------------------------------------------------------------------------------------------------


def _signaling(given: Given) -> Subject:
    servers = [Server(url, given.get("key")) for url in given["servers"]]
    core = Signaling(Identity("ctrl-a", "controller"), servers, _timing(given), _random(given))

    def told() -> list[Step]:
        return [step for effect in core.drain() if (step := _neutral(effect)) is not None]

    def does(change: Callable[..., Any]) -> Callable[..., list[Step]]:
        def done(**step: Any) -> list[Step]:
            change(**step)
            return told()

        return done

    def receive(attempt: int, message: Step, now: float) -> None:
        with suppress(ProtocolError):  # noted, and nothing has changed
            core.receive(attempt, codec.decode_signaling(msgspec.json.encode(message)), now)

    def time(now: float) -> None:
        due = core.next_deadline()
        if due is not None and now >= due:
            core.on_deadline(now)

    return {
        "start": does(core.start),
        "opened": does(core.opened),
        "closed": does(lambda attempt, now: core.closed(attempt, "closed", now)),
        "receive": does(receive),
        "time": does(time),
        "verify": does(core.verify),
        "checked": does(core.checked),
        "state": lambda: core.state.value,
        "registrations": lambda: core.registrations,
        "next": core.next_deadline,
    }


def _signaling_states(given: Given) -> Subject:
    def after(state: str, event: str) -> str | None:
        found = TABLE.get((State(state), Event(event)))
        return None if found is None else found.value

    return {"next": after}


def _neutral(effect: object) -> Step | None:
    if isinstance(effect, fx.Connect):
        return {"connect": effect.url, "attempt": effect.attempt}
    if isinstance(effect, fx.Disconnect):
        return {"close": effect.attempt}
    if isinstance(effect, fx.Check):
        return {"check": effect.number}
    if isinstance(effect, fx.Transmit) and isinstance(effect.message, m.Register):
        return {"register": {"key": effect.message.key, "resume": effect.message.resume}, "attempt": effect.attempt}
    if isinstance(effect, fx.Transmit) and isinstance(effect.message, m.Heartbeat):
        return {"heartbeat": effect.attempt}
    return None  # words for people


# --- a synth ---------------------------------------------------------------------------------------------------------


def _played(given: Given) -> Subject:
    keys = itertools.count(1)
    touches = Touches(_timing(given), lambda now: next(keys))

    def take(now: float, message: Step) -> list[Step]:
        decoded = codec.decode_channel(msgspec.json.encode(message))
        if isinstance(decoded, m.Ping):
            touches.clock(decoded, now)
            return _notes(touches.ping(decoded, now))
        assert isinstance(decoded, m.Touch)
        return _notes(touches.touch(decoded, now))

    def time(now: float) -> list[Step]:
        due = touches.next_deadline()
        return _notes(touches.on_deadline(now)) if due is not None and now >= due else []

    return {"take": take, "time": time, "release_all": lambda now: _notes(touches.release_all(now))}


def _notes(notes: Iterable[NoteOn | NoteMove | NoteOff]) -> list[Step]:
    out = []
    for note in notes:
        kind = {NoteOn: "on", NoteMove: "move", NoteOff: "off"}[type(note)]
        place = {} if isinstance(note, NoteOff) else {"x": note.point.x, "y": note.point.y, "z": note.point.z}
        out.append({kind: note.key, **place, **({} if note.at is None else {"at": note.at})})
    return out


def _age(given: Given) -> Subject:
    age = Age()

    def ping(now: float, t: float | None, echo: float | None = None, held: float | None = None) -> None:
        age.ping(t, echo, held, now)

    def of(now: float, t: float, limit_s: float) -> float | None:
        found = age.of(t, now, limit_s)
        return found if math.isfinite(found) else None

    return {"ping": ping, "of": of}


def _clock_offset(given: Given) -> Subject:
    offset = ClockOffset()
    return {"came": offset.came, "echoed": offset.echoed, "ahead": offset.ahead}


def _play_out(given: Given) -> Subject:
    waiting = PlayOut()

    def due(until: float) -> list[list[float]]:
        return [[at, note.key] for at, note in waiting.due(until)]

    return {
        "put": lambda note, at, earliest: waiting.put(NoteOff(note, at), earliest),
        "due": due,
        "next": lambda: waiting.next,
        "late": lambda: {"notes": waiting.late, "latest_s": waiting.latest_s},
    }


def _roster(given: Given) -> Subject:
    roster = Roster()
    return {
        "replace": lambda runs: roster.replace(runs),
        "joined": roster.joined,
        "left": roster.left,
        "names": lambda: list(roster),
        "run": roster.run,
    }


def _ranking(given: Given) -> Subject:
    ranking = Ranking()
    return {
        "here": ranking.here,
        "placed": ranking.placed,
        "measured": ranking.measured,
        "forget": ranking.forget,
        "order": lambda names: sorted(names, key=ranking.rank),
        "nearer": lambda name, than: ranking.nearer(name, than),
    }


def _link_synth(given: Given) -> Subject:
    core = Synth("synth-a", [Server("ws://one/ws")], _timing(given), _random(given))
    told: list[Step] = []
    links: dict[str, tuple[int, str]] = {}
    """Of each controller: the number of the present link, and its mark in the offer."""
    lives = True

    def drain(now: float) -> None:
        for effect in core.drain():
            if isinstance(effect, fx.MakeOffer):
                links[effect.peer] = (effect.link, "")
                core.described(effect.peer, effect.link, SDP, now)
                drain(now)
            elif isinstance(effect, fx.CloseLink):
                told.append({"close": effect.peer})
            elif isinstance(effect, fx.Transmit) and isinstance(effect.message, m.Offer):
                name = effect.message.target
                links[name] = (links[name][0], mid_of(effect.message.data.sdp) or "")
                told.append({"offer": name})
            elif isinstance(effect, fx.Transmit) and isinstance(effect.message, m.Register) and lives:
                core.receive(effect.attempt, REGISTERED, now)
                drain(now)

    core.start(0.0)
    core.opened(1, 0.0)
    drain(0.0)

    def receive(message: m.Message, now: float) -> None:
        core.receive(1, message, now)
        drain(now)

    def joined(name: str, now: float, run: str | None = None) -> None:
        receive(m.ControllerJoined(controller_id=name, meta={} if run is None else {"run": run}), now)

    def answer(name: str, now: float) -> None:
        sdp = SDP.replace("a=mid:0", f"a=mid:{links[name][1]}")
        receive(m.Answer(source=name, target="synth-a", data=m.Description(type="answer", sdp=sdp)), now)

    def opened(name: str, now: float) -> None:
        core.link_opened(name, links[name][0], fx.PARAMS, now)
        drain(now)

    def failed(name: str, now: float) -> None:
        core.link_lost(name, links[name][0], "connection failed", now)
        drain(now)

    def ping(name: str, now: float) -> None:
        core.channel(name, links[name][0], fx.PARAMS, m.Ping(timestamp=1), now)
        drain(now)

    def server_lost(now: float) -> None:
        nonlocal lives
        lives = False
        core.closed(1, "gone", now)
        drain(now)

    def run(until: float) -> list[Step]:
        while (due := core.next_deadline()) is not None and due <= until:
            core.on_deadline(due)
            drain(due)
        out = list(told)
        told.clear()
        return out

    return {
        "list": lambda names, now: receive(m.ControllersList(controllers=names), now),
        "joined": joined,
        "left": lambda name, now: receive(m.ControllerLeft(controller_id=name), now),
        "answer": answer,
        "opened": opened,
        "failed": failed,
        "ping": ping,
        "server_lost": server_lost,
        "run": run,
    }


def _mono(given: Given) -> Subject:
    mono, legato = Mono(), given.get("legato", True)

    def finger(key: int, x: float | None = None) -> list[Any]:
        """A finger at x: it comes down, or moves. Without x it is lifted."""
        note = NoteOff(key) if x is None else NoteMove(key, m.Point(id=key, x=x, y=0.0))
        return [_of_voice(each) for each in mono.take([note], legato=legato)]

    return {"finger": finger}


def _of_voice(note: NoteOn | NoteMove | NoteOff) -> Step:
    if isinstance(note, NoteOff):
        return {"off": note.key}
    return {"on" if isinstance(note, NoteOn) else "move": note.key, "x": note.point.x}


def _effective(given: Given) -> Subject:
    document = _document(given["rev"], given["parts"])

    def of(id: str, solo: Iterable[str] = (), here: Iterable[str] = ()) -> Step:
        found = effective(document, id, list(solo), list(here))
        return {"gain_db": found.gain_db, "because": list(found.because), "delay_ms": found.delay_ms}

    return {"of": of, "captured": lambda name, ramp_s: captured(document, name, ramp_s)}


def _document(rev: int, parts: Mapping[str, Any]) -> Document:
    found: dict[str, Any] = {"epoch": "e", "rev": rev}
    for path, values in parts.items():
        kind, _, id = path.partition("/")
        found.setdefault(kind, {}).update({id: values} if id else values)
    return msgspec.convert(found, Document)


def _desk(given: Given) -> Subject:
    core = Desk("desk-a", [Server("ws://one/ws")], Timing(), lambda: 1.0)
    core.start(0.0)
    core.opened(1, 0.0)
    core.receive(1, REGISTERED, 0.0)
    core.drain()

    def receive(message: Step, now: float) -> None:
        core.receive(1, codec.decode_signaling(msgspec.json.encode(message)), now)

    def ask(request: s.DeskSet | s.DeskSolo | s.DeskRecall | s.DeskUndo, now: float) -> int:
        return core.ask(request, now)

    def part(path: str) -> Any:
        kind, _, id = path.partition("/")
        found = getattr(core.document, kind)
        found = found.get(id) if id else found
        return None if found is None else dict(fields_of(found))

    def sent() -> list[Step]:
        messages = [effect.message for effect in core.drain() if isinstance(effect, fx.Transmit)]
        return [msgspec.to_builtins(message) for message in messages]

    def outcome(number: int) -> Step | None:
        found = core.outcome(number)
        return {"code": found.code} if isinstance(found, Refused) else None if found is None else {"rev": found}

    return {
        "receive": receive,
        "open": lambda: core.open,
        "fault": lambda: str(core.fault or ""),
        "rev": lambda: core.rev,
        "solo": lambda: list(core.solo),
        "part": part,
        "set": lambda path, set, base, now: ask(s.DeskSet(path=path, set=set, base=base), now),
        "solo_set": lambda path, on, now: ask(s.DeskSolo(path=path, on=on), now),
        "recall": lambda scene, now: ask(s.DeskRecall(scene=scene), now),
        "undo": lambda now: ask(s.DeskUndo(), now),
        "sent": sent,
        "outcome": outcome,
        "level": lambda id, now: core.level(id, now),
        "following": lambda: dict(zip(("done", "late", "away"), core.following(), strict=True)),
    }


SUBJECTS: Mapping[str, Callable[[Given], Subject]] = {
    "backoff": _backoff,
    "pingpong": _pingpong,
    "touches": _touches,
    "surfaces": _surfaces,
    "pings": _pings,
    "link_controller": _link_controller,
    "signaling": _signaling,
    "signaling_states": _signaling_states,
    "newest_seq": _played,
    "hold": _played,
    "age": _age,
    "clock_offset": _clock_offset,
    "play_out": _play_out,
    "play_out_touches": _played,
    "roster": _roster,
    "ranking": _ranking,
    "link_synth": _link_synth,
    "mono": _mono,
    "effective": _effective,
    "desk": _desk,
}


def results(rule: str, case: Step) -> list[Any]:
    """What each step of a case gives, with the cores in Python."""
    subject = SUBJECTS[rule](case.get("given", {}))
    out = []
    for step in case["steps"]:
        arguments = {key: value for key, value in step.items() if key not in ("do", "gives")}
        out.append(subject[step["do"]](**arguments))
    return out
