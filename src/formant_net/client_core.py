"""What the cores of synth and controller have in common: the way to their server, links by number, one timer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar, cast

from formant_net.effects import Told
from formant_net.errors import ProtocolError
from formant_net.messages import Error, Message, Unknown, wire_name
from formant_net.peer import Peer, State
from formant_net.signaling import Identity, Server, Signaling
from formant_net.timing import Timing
from formant_net.wakeup import Wakeup


class Linked(Protocol):
    """What is kept of one link."""

    peer: Peer


Link = TypeVar("Link", bound=Linked)
Out = TypeVar("Out")


class ClientCore(Generic[Link, Out]):
    """One client of a server. No I/O, no clock: `now` is s of one monotonic clock."""

    role: ClassVar[str]

    def __init__(
        self,
        client_id: str,
        role: Literal["synth", "controller"],
        meta: Mapping[str, Any] | None,
        servers: Sequence[Server],
        timing: Timing,
        random: Callable[[], float],
    ) -> None:
        self.counters: Counter[str] = Counter()
        self._id = client_id
        self._timing = timing
        self._random = random
        self._signaling = Signaling(Identity(client_id, role, meta), servers, timing, random)
        self._links: dict[str, Link] = {}
        self._wakeup = Wakeup()
        self._out: list[Out] = []

    def start(self, now: float) -> None:
        """Begin: connect to the server."""
        self._signaling.start(now)
        self._settle()

    def opened(self, attempt: int, now: float) -> None:
        """The WebSocket of `attempt` is open."""
        self._signaling.opened(attempt, now)
        self._settle()

    def closed(self, attempt: int, reason: str, now: float) -> None:
        """The WebSocket of `attempt` is closed or was never open. Links go on."""
        self._signaling.closed(attempt, reason, now)
        self._settle()

    def receive(self, attempt: int, message: Message | Unknown, now: float) -> None:
        """A message from the server. Raises ProtocolError when it is not expected; nothing has changed then."""
        mine = self._signaling.receive(attempt, message, now)
        if mine is not None:
            self._receive(mine, now)
        self._settle()

    def checked(self, number: int, ok: bool, now: float) -> None:
        """How a better server of the list is."""
        self._signaling.checked(number, ok, now)
        self._settle()

    def link_reached(self, name: str, number: int, now: float) -> None:
        """A path to the peer of a link is found; the channels are not open yet."""
        link = self._current(name, number)
        if link is not None:
            link.peer.reached(now)
            self._note_deadlines(link)

    def next_deadline(self) -> float | None:
        """When `on_deadline` wants to be called at the latest (it may be early), s, or None."""
        return self._wakeup.at

    def drain(self) -> list[Out]:
        """What is to be done, in order."""
        out, self._out = self._out, []
        return out

    def _settle(self) -> None:
        self._out += cast("list[Out]", self._signaling.drain())
        self._wakeup.by(self._signaling.next_deadline())

    def _current(self, name: str, number: int) -> Link | None:
        link = self._links.get(name)
        made = link is not None and link.peer.link == number and link.peer.state is not State.WAITING
        return link if made else None

    def _receive(self, message: Message | Unknown, now: float) -> None:
        """What is not of registering."""
        raise NotImplementedError

    def _otherwise(self, message: Message | Unknown) -> None:
        """What no client has something special to do with. ProtocolError for what only others are sent."""
        if isinstance(message, Error):
            self.counters["refused"] += 1
            refusal = Told("server refuses", {"code": message.code, "reason": message.message}, warning=True)
            self._out.append(cast(Out, refusal))
        elif isinstance(message, Unknown):
            self.counters["unknown"] += 1
        else:
            name = wire_name(message)
            source = getattr(message, "source", None) or "the server"
            raise ProtocolError("unexpected", f"{source} sent {name!r} to a {self.role}: ignored", name)

    def _note_deadlines(self, link: Link) -> None:
        """Wakes up in time for a link."""
        raise NotImplementedError
