"""The core of OSC: datagrams of any number of senders and the time go in; touches, settings and answers come out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from formant_net.hand.gathering import Gathering, Pace
from formant_net.hand.limits import Limits
from formant_net.hand.outputs import Said, Touches
from formant_net.osc.clock import SenderClock, Waiting
from formant_net.osc.codec import Argument, Message, OscError, decode
from formant_net.osc.feedback import Feedback
from formant_net.osc.fingers import Fingers, Sender
from formant_net.osc.floods import Floods
from formant_net.osc.newest import Newest
from formant_net.osc.space import AddressError, Confirm, Lift, Play, Setting, Subscribe, Touched, actions_of
from formant_net.protocol.gesture import TimedTouch
from formant_net.tuning.snap import TICK_S, Snap
from formant_net.tuning.steps import HIGH, LOW

SILENCE_S = 30.0
"""Seconds without a datagram after which the fingers of a sender are lifted."""
SETTING_S = 0.1
"""Seconds between two values of one setting that are sent to synths."""
COMPLAIN_S = 5.0
"""Seconds between two warnings about what senders do wrong."""
MOST_SENDERS = 64
"""Senders whose clocks are remembered."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A datagram to a sender or subscriber."""

    to: Sender
    data: bytes


Output = Touches | Setting | Reply | Said


