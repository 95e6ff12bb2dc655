"""WebRTC connections as the cores see them: opened in many rounds, silent when dead, late after an outage.

The model keeps what aiortc was seen to do: connectivity checks and handshakes are repeated ever more rarely; a process
that dies tells nobody; a dead path ends as `closed` after half a minute; and what was given to an unordered,
unreliable channel while nothing passed may still arrive, late, when it passes again.
"""

from __future__ import annotations

import itertools
import re
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from faults.lab.network import Network, Stream

from formant_net.client.effects import COMMANDS, PARAMS
from formant_net.protocol.codec import decode_channel
from formant_net.protocol.descriptions.mid import mid_of

if TYPE_CHECKING:
    from faults.lab.client import ClientProcess

ROUNDS: tuple[tuple[float, ...], ...] = (
    (0.5, 1.0, 2.0, 4.0, 8.0, 16.0),  # ICE: aioice's retransmissions
    (1.0, 2.0, 4.0, 8.0, 16.0),  # DTLS, two flights
    (1.0, 2.0, 4.0, 8.0, 16.0),
    (3.0, 3.0, 3.0, 3.0, 3.0),  # SCTP, two
    (3.0, 3.0, 3.0, 3.0, 3.0),
)
HELD = 25
"""Messages that wait in a sender whose packets are not acknowledged: 4 KiB of touches."""
LATE_S = 1.0
"""SCTP's retransmission timer: what was held leaves so much after the path is back, at most."""
WELL_S = 1.2
"""Both sides of a link that works hear of each other so often: a ping a second, and its pong."""
CONSENT_S = 5.0
CONSENT_FAILURES = 6

_END = re.compile(r"a=x-end:(\d+)")
_FOR = re.compile(r"a=x-for:(\d+)")


def _sdp(mid: str, *more: str) -> str:
    """A description of one data-channel connection, as strict readers want it."""
    lines = (
        "v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", f"a=group:BUNDLE {mid}",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", f"a=mid:{mid}",
        "a=ice-ufrag:abcd", "a=ice-pwd:" + "p" * 22, "a=fingerprint:sha-256 " + ":".join(["AB"] * 32),
        "a=setup:actpass", *more, "",
    )  # fmt: skip
    return "\r\n".join(lines)


@dataclass(frozen=True, slots=True)
class Sent:
    """What the witness knows of one message: true moment of sending, its number on that end, the end, whose it is."""

    at: float
    number: int
    end: int
    by: str


class Connections:
    """All ends there are, so that a description leads to its end."""

    def __init__(self) -> None:
        self.ends: dict[int, End] = {}
        self._numbers = itertools.count(1)

    def add(self, end: End) -> int:
        number = next(self._numbers)
        self.ends[number] = end
        return number


