"""The links of a synth to its controllers: when each one is made, tried again and given up."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from formant_net.client.effects import AcceptAnswer, AddCandidate, CloseLink, Effect, MakeOffer, Notice
from formant_net.client.peer import OFFERER, Action, Event, Peer, State
from formant_net.client.signaling import Signaling
from formant_net.protocol.descriptions.mid import mid_of, with_mid
from formant_net.protocol.messages import (
    Answer,
    ControllerDetail,
    ControllerJoined,
    ControllersList,
    Description,
    IceCandidate,
    Offer,
    RequestControllers,
)
from formant_net.protocol.standing import Standing
from formant_net.protocol.timing import Timing
from formant_net.synth.linking.blocklist import Blocklist
from formant_net.synth.linking.listing import Listing, run_of
from formant_net.synth.linking.open_offers import MOST_ANSWER_S, PLAIN_MID, OpenOffers
from formant_net.synth.linking.places import Places
from formant_net.synth.linking.ranking import Ranking
from formant_net.synth.linking.roster import Roster
from formant_net.synth.linking.setups import Setups
from formant_net.synth.linking.worked import Worked
from formant_net.synth.play_limits import PlayLimits
from formant_net.timers.allowance import Allowance
from formant_net.timers.backoff import Backoff
from formant_net.timers.wakeup import Wakeup


@dataclass(slots=True)
class OfferedLink:
    """What a synth keeps of its link to one controller. It stays while the link is made anew."""

    peer: Peer
    failures: int = 0
    """How often in a row the controller was not reached."""
    mid: str = ""
    """The `a=mid` that the present offer has on the wire."""
    offered_mid: str = ""
    """The `a=mid` that our WebRTC stack gave it."""
    run: str | None = None
    """The controller's run that the present link was offered to."""
    may_set: bool = True
    """Whether this controller may change what everybody hears; its server says so."""
    guest: bool = False
    """Whether the present link was offered to a guest."""