class OscPlayer:
    """`now` is s of one monotonic clock, `wall` the same moment in s since 1900 by the wall clock.

    secret     bytes that nobody else knows (feedback.py)
    silence_s  SILENCE_S
    limits     fingers and new notes a second that come out at most
    pace       messages a second that come out at most
    snap       how fingers are put on the steps of a scale; None: they stay where they are
    note_at    the pitch (MIDI number) of a place x 0…1 on the surface, or None while no surface is known. Without it a
               finger that has only `x` is not corrected
    """

    def __init__(
        self,
        secret: bytes,
        *,
        silence_s: float = SILENCE_S,
        limits: Limits | None = None,
        pace: Pace | None = None,
        snap: Snap | None = None,
        note_at: Callable[[float], float | None] = lambda x: None,
        now: float = 0.0,
    ) -> None:
        self.counters: Counter[str] = Counter()
        """`messages`, `unreadable` and `dropped` (packets), `wrong` (messages), `unknown` (addresses)."""
        self._floods = Floods(now)
        self._silence_s = silence_s
        self._snap, self._note_at = snap, note_at
        self._snap_at: float | None = None
        self._gathering = Gathering(pace or Pace())
        self._fingers = Fingers(self._gathering, limits or Limits(), now)
        self._clocks: dict[str, SenderClock] = {}
        self._waiting: Waiting[Sender] = Waiting()
        self._heard_at: dict[Sender, float] = {}
        """When a packet of each sender with fingers was read last. One that is dropped may be an `off`."""
        self._settings: Newest[tuple[str, str | None], Setting] = Newest(SETTING_S)
        self._feedback = Feedback(secret)
        self._sent: dict[int, TimedTouch] = {}
        self._out: list[Output] = []
        self._complained_at: float | None = None
        self._may_answer = False
        """One answer a datagram: more would make one packet many."""

    @property
    def feedback(self) -> Feedback:
        """Who is told of settings."""
        return self._feedback

    @property
    def fingers(self) -> int:
        """Fingers that are down, for the synths."""
        return len(self._gathering)

    @property
    def waiting(self) -> int:
        """Messages whose time has not come."""
        return len(self._waiting)

    @property
    def left_out(self) -> dict[str, int]:
        """Notes left out or ended early since the start: `stolen`, `too_many`, `too_fast`."""
        return {name: self._fingers.counters[name] for name in ("stolen", "too_many", "too_fast")}

    # --- in ------------------------------------------------------------------------------------------------------

    def receive(self, sender: Sender, data: bytes, wall: float, now: float) -> None:
        """A datagram. One that cannot be read changes nothing."""
        if not self._floods.takes(sender[0], len(data), now):
            self.counters["dropped"] += 1
            self._complain(f"{sender[0]}: sends too much; the rest is dropped", now)
            return
        try:
            messages = decode(data)
        except OscError as error:
            self.counters["unreadable"] += 1
            self._complain(f"{sender[0]}: a packet that is no OSC: {error}", now)
            return
        if sender in self._heard_at:
            self._heard_at[sender] = now
        self._may_answer = True
        for message in messages:
            self.counters["messages"] += 1
            if message.tag is None:
                self._play(sender, message, now)
                continue
            wait_s = self._clock(sender[0]).wait_s(message.tag, wall, now)
            self._waiting.put(now + wait_s, sender, message, now)
        self._play_due(now)
        self._may_answer = False

    def report(self, values: Mapping[str, Argument], now: float) -> None:
        """The present settings of the synths by address, for subscribers."""
        self._feedback.report(values, now)

    def panic(self, now: float) -> None:
        """Every finger up at once; nothing waits any more."""
        self._waiting = Waiting()
        self._fingers.lift_all()

    # --- out -----------------------------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """When `on_deadline` has something to do, s; in the past: at once. None: nothing is waiting."""
        moments = [
            self._waiting.due_at(), self._gathering.due_at(), self._settings.due_at(), self._feedback.due_at(),
            self._snap_at, min(self._heard_at.values()) + self._silence_s if self._heard_at else None,
        ]  # fmt: skip
        return min((each for each in moments if each is not None), default=None)

    def on_deadline(self, now: float) -> None:
        """Time passes: messages fall due, silent senders are lifted, what is due goes out."""
        self._play_due(now)
        for sender in [one for one, at in self._heard_at.items() if now >= at + self._silence_s]:
            del self._heard_at[sender]
            if count := self._fingers.lift_owned(sender):
                self._out.append(
                    Said(f"{sender[0]} was silent for {self._silence_s:g} s: {count} of its notes are lifted", True)
                )
        self._out += [setting for _, setting in self._settings.take(now)]
        self._out += [Reply(target, data) for target, data in self._feedback.take(now)]
        if self._snap_at is not None and now >= self._snap_at:
            self._snap_at = None
            for finger in self._snapping():
                self._gathering.move(finger)
        batch = self._gathering.take(now)
        if batch is not None:
            self._send(batch.down, batch.up, now)
        if self._snap_at is None and self._snapping():
            self._snap_at = now + TICK_S

    def drain(self) -> list[Output]:
        """What came out since the last call."""
        out, self._out = self._out, []
        return out

    # --- inside --------------------------------------------------------------------------------------------------

    def _play_due(self, now: float) -> None:
        for sender, message in self._waiting.take(now):
            self._play(sender, message, now)

    def _play(self, sender: Sender, message: Message, now: float) -> None:
        try:
            actions = actions_of(message)
        except AddressError as error:
            self.counters["wrong"] += 1
            self._complain(f"{sender[0]}: {message.address:.60}: {error}", now)
            return
        self.counters["unknown"] += not actions
        for action in actions:
            if isinstance(action, Play):
                self._fingers.play(sender, action, now)
            elif isinstance(action, Lift):
                self._fingers.lift(sender, action.id)
            elif isinstance(action, Setting):
                self._settings.put((action.name, action.box), action)
                self._feedback.moved(sender[0], message.address, now)
            elif isinstance(action, Touched):
                self._feedback.touched(sender[0], action.address, action.down, now)
            elif isinstance(action, Subscribe):
                target = (sender[0], action.port or sender[1])
                if (answer := self._feedback.subscribe(target, now)) is not None and self._may_answer:
                    self._may_answer = False
                    self._out.append(Reply(target, answer))
            elif isinstance(action, Confirm):
                self._feedback.confirm((sender[0], action.port or sender[1]), action.number, now)
        self._watch(sender, now)

    def _watch(self, sender: Sender, now: float) -> None:
        """Keep an ear on those whose fingers are down, and on no others."""
        owners = self._fingers.owners()
        if sender in owners:
            self._heard_at[sender] = now
        for other in self._heard_at.keys() - owners:
            del self._heard_at[other]

    def _clock(self, ip: str) -> SenderClock:
        clock = self._clocks.pop(ip, None) or SenderClock()
        if len(self._clocks) >= MOST_SENDERS:
            del self._clocks[next(iter(self._clocks))]
        self._clocks[ip] = clock  # the one heard last stands last
        return clock

    def _send(self, down: list[int], up: list[int], now: float) -> None:
        touches = []
        for number in up:
            if self._snap is not None:
                self._snap.lift(number)
            if (last := self._sent.pop(number, None)) is not None:
                touches.append(replace(last, t=now, active=False))
        for number in down:
            touch = self._fingers.touch(number, now)
            if touch is None:
                continue
            touch = self._in_tune(touch, now)
            before = self._sent.get(number)
            if before is None or replace(before, t=now) != touch:
                touches.append(touch)
            self._sent[number] = touch
        self._fingers.sent(up)
        if touches:
            self._out.append(Touches(touches))

    def _in_tune(self, touch: TimedTouch, now: float) -> TimedTouch:
        if self._snap is None:
            return touch
        pitch = touch.note
        if pitch is None and touch.x is not None:
            pitch = self._note_at(touch.x)
        if pitch is None:
            return touch
        return replace(touch, note=round(min(max(self._snap.sung(touch.id, pitch, now), LOW), HIGH), 4))

    def _snapping(self) -> list[int]:
        """Fingers whose correction goes on although they rest."""
        return [] if self._snap is None else [each for each in self._snap.unsettled() if isinstance(each, int)]

    def _complain(self, text: str, now: float) -> None:
        if self._complained_at is None or now >= self._complained_at + COMPLAIN_S:
            self._complained_at = now
            self._out.append(Said(text, True))