class End:
    """One end of a connection, in one process."""

    def __init__(self, owner: ClientProcess, peer: str, link: int, network: Network, connections: Connections) -> None:
        self.owner, self.peer, self.link = owner, peer, link
        self.id = connections.add(self)
        self.remote: End | None = None
        self.open = False
        self.closed = False
        self.heard_at = -1e9
        """True moment of the last message from the other end."""
        self.address = owner.host.address
        self._net, self._all = network, connections
        self._sent = itertools.count(1)
        self._held: deque[tuple[str, Sent]] = deque(maxlen=HELD)
        self._reliable: Stream | None = None
        self._failures = 0
        self.expired = False
        """Consent has failed: aioice has closed it, and says so."""

    # --- descriptions

    def offer(self) -> str:
        return _sdp("0", f"a=x-end:{self.id}")

    def answer(self, offer: str) -> str:
        """Take the offer in; the answer to it."""
        found = _END.search(offer)
        assert found is not None
        self.remote = self._all.ends.get(int(found[1]))
        return _sdp(mid_of(offer) or "0", f"a=x-end:{self.id}", f"a=x-for:{found[1]}")

    def accept(self, answer: str) -> None:
        """Take the answer in: the rounds begin. That to another offer has other passwords: no check would succeed."""
        end, for_ = _END.search(answer), _FOR.search(answer)
        assert end is not None
        assert for_ is not None
        assert mid_of(answer) == "0", "the answer has to come back under the section name of the offer"
        if int(for_[1]) != self.id:
            self.owner.ensemble.witness.fail("an answer was taken for that to another offer", id=self.owner.name)
        self.remote = self._all.ends.get(int(end[1]))
        self._round(0, 0)

    # --- opening

    def _passes(self) -> bool:
        """Draws whether one packet goes there and its answer comes back."""
        remote = self.remote
        if remote is None or remote.closed or not (remote.owner.running and self.owner.running) or self._lame():
            return False
        a, b = self.owner.host.name, remote.owner.host.name
        return self._net.passes(a, b) and self._net.passes(b, a)

    @property
    def well(self) -> bool:
        """True while both ends work and hear each other."""
        remote, now = self.remote, self._net.clock.now
        if remote is None or not (self.open and remote.open) or self.closed or remote.closed or self._lame():
            return False
        if self.expired or remote.expired or not (self.owner.running and remote.owner.running):
            return False
        a, b = self.owner.host.name, remote.owner.host.name
        cut = self._net.is_cut(a, b) or self._net.is_cut(b, a)
        return not cut and now - min(self.heard_at, remote.heard_at) < WELL_S

    def _lame(self) -> bool:
        """True when one end no longer has the address that the connection was made for."""
        remote = self.remote
        return self.address != self.owner.host.address or remote is None or remote.address != remote.owner.host.address

    def _round(self, number: int, tries: int) -> None:
        if self.closed or not self.owner.alive:
            return
        if self._passes():
            self._net.clock.after(self._rtt_s(), self._passed, number)
        elif tries < len(ROUNDS[number]):
            self._net.clock.after(ROUNDS[number][tries], self._round, number, tries + 1)
        else:
            self.owner.does(partial(self._lose, "connection failed"))

    def _passed(self, number: int) -> None:
        remote = self.remote
        if self.closed or remote is None or remote.closed:
            return
        if number == 0:
            for end in (self, remote):
                end.owner.does(end._reached)
        if number + 1 < len(ROUNDS):
            self._round(number + 1, 0)
            return
        remote.owner.does(remote._opened)  # the answerer first: it is the one that hears of the channels
        self._net.clock.after(self._rtt_s() / 2, self.owner.does, self._opened)

    def _news(self) -> bool:
        """Whether news of this end is told. Of one that was just closed it may be on its way to the core already."""
        return not self.closed or (self.owner.alive and self.owner.random.random() < 0.5)

    def _reached(self) -> None:
        if self._news():
            self.owner.link_reached(self)

    def _opened(self) -> None:
        if self.open or not self._news():
            return
        if self.closed:
            self.owner.tell(self.owner.client.link_opened, self.peer, self.link, PARAMS)
            return
        self.open = True
        self._net.on_heal(self._healed)
        self._net.clock.after(CONSENT_S, self._consent)
        for channel in (COMMANDS, PARAMS):
            if not self.closed:
                self.owner.tell(self.owner.client.link_opened, self.peer, self.link, channel)

    def _rtt_s(self) -> float:
        remote = self.remote
        assert remote is not None
        a, b = self.owner.host.name, remote.owner.host.name
        return self._net.delay_s(a, b) + self._net.delay_s(b, a)

    # --- the end

    def close(self) -> None:
        """By this side. The other hears of it if one packet arrives; a process that dies sends none."""
        if self.closed:
            return
        self._over()
        if self.owner.random.random() < 0.3:  # the library has it in its queue as well
            self._net.clock.after(self.owner.random.uniform(0.0, 0.5), self._lose, "connection closed")
        remote = self.remote
        if remote is not None and self.owner.alive and not self._lame():
            a, b = self.owner.host.name, remote.owner.host.name
            self._net.datagram(a, b, partial(remote.owner.does, partial(remote._lose, "channel closed")))

    def _over(self) -> None:
        self.closed = True
        self._held.clear()
        self._all.ends.pop(self.id, None)
        if self._reliable is not None:
            self._reliable.end()
        if self.open:
            self._net.forget(self._healed)

    def vanish(self) -> None:
        """The process is gone."""
        if not self.closed:
            self._over()

    def _lose(self, reason: str) -> None:
        if self.owner.running and self._news():
            self.owner.tell(self.owner.client.link_lost, self.peer, self.link, reason)

    def _consent(self) -> None:
        if self.closed or not self.owner.alive:
            return
        self._failures = 0 if self._passes() else self._failures + 1
        if self._failures >= CONSENT_FAILURES:
            self.expired = True
            self.owner.does(partial(self._lose, "connection closed"))
        self._net.clock.after(CONSENT_S, self._consent)

    # --- messages

    def send(self, channel: str, text: str) -> None:
        if self.closed or not self.open:
            return
        sent = Sent(self._net.clock.now, next(self._sent), self.id, self.owner.name)
        remote = self.remote
        if remote is None:
            return
        a, b = self.owner.host.name, remote.owner.host.name
        if channel == COMMANDS:
            if self._reliable is None:
                self._reliable = Stream(self._net, a, b)
            self._reliable.send(partial(self._arrive, remote, channel, text, sent))
        elif self._lame() or self._net.is_cut(a, b):
            self._held.append((text, sent))
        else:
            self._net.datagram(a, b, partial(self._arrive, remote, channel, text, sent))

    def _healed(self, a: str, b: str, outage_s: float) -> None:
        remote = self.remote
        if self._held and remote is not None and (a, b) == (self.owner.host.name, remote.owner.host.name):
            self._net.clock.after(self._net.random.uniform(0.0, LATE_S), self._flush)

    def _flush(self) -> None:
        remote = self.remote
        if self.closed or remote is None or self._lame():
            return
        held, self._held = self._held, deque(maxlen=HELD)
        a, b = self.owner.host.name, remote.owner.host.name
        for text, sent in held:
            self._net.datagram(a, b, partial(self._arrive, remote, PARAMS, text, sent))

    def _arrive(self, remote: End, channel: str, text: str, sent: Sent) -> None:
        if not self._lame():
            remote.owner.does(partial(remote._hear, channel, text, sent))

    def _hear(self, channel: str, text: str, sent: Sent) -> None:
        if not self._news():
            return
        owner = self.owner
        self.heard_at = self._net.clock.now
        owner.cause = sent
        owner.tell(owner.client.channel, self.peer, self.link, channel, decode_channel(text))
        owner.cause = None