class LinkKeeper:
    """Offers a link to every listed controller, as many as the limits allow, the preferred ones first.

    When a controller without a run answers and more than one offer to it was open, its next offers have twice the time.
    Otherwise a slow controller would answer every offer too late, and each answer would be taken for that to the next
    offer (open_offers.py).

    An event changes one link and marks the places that became free. `settle`, called once after each event, gives these
    places to the controllers that wait. No event calls another one.

    signaling    the conversation with the server: whether the server answers, and where offers are sent
    playing      tells whether a finger of this controller is down; such a link is not given up for a nearer controller
    counters     counts the messages that were ignored, by reason

    It does not handle touches and settings. `drain` returns the effects: links to make, to answer and to close.
    """

    def __init__(
        self,
        client_id: str,
        signaling: Signaling,
        timing: Timing,
        random: Callable[[], float],
        limits: PlayLimits,
        playing: Callable[[str], bool],
        counters: Counter[str],
    ) -> None:
        self.links: dict[str, OfferedLink] = {}
        self.roster = Roster()
        self._id = client_id
        self._signaling = signaling
        self._timing = timing
        self._random = random
        self._limits = limits
        self._counters = counters
        self._ranking = Ranking()
        guests = Allowance(limits.guest_setups_per_s, limits.guest_setups_burst, 0.0)
        self._setups = Setups(limits.setups, limits.patience_s, guests)
        self._places = Places(limits.controllers, self._ranking, playing)
        """The controllers of `links`."""
        self._listing = Listing()
        self._offers = OpenOffers()
        self._blocklist = Blocklist(limits.block_s)
        self._worked = Worked(timing.eager_s)
        # Numbers start at a random value: an answer to an earlier process of this synth is recognised as not ours.
        self._numbers = itertools.count(1 + int(random() * 1e9))
        self._vacant = False
        """A link was removed since the last `settle`: another controller may have its place."""
        self._wakeup = Wakeup()
        self._out: list[Effect] = []

    def current(self, name: str, number: int) -> OfferedLink | None:
        """The link to `name`, if `number` is its present connection. News of an earlier connection is ignored."""
        link = self.links.get(name)
        made = link is not None and link.peer.link == number and link.peer.state is not State.WAITING
        return link if made else None

    # --- what the server says --------------------------------------------------------------------------------

    def registered(self) -> None:
        """A server has registered the synth: distances count from there."""
        self._ranking.here(self._signaling.edge, self._signaling.location)

    def listed(self, message: ControllersList, now: float) -> None:
        """A list of controllers, or a part of it. The whole list replaces what was known."""
        listing = self._listing.take(message)
        if listing is None:
            self._signaling.send(RequestControllers(source=self._id, after=message.controllers[-1]))
            return
        self._ranking.keep(listing)
        for name, detail in listing.items():
            if detail is not None:
                self._know(name, detail)
        runs = {name: run_of(detail.meta) if detail is not None else None for name, detail in listing.items()}
        for name in self.roster.replace(runs):
            self._drop(name, now)
        for name in sorted(self.roster, key=self._ranking.rank):
            self._named(name, now)

    def joined(self, message: ControllerJoined, now: float) -> None:
        """A controller has registered, perhaps anew."""
        name = message.controller_id
        if name not in self.roster and self.roster.full:
            gone = self.roster.last(self._ranking.guest)
            if gone is None or message.settings is False:
                self._counters["beyond_roster"] += 1
                return
            self.left(gone, now)
        self.roster.joined(name, run_of(message.meta or None))
        self._know(name, message)
        self._named(name, now)

    def left(self, name: str, now: float) -> None:
        """A controller is no longer registered. A link that lives is left alone."""
        self.roster.left(name)
        self._listing.left(name)
        self._drop(name, now)
        self._ranking.forget(name)

    def answered(self, message: Answer, now: float) -> None:
        """The answer to an offer. Raises ProtocolError when none is expected; nothing has changed then."""
        name = message.sender
        link = self.links.get(name)
        open_offers = self._offers.answered(name)
        if link is not None and link.run is None and open_offers > 1:
            # This may answer an earlier offer, as of a slow controller. The next offer waits for the other answer.
            link.peer.answer_s = min(2.0 * link.peer.answer_s, MOST_ANSWER_S)
            self._offers.wait(name, link.peer.made_at + link.peer.answer_s)
        if link is not None and link.run is None and open_offers and link.peer.state is State.CONNECTING:
            # Only this is the answer to our last offer: the one that was taken for it was to an earlier offer.
            self._end(link, "it had answered an earlier offer", now)
        if link is None or link.peer.state is State.WAITING:
            self._counters["late_answer"] += 1
            if link is not None and name in self.roster:
                self._begin(link, now)  # too late for that offer, but the peer is there again
            return
        mid = mid_of(message.data.sdp)
        if mid is not None and mid != link.mid:
            self._counters["late_answer"] += 1
            return
        self._apply(link, Event.ANSWER, now, with_mid(message.data.sdp, link.offered_mid))
        link.may_set = message.settings is not False

    def refused(self, target: str, code: str, now: float) -> None:
        """The server did not pass an offer on. Others get its place; it is tried again after the back-off."""
        link = self.links.get(target)
        if link is not None and link.peer.state is State.OFFERING:
            self._offers.answered(target)  # nobody will answer it
            self._end(link, f"the server refuses: {code}", now)

    def candidate(self, message: IceCandidate) -> None:
        """A trickled candidate of a controller."""
        link = self.links.get(message.sender)
        if link is None or link.peer.state is State.WAITING:
            return
        candidate = message.data
        if candidate is not None and candidate.sdp_mid == link.mid:
            candidate = msgspec.structs.replace(candidate, sdp_mid=link.offered_mid)
        self._out.append(AddCandidate(link.peer.name, link.peer.link, candidate))

    # --- what the shell and the other side say -----------------------------------------------------------------

    def described(self, name: str, number: int, sdp: str) -> None:
        """The offer of a link is complete: it is sent."""
        link = self.current(name, number)
        if link is not None:
            link.offered_mid = mid_of(sdp) or "0"
            offer = Description(type="offer", sdp=with_mid(sdp, link.mid))
            self._signaling.send(Offer(source=self._id, target=name, data=offer))

    def reached(self, name: str, number: int, now: float) -> None:
        """A path to the controller is found; the channels are not open yet."""
        link = self.current(name, number)
        if link is not None:
            link.peer.reached(now)
            self._note(link)

    def opened(self, link: OfferedLink, now: float) -> None:
        """The link is open. Raises ProtocolError when that is not expected."""
        self._apply(link, Event.OPENED, now)
        link.peer.answer_s = self._timing.link_setup_s
        self._offers.opened(link.peer.name)
        took_ms = round((now - link.peer.made_at) * 1000)
        self._out.append(Notice("controller linked", {"id": link.peer.name, "in_ms": took_ms}))

    def pinged(self, link: OfferedLink, rtt_ms: float | None) -> None:
        """The controller pings: from now on its silence means death. `rtt_ms` is the round trip that it measured."""
        if not link.peer.keeps_time:
            link.peer.keeps_time = True
            self._note(link)
        if rtt_ms is not None:
            self._ranking.measured(link.peer.name, rtt_ms / 1e3)

    def lost(self, link: OfferedLink, reason: str, now: float) -> None:
        """The link closed or failed; `reason` in words."""
        self._end(link, reason, now)

    def block(self, link: OfferedLink, reason: str, now: float) -> None:
        """The controller broke the protocol in a way no client of ours does: close its link and block it a while."""
        self._counters["blocked"] += 1
        self._blocklist.add(link.peer.name, now)
        self._end(link, f"{reason}: not called again for {self._limits.block_s:g} s", now, warning=True)

    def stop(self) -> None:
        """The end: every link is closed."""
        for link in self.links.values():
            if link.peer.state is not State.WAITING:
                self._out.append(CloseLink(link.peer.name, link.peer.link))
            self._places.remove(link.peer.name)
        self.links.clear()

    # --- time --------------------------------------------------------------------------------------------------

    def settle(self, now: float) -> None:
        """Call after each event. Closes silent links if new ones can be made, and gives free places to who waits."""
        if self._signaling.answers:
            for link in list(self.links.values()):
                if link.peer.suspected and link.peer.state is State.OPEN:
                    self._end(link, f"silent for {now - link.peer.heard_at:.1f} s", now, warning=True)
        vacant, self._vacant = self._vacant, False
        if self._signaling.online:  # offline nobody takes an offer: the list after the next registration starts anew
            if vacant:
                for name in self._places.best(self.roster):
                    self._begin(self._add(name), now)
            while (next_name := self._setups.next(now)) is not None:
                waiting = self.links.get(next_name)
                if waiting is not None and waiting.peer.state is State.WAITING:
                    self._begin(waiting, now)
        self._wakeup.by(self._setups.deadline(begins=self._signaling.online))

    def next_deadline(self) -> float | None:
        """When `on_deadline` wants to be called at the latest (it may be early), s, or None."""
        return self._wakeup.at

    def on_deadline(self, now: float) -> None:
        """Slow set-ups give way, silent peers are given up, links are tried again. Call `settle` afterwards."""
        for name in self._setups.slow(now):
            link = self.links[name]
            what = "no answer" if link.peer.state is State.OFFERING else "answered and not open"
            self._end(link, f"{what}, and others wait", now)
        for link in list(self.links.values()):
            due = link.peer.deadline()
            if due is not None and now >= due:
                self._due(link, now)
        self._wakeup.clear()
        for link in self.links.values():
            self._note(link)

    def drain(self) -> list[Effect]:
        """What is to be done, in order."""
        out, self._out = self._out, []
        return out

    # --- inside ------------------------------------------------------------------------------------------------

    def _know(self, name: str, said: ControllerDetail | ControllerJoined) -> None:
        """Where a controller is, and who it is, as its server says."""
        standing = Standing(said.settings is False, _text(said.group))
        self._ranking.placed(name, _text(said.edge), _text(said.location), standing)
        self._places.standing(name, standing)

    def _named(self, name: str, now: float) -> None:
        """The server names a controller, perhaps anew: make a link, or again an offer that may have been lost."""
        link = self.links.get(name)
        if link is None:
            if self._places.full and not self._make_room(name, now):
                self._counters["beyond_max_links"] += 1
                return
            link = self._add(name)
        run = self.roster.run(name)
        if link.peer.state is State.OPEN and link.run is not None and run not in (None, link.run):
            self._end(link, "started anew", now)  # the link leads to a process that has ended
        elif link.peer.state is State.OPEN and link.guest and not self._ranking.guest(name):
            self._end(link, "its id has gone to somebody with more rights", now)
        elif link.peer.state is State.OPEN and not link.peer.keeps_time and link.peer.silent(now):
            # It never pinged, so its silence proves nothing. It has registered anew, so a new link is the safe choice.
            self._end(link, "registered anew", now)
        if link.peer.state is State.WAITING:
            self._begin(link, now)
        elif link.peer.state is State.OPEN or (
            (link.peer.state is not State.OFFERING or name not in self._offers)
            and self._setups.again(self._ranking.standing(name), now)
        ):
            self._apply(link, Event.RELISTED, now)

    def _add(self, name: str) -> OfferedLink:
        peer = Peer(name, OFFERER, self._timing, Backoff(self._timing, self._random), self._numbers.__next__)
        peer.worked_at = self._worked.take(name)
        link = self.links[name] = OfferedLink(peer)
        self._places.add(name)
        return link

    def _begin(self, link: OfferedLink, now: float) -> None:
        """Make an offer, or wait: while the controller is blocked, while it may still answer the last offer, and while
        the number of links being set up is at its limit."""
        name = link.peer.name
        until = self._blocklist.until(name, now)
        if until is None and self.roster.run(name) is None:
            until = self._offers.until(name, now)
        if until is not None:
            link.peer.retry_at = until
            self._wakeup.by(until)
            return
        standing = self._ranking.standing(name)
        placed = self._setups.begin(name, link.failures, now, standing)
        if not placed and (other := self._setups.gives_way(standing, now)) is not None:
            self._end(self.links[other], "made room for others", now)
            placed = self._setups.begin(name, link.failures, now, standing)
        if placed:
            self._apply(link, Event.START, now)

    def _apply(self, link: OfferedLink, event: Event, now: float, sdp: str = "") -> None:
        """One step of the peer's machine, and the effects that it asks for."""
        peer = link.peer
        for action, number in peer.handle(event, now):
            if action is Action.CLOSE:
                self._out.append(CloseLink(peer.name, number))
            elif action is Action.MAKE:
                self._number(link, now)
                guest = link.guest = self._ranking.guest(peer.name)
                link.may_set = not guest
                self._out.append(MakeOffer(peer.name, number, self._signaling.ice_servers, guest))
            else:
                self._out.append(AcceptAnswer(peer.name, number, sdp))
        if event is Event.ANSWER:
            self._setups.answered(peer.name, now)
        if peer.state not in (State.OFFERING, State.CONNECTING):
            self._setups.end(peer.name)
        self._note(link)

    def _number(self, link: OfferedLink, now: float) -> None:
        """Choose the `mid` that identifies the answer to the offer that is being made."""
        name = link.peer.name
        link.run = self.roster.run(name)
        link.mid = PLAIN_MID if link.run is None else f"L{link.peer.link}"
        if link.run is None:
            self._offers.offered(name, link.peer.answer_s, self.links, now)
        else:
            self._offers.named_run(name, self.links, now)

    def _end(self, link: OfferedLink, reason: str, now: float, *, warning: bool = False) -> None:
        """End a link that is open or being set up. While its controller is listed, it is tried again later."""
        was_open = link.peer.state is State.OPEN
        link.failures = 0 if was_open else link.failures + 1
        self._apply(link, Event.LOST, now)
        listed = link.peer.name in self.roster
        fields = {"id": link.peer.name, "reason": reason, "rebuild": listed}
        self._out.append(Notice("controller lost" if was_open else "controller not reached", fields, warning=warning))
        if not listed:
            self._drop(link.peer.name, now)

    def _drop(self, name: str, now: float) -> None:
        """Remove a controller that is no longer listed, unless it has answered or its link is open."""
        link = self.links.get(name)
        if link is None or link.peer.state not in (State.WAITING, State.OFFERING):
            return
        self._remove(link, now)
        if link.peer.worked_at is not None:
            self._worked.remember(name, link.peer.worked_at, now)

    def _remove(self, link: OfferedLink, now: float) -> None:
        """Forget a link that waits or has only been offered; its place is free."""
        self._apply(link, Event.FORGET, now)
        self._setups.forget(link.peer.name)
        self._places.remove(link.peer.name)
        del self.links[link.peer.name]
        self._vacant = True

    def _make_room(self, name: str, now: float) -> bool:
        """Remove one controller in favour of `name`. False if none has to make room."""
        waiting = (one for one in self.links.values() if one.peer.state is State.WAITING and one.failures)
        found = self._places.makes_room(name, (one.peer.name for one in waiting))
        if found is None:
            return False
        other, reason = found
        link = self.links[other]
        if reason:
            self._let_go(link, name, reason, now)
        else:
            self._remove(link, now)
        return True

    def _let_go(self, link: OfferedLink, other: str, reason: str, now: float) -> None:
        """Remove a link in favour of `other`."""
        if link.peer.state is not State.WAITING:
            self._apply(link, Event.LOST, now)
        self._remove(link, now)
        self._out.append(Notice("controller let go", {"id": link.peer.name, "for": other, "reason": reason}))

    def _due(self, link: OfferedLink, now: float) -> None:
        """The time of a link's present state is over."""
        timing, state = self._timing, link.peer.state
        if state is State.WAITING:
            if self._signaling.online and not self._setups.waits(link.peer.name):
                self._begin(link, now)
        elif state is State.OPEN and link.peer.suspected:
            self._end(link, f"silent for {timing.abandon_s:g} s", now, warning=True)
        elif state is State.OPEN:
            # With a server a new link is made quickly. Without one this link is the only one: its path may come back.
            link.peer.suspected = True
            self._out.append(Notice("controller silent", {"id": link.peer.name}, warning=True))
            self._signaling.verify(now)
        elif state is State.OFFERING:
            self._end(link, f"no answer within {link.peer.answer_s:g} s", now, warning=True)
            self._signaling.verify(now)
        elif link.peer.reached_at is None:
            self._end(link, "no path to it", now, warning=True)
        else:
            self._end(link, f"not open within {timing.link_setup_s:g} s", now, warning=True)

    def _note(self, link: OfferedLink) -> None:
        """Set the wake-up for a link. Offline, a waiting link is started by the list after the next registration."""
        if not self._setups.waits(link.peer.name) and (link.peer.state is not State.WAITING or self._signaling.online):
            self._wakeup.by(link.peer.deadline())


def _text(value: object) -> str:
    """A field that may be left out."""
    return value if isinstance(value, str) else ""
