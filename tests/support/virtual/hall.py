"""A hall: the real hub, the real core of a synth, and players and guests, on one virtual clock.

Players speak raw JSON to the hub. A WebRTC link is simulated by fixed delays: an answer after 20 ms, open channels
30 ms later.
"""

from __future__ import annotations

import heapq
import itertools
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from support.net.sdp import offer, sdp
from support.virtual.clients import RawClients

from formant_net.client import effects as fx
from formant_net.client.servers import Server
from formant_net.protocol.codec import decode_signaling, encode
from formant_net.protocol.descriptions.mid import mid_of, with_mid
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.timing import Timing
from formant_net.server.access.join_keys import Access
from formant_net.server.access.limits import Limits
from formant_net.server.access.tokens import SCOPES, KeySet, make_key
from formant_net.synth.core import Synth
from formant_net.synth.play_limits import PlayLimits

Manner = Literal["links", "answers", "mute"]
"""What somebody does with an offer: links, answers and never opens, or nothing at all."""
KEY = "abcd-efgh"
KEYS = KeySet.parse(json.dumps({"keys": [make_key("HS256", "a", lambda count: b"x" * count)]}))
ANSWER_S, OPEN_S, OFFER_S, TICK_S = 0.02, 0.03, 0.01, 0.002


@dataclass
class Person:
    """One connection, and how it behaves."""

    id: str
    conn: int
    manner: Manner
    came: float
    offers: int = 0
    linked_at: float | None = None


@dataclass
class Hall:
    """`run` lets time pass. `people` by id."""

    limits: Limits | None = None
    play_limits: PlayLimits | None = None
    people: dict[str, Person] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clients = RawClients(access=Access(KEY, tokens=KEYS), limits=self.limits)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._tokens: dict[str, str] = {}
        self.offers_made = 0
        self.errors: list[ProtocolError] = []
        self.core = Synth("synth-a", [Server("ws://hall/ws", key=KEY)], Timing(), random.Random(1).random,
                          limits=self.play_limits)  # fmt: skip
        self.synth = -1
        self._tell(self.core.start)
        self.run(0.1)

    @property
    def now(self) -> float:
        return self.clients.clock.now

    def token(self, name: str = "audience", scopes: str = "audience") -> str:
        """An audience token, or one for phones; another one for each name."""
        if name not in self._tokens:
            claims = {"exp": self.now + 36_000.0 + len(self._tokens), "scope": " ".join(SCOPES[scopes])}
            self._tokens[name] = KEYS.sign(claims)
        return self._tokens[name]

    def comes(
        self,
        id: str,
        *,
        key: str = KEY,
        address: str = "192.0.2.1",
        manner: Manner = "links",
        stays_s: float | None = None,
        **more: Any,
    ) -> Person:
        """Somebody connects and registers, and leaves after `stays_s`."""
        conn = self.clients.connect(address)
        person = self.people[id] = Person(id, conn, manner, self.now)
        if conn in self.clients.open:
            text = self.clients.text("register", client_id=id, key=key, meta={"run": id}, **more)
            self.clients.hub.receive_frame(conn, text, self.now)
            self._post()
        if stays_s is not None:
            self._after(stays_s, lambda: self.leaves(id))
        return person

    def leaves(self, id: str) -> None:
        person = self.people.pop(id)
        if person.conn in self.clients.open:
            self.clients.drop(person.conn)
            self._post()

    def linked(self, id: str) -> bool:
        """Whether the synth has an open link to it."""
        return id in self.core.open_peers

    def waited(self, id: str, most_s: float) -> float | None:
        """How long it takes from now until `id` is linked, s; None if it is not within `most_s`."""
        begun = self.now
        while self.now - begun < most_s:
            if self.linked(id):
                return self.now - begun
            self.run(0.01)
        return None

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end - 1e-9:
            self.clients.clock.now += TICK_S
            while self._events and self._events[0][0] <= self.now:
                heapq.heappop(self._events)[2]()
            due = self.clients.hub.next_deadline()
            if due is not None and due <= self.now:
                self.clients.hub.on_deadline(self.now)
                self._post()
            due = self.core.next_deadline()
            if due is not None and due <= self.now:
                self._tell(self.core.on_deadline)

    # --- inside

    def _after(self, delay_s: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + delay_s, next(self._order), what))

    def _post(self) -> None:
        """What the hub has put out reaches everybody; whoever is asked for a sign of life gives it."""
        for conn in self.clients.sort():
            if conn in self.clients.open:
                self._after(0.001, lambda conn=conn: self._pong(conn))  # type: ignore[misc]
        for message in self.clients.inbox.get(self.synth, []):
            parsed = decode_signaling(json.dumps(message))
            self._after(0.001, lambda parsed=parsed: self._tell(self.core.receive, self._attempt, parsed))  # type: ignore[misc]
        if self.synth in self.clients.inbox:
            self.clients.inbox[self.synth].clear()
        for person in list(self.people.values()):
            heard, self.clients.inbox[person.conn] = self.clients.inbox[person.conn], []
            for message in heard:
                if message["type"] == "offer":
                    person.offers += 1
                    if person.manner != "mute":
                        self._after(ANSWER_S, lambda p=person, m=message: self._answer(p, m["data"]["sdp"]))  # type: ignore[misc]

    def _pong(self, conn: int) -> None:
        if conn in self.clients.open:
            self.clients.hub.alive(conn, self.now)
            self._post()

    def _answer(self, person: Person, offered: str) -> None:
        if person.conn in self.clients.open:
            data = {"type": "answer", "sdp": with_mid(sdp(setup="active"), mid_of(offered) or "0")}
            self.clients.hub.receive_frame(
                person.conn, self.clients.text("answer", target="synth-a", data=data), self.now
            )
            self._post()

    def _tell(self, what: Callable[..., None], *args: Any) -> None:
        try:
            what(*args, self.now)
        except ProtocolError as error:
            self.errors.append(error)
        for effect in self.core.drain():
            self._perform(effect)

    def _perform(self, effect: object) -> None:
        if isinstance(effect, fx.Connect):
            self._attempt = effect.attempt
            self.synth = self.clients.connect("198.51.100.1")
            self._after(0.001, lambda: self._tell(self.core.opened, self._attempt))
        elif isinstance(effect, fx.Transmit):
            text = encode(effect.message)
            self._after(0.001, lambda: self._say(text))
        elif isinstance(effect, fx.MakeOffer):
            self.offers_made += 1
            peer, link = effect.peer, effect.link
            self._after(OFFER_S, lambda: self._tell(self.core.described, peer, link, offer()["sdp"]))
        elif isinstance(effect, fx.AcceptAnswer):
            peer, link = effect.peer, effect.link
            person = self.people.get(peer)
            if person is not None and person.manner == "links":
                self._after(OPEN_S, lambda: self._open(person, link))

    def _open(self, person: Person, link: int) -> None:
        self._tell(self.core.link_reached, person.id, link)
        self._tell(self.core.link_opened, person.id, link, fx.PARAMS)
        if person.linked_at is None and self.linked(person.id):
            person.linked_at = self.now

    def _say(self, text: str) -> None:
        if self.synth in self.clients.open:
            self.clients.hub.receive_frame(self.synth, text, self.now)
            self._post()
