"""The connections of a server: what is known of each, and by what it is found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto

from formant_net.protocol import codec
from formant_net.protocol import messages as m
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.standing import FULL, Standing
from formant_net.server.access.grant import Grant
from formant_net.server.offers import OfferMeter
from formant_net.timers.allowance import Allowance


class State(Enum):
    """Where a connection stands."""

    NEW = auto()
    """Connected, not registered."""
    WAITING = auto()
    """Asked for an id that another connection of this edge holds; that one is being probed."""
    CLAIMING = auto()
    """Asked for an id that a client of another edge holds; that edge is being asked."""
    ENTERING = auto()
    """Asked for an id; the registry has to say whether it is free."""
    REGISTERED = auto()


BEAT_CHARS = 128
"""A heartbeat of this length is remembered."""
MOST_CALLERS = 1024
"""Synths that a guest may answer, the last ones; bounds what is remembered of each."""
RETURNS_PER_S, RETURNS = 0.1, 20
"""How often a guest may take its id to another connection while the old one is open: synths are told each time."""
UNDECIDED = frozenset((State.WAITING, State.CLAIMING, State.ENTERING))
"""The states in which a client's messages are kept until it is registered."""


@dataclass(slots=True)
class Replies:
    """What a guest may still say to a synth after an offer of it. A client of ours sends one answer and a dozen
    candidates. Without a bound, guests could fill the synth's connection with them."""

    answers: int = 2
    candidates: int = 80


@dataclass(slots=True, eq=False)
class Client:
    """One connection: an integer that the shell chose and never uses again.

    address   where it comes from, "" if that is not known
    seen      when it last gave a sign of life, seconds of the hub's clock
    ws_id     the name of this connection in the registry, unique over all edges and restarts
    resume    the secret by which the same client takes its id back
    asked     what it registers, or wants to
    held      what it has said while it waits
    key       what it came in by, which may be withdrawn
    grant     what that allows it
    standing  a guest or not, and with whom it is counted
    counted   whether its address counts it among its guests; None: it is not counted
    callers   of a guest: the synths that have offered to it, and what it may still say to each. It may answer those,
              and learns of no other id
    offers    counts its offers, from the first on
    returns   of a guest: how often it may still take its id to another connection, from the first time on
    says_ice  it has last sent a candidate as `ice`, so it reads them as `ice`
    beat      its last heartbeat as it came, if it was a short one: the same text means the same
    """

    conn: int
    seen: float
    allowance: Allowance
    address: str = ""
    state: State = State.NEW
    id: str = ""
    role: m.Role = "controller"
    ws_id: str = ""
    resume: str = ""
    asked: m.Register | None = None
    held: list[codec.Signaling | m.Unknown] = field(default_factory=list)
    warned_at: float | None = None
    key: str | None = field(default=None, repr=False)
    grant: Grant = field(default_factory=Grant)
    standing: Standing = FULL
    counted: bool | None = None
    callers: dict[str, Replies] = field(default_factory=dict)
    offers: OfferMeter | None = None
    returns: Allowance | None = None
    says_ice: bool = False
    beat: str | None = None

    def called_by(self, source: str) -> None:
        """An offer of `source` has come for it."""
        if self.standing.guest:
            if len(self.callers) >= MOST_CALLERS:
                del self.callers[next(iter(self.callers))]
            self.callers[source] = Replies()

    def check_source(self, source: str | None, about: str) -> None:
        """Raises ProtocolError "not-registered", or "wrong-source" if it speaks in another's name."""
        if self.state is not State.REGISTERED:
            raise ProtocolError("not-registered", "send `register` with a client_id first", about)
        if source is not None and source != self.id:
            raise ProtocolError(
                "wrong-source", f"this connection is {self.id}: send that as `source`, or leave `source` out", about
            )


class Clients:
    """Connections by number, registered ones by id, synths by themselves; each look-up is one dict access."""

    def __init__(self) -> None:
        self._conns: dict[int, Client] = {}
        self._ids: dict[str, Client] = {}
        self._synths: dict[int, Client] = {}
        self.changes: list[tuple[Client, bool]] = []
        """Who has registered (True) or is gone (False) since somebody emptied this list, in order."""

    def __len__(self) -> int:
        return len(self._conns)

    def __contains__(self, conn: object) -> bool:
        return conn in self._conns

    def get(self, conn: int) -> Client | None:
        """The connection of that number, if it is open."""
        return self._conns.get(conn)

    def holder(self, id: str) -> Client | None:
        """The connection that is registered under `id`."""
        return self._ids.get(id)

    def registered(self) -> Iterator[Client]:
        """All that have registered. Costs their number."""
        return iter(self._ids.values())

    @property
    def synths(self) -> tuple[int, ...]:
        """The connections of all registered synths. Costs their number."""
        return tuple(self._synths)

    def add(self, client: Client) -> None:
        """A connection has opened."""
        self._conns[client.conn] = client

    def register(self, client: Client) -> None:
        """It has an id now, which replaces whoever had it."""
        self._ids[client.id] = client
        if client.role == "synth":
            self._synths[client.conn] = client
        self.changes.append((client, True))

    def drop(self, client: Client) -> None:
        """A connection is gone; its id stays with whoever has taken it meanwhile."""
        del self._conns[client.conn]
        self._synths.pop(client.conn, None)
        if self._ids.get(client.id) is client:
            del self._ids[client.id]
        if client.state is State.REGISTERED:
            self.changes.append((client, False))
