"""Faults planted into the cores, one at a time: what the laboratory has to find. Each undoes one rule of the design."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from formant_net.client import peer as peers
from formant_net.client.peer import Event, Peer, State
from formant_net.client.signaling import Signaling
from formant_net.controller.core import Controller
from formant_net.controller.fingers import Fingers
from formant_net.controller.link import AnsweredLink
from formant_net.protocol.errors import ProtocolError
from formant_net.server.discovery import Discovery
from formant_net.server.hub import Hub
from formant_net.server.liveness import Liveness
from formant_net.server.registration import Registration
from formant_net.server.registry.registry import Left
from formant_net.synth.age import Age
from formant_net.synth.core import Synth
from formant_net.synth.linking.keeper import LinkKeeper
from formant_net.synth.linking.roster import Roster
from formant_net.synth.steps import Steps
from formant_net.synth.touches import Touches
from formant_net.timers.backoff import Backoff
from formant_net.timers.wakeup import Wakeup

Plant = Callable[[pytest.MonkeyPatch], None]


def held_voices_are_never_released(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(Touches, "on_deadline", lambda self, now: [])


def hold_counts_from_arrival(plant: pytest.MonkeyPatch) -> None:
    place: Any = Touches._place

    def late(
        self: Touches, name: Any, x: float, y: float, z: float | None, age_s: float, now: float, *more: Any
    ) -> Any:
        notes = place(self, name, x, y, z, age_s, now, *more)
        if name in self._fingers:
            self._fingers[name].touched_at = now + 0.1
        return notes

    plant.setattr(Touches, "_place", late)


def age_is_not_judged(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(Age, "of", lambda self, t_ms, now, limit_s: 0.0)


def age_ignores_that_a_clock_was_set(plant: pytest.MonkeyPatch) -> None:
    """The first echo counts for ever: drift and sleep are not seen."""
    ping = Age.ping

    def once(self: Age, *args: Any) -> None:
        if self._ahead_s is None:
            ping(self, *args)

    plant.setattr(Age, "ping", once)
    plant.setattr(Age, "_faded", lambda self, now: self._ahead_s)


def a_clock_in_steps_counts_as_one_that_was_set(plant: pytest.MonkeyPatch) -> None:
    """What such a clock says seems to come from the future again and again: few touches sound, or none."""
    plant.setattr(Steps, "doubt_s", property(lambda self: 0.0))


def pings_start_voices_at_any_age(plant: pytest.MonkeyPatch) -> None:
    def ping(self: Touches, ping: Any, now: float) -> Any:
        return [] if ping.points is None else self._state(ping.points, ping.seq, 0.0, now)

    plant.setattr(Touches, "ping", ping)


def seq_is_ignored(plant: pytest.MonkeyPatch) -> None:
    state = Touches._state

    def any_seq(self: Touches, points: Any, seq: Any, age_s: float, now: float) -> Any:
        return state(self, points, None, age_s, now)

    plant.setattr(Touches, "_state", any_seq)


def link_numbers_are_ignored_by_the_synth(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(LinkKeeper, "current", lambda self, name, number: self.links.get(name))


def link_numbers_are_ignored_by_the_controller(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(Controller, "_current", lambda self, name, number: self._links.get(name))


def late_answers_are_accepted(plant: pytest.MonkeyPatch) -> None:
    from formant_net.synth.linking import keeper as synth

    plant.setattr(synth, "mid_of", lambda sdp: None)


def the_roster_stays_stale(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(Roster, "left", lambda self, name: None)

    def replace(self: Roster, runs: Any) -> list[str]:
        self._runs.update(runs)
        return []

    plant.setattr(Roster, "replace", replace)


def runs_are_ignored(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(Roster, "run", lambda self, name: None)


def silence_is_not_death(plant: pytest.MonkeyPatch) -> None:
    deadline = Peer.deadline

    def patient(self: Peer) -> float | None:
        return None if self.state is State.OPEN else deadline(self)

    plant.setattr(Peer, "deadline", patient)


def set_up_never_ends(plant: pytest.MonkeyPatch) -> None:
    deadline = Peer.deadline

    def patient(self: Peer) -> float | None:
        return None if self.state in (State.OFFERING, State.CONNECTING) else deadline(self)

    plant.setattr(Peer, "deadline", patient)


def a_search_for_a_path_takes_ten_seconds(plant: pytest.MonkeyPatch) -> None:
    handle = Peer.handle

    def patient(self: Peer, event: Event, now: float) -> Any:
        done = handle(self, event, now)
        self.asked_at = None
        return done

    plant.setattr(Peer, "handle", patient)


def lost_links_are_not_tried_again(plant: pytest.MonkeyPatch) -> None:
    deadline = Peer.deadline

    def resigned(self: Peer) -> float | None:
        return None if self.state is State.WAITING else deadline(self)

    plant.setattr(Peer, "deadline", resigned)


def back_off_never_ends(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(Backoff, "failed", lambda self, now: 60.0)


def an_offer_under_way_is_not_repeated_when_the_peer_registers_anew(plant: pytest.MonkeyPatch) -> None:
    stays = {(state, Event.RELISTED): (state, ()) for state in (State.OFFERING, State.CONNECTING)}
    plant.setattr(peers, "OFFERER", {**peers.OFFERER, **stays})
    from formant_net.synth.linking import keeper as synth

    plant.setattr(synth, "OFFERER", {**peers.OFFERER, **stays})


def the_old_link_stays_open_beside_the_new(plant: pytest.MonkeyPatch) -> None:
    from formant_net.controller import core as controller

    both = {(state, Event.OFFER): (State.CONNECTING, (peers.Action.MAKE,)) for state in (State.CONNECTING, State.OPEN)}
    plant.setattr(controller, "ANSWERER", {**peers.ANSWERER, **both})


def a_closed_socket_is_not_opened_again(plant: pytest.MonkeyPatch) -> None:
    fail = Signaling._fail

    def resigned(self: Signaling, reason: str, now: float) -> None:
        fail(self, reason, now)
        self._deadline = None

    plant.setattr(Signaling, "_fail", resigned)


def messages_are_sent_before_registering(plant: pytest.MonkeyPatch) -> None:
    from formant_net.client.effects import Transmit

    plant.setattr(Signaling, "send", lambda self, message: self._out.append(Transmit(self.attempt, message)))


def the_list_is_not_asked_for_again(plant: pytest.MonkeyPatch) -> None:
    registered = Synth._registered

    def once(self: Synth) -> None:
        if self._signaling.registrations == 1:
            registered(self)
        else:
            self._keeper.registered()

    plant.setattr(Synth, "_registered", once)


def a_dead_server_is_not_asked_after(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(Signaling, "verify", lambda self, now: None)


def joins_are_not_announced(plant: pytest.MonkeyPatch) -> None:
    changed = Discovery.changed

    def quiet(self: Discovery, notice: Any, now: float) -> None:
        if isinstance(notice, Left):
            changed(self, notice, now)

    plant.setattr(Discovery, "changed", quiet)


def leases_never_end(plant: pytest.MonkeyPatch) -> None:
    due = Liveness.due

    def patient(self: Liveness, now: float) -> Any:
        return (over for over in due(self, now) if over.error is not None)

    plant.setattr(Liveness, "due", patient)


def a_late_close_ends_the_new_registration(plant: pytest.MonkeyPatch) -> None:
    """Connections are told apart by the id of their client."""
    send_away, disconnect = Registration._send_away, Hub.disconnect
    names: dict[int, str] = {}

    def by_name(self: Hub, conn: int, now: float) -> None:
        holder = self._clients.holder(names.get(conn, ""))
        disconnect(self, conn if holder is None else holder.conn, now)

    def noted(self: Registration, client: Any) -> None:
        names[client.conn] = client.id
        send_away(self, client)

    plant.setattr(Hub, "disconnect", by_name)
    plant.setattr(Registration, "_send_away", noted)


def ids_are_not_taken_over(plant: pytest.MonkeyPatch) -> None:
    """Whoever comes back has to wait until the old connection has died of silence."""

    def refuse(self: Registration, client: Any, asked: Any, *rest: Any) -> None:
        raise ProtocolError("id-taken", "wait", "register")

    plant.setattr(Registration, "_take_over", refuse)


def signaling_overtakes_itself(plant: pytest.MonkeyPatch) -> None:
    handle = Hub._handle

    def kept_back(self: Hub, client: Any, message: Any, now: float) -> None:
        from formant_net.protocol.messages import Offer

        waiting = self.__dict__.setdefault("kept_back", [])
        if isinstance(message, Offer) and not waiting:
            waiting.append(message)
            return
        handle(self, client, message, now)
        if waiting and waiting[0].source == message.source if hasattr(message, "source") else False:
            handle(self, client, waiting.pop(), now)

    plant.setattr(Hub, "_handle", kept_back)


def a_deadline_is_forgotten(plant: pytest.MonkeyPatch) -> None:
    """Only the first one is kept: the classic mistake of a timer that is set only when none is."""

    def by(self: Wakeup, moment: float | None) -> None:
        if moment is not None and self.at is None:
            self.at = moment

    plant.setattr(Wakeup, "by", by)


def forgotten_peers_stay_in_the_table(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(LinkKeeper, "_drop", lambda self, name, now: None)


def links_are_not_closed(plant: pytest.MonkeyPatch) -> None:
    from formant_net.client.peer import Action
    from formant_net.controller import core as controller
    from formant_net.synth.linking import keeper as synth

    def without(table: Any) -> Any:
        return {
            step: (after, tuple(a for a in actions if a is not Action.CLOSE))
            for step, (after, actions) in table.items()
        }

    plant.setattr(synth, "OFFERER", without(peers.OFFERER))
    plant.setattr(controller, "ANSWERER", without(peers.ANSWERER))


def releases_are_lost(plant: pytest.MonkeyPatch) -> None:
    """Fingers that are lifted stay in the controller's state."""
    touch = Controller.touch

    def sticky(self: Controller, touches: Any, now: float, *synths: Any) -> None:
        touch(self, [t for t in touches if t.active], now, *synths)

    plant.setattr(Controller, "touch", sticky)


def fingers_are_not_sent_again(plant: pytest.MonkeyPatch) -> None:
    def once(self: Fingers, now: float) -> None:
        self.resend_at, self._repeats = None, 0

    plant.setattr(Fingers, "said", once)


def echoes_are_sent_once(plant: pytest.MonkeyPatch) -> None:
    """After a while, or a sleep, the synth no longer knows how old touches are: nothing sounds."""
    pong = AnsweredLink.pong

    def deaf(self: AnsweredLink, message: Any, now: float) -> bool:
        again = pong(self, message, now)
        self._echo = None
        return again

    plant.setattr(AnsweredLink, "pong", deaf)


def a_silent_link_is_kept_although_another_could_be_made(plant: pytest.MonkeyPatch) -> None:
    settle = LinkKeeper.settle

    def patient(self: LinkKeeper, now: float) -> None:
        suspected = [link.peer for link in self.links.values() if link.peer.suspected]
        for peer in suspected:
            peer.suspected = False
        settle(self, now)
        for peer in suspected:
            peer.suspected = True

    plant.setattr(LinkKeeper, "settle", patient)


def a_silent_link_is_given_up_although_no_other_can_be_made(plant: pytest.MonkeyPatch) -> None:
    due = LinkKeeper._due

    def at_once(self: LinkKeeper, link: Any, now: float) -> None:
        due(self, link, now)
        if link.peer.suspected and link.peer.state is State.OPEN:
            self._end(link, "silent", now)

    plant.setattr(LinkKeeper, "_due", at_once)


def timers_are_set_in_the_past(plant: pytest.MonkeyPatch) -> None:
    """A core that wants to be called again and again and does nothing: a busy loop."""
    due = Synth.next_deadline

    def soon(self: Synth) -> float | None:
        at = due(self)
        return None if at is None else min(at, math.floor(at * 200.0) / 200.0 - 1.0)

    plant.setattr(Synth, "next_deadline", soon)


MUTATIONS: dict[Plant, tuple[str, ...]] = {
    held_voices_are_never_released: (),
    hold_counts_from_arrival: (),
    age_is_not_judged: (),
    age_ignores_that_a_clock_was_set: ("play", "sleep"),
    a_clock_in_steps_counts_as_one_that_was_set: ("play",),
    pings_start_voices_at_any_age: ("play", "stop"),
    echoes_are_sent_once: ("play", "sleep"),
    seq_is_ignored: (),
    link_numbers_are_ignored_by_the_synth: ("flap",),
    link_numbers_are_ignored_by_the_controller: ("flap",),
    late_answers_are_accepted: ("flap",),
    the_roster_stays_stale: (),
    silence_is_not_death: (),
    set_up_never_ends: (),
    lost_links_are_not_tried_again: (),
    back_off_never_ends: ("kill server",),
    an_offer_under_way_is_not_repeated_when_the_peer_registers_anew: (),
    the_old_link_stays_open_beside_the_new: (),
    links_are_not_closed: (),
    a_closed_socket_is_not_opened_again: (),
    messages_are_sent_before_registering: ("flap",),
    the_list_is_not_asked_for_again: (),
    joins_are_not_announced: (),
    leases_never_end: ("power gone",),
    a_late_close_ends_the_new_registration: (),
    ids_are_not_taken_over: (),
    signaling_overtakes_itself: (),
    a_deadline_is_forgotten: (),
    timers_are_set_in_the_past: (),
    forgotten_peers_stay_in_the_table: (),
    releases_are_lost: (),
    fingers_are_not_sent_again: (),
    a_silent_link_is_kept_although_another_could_be_made: (),
}
"""Each fault, and the kinds of steps among which it is looked for (none: all kinds)."""

SLOW: dict[Plant, str] = {
    runs_are_ignored: "controller killed, started again",
    a_dead_server_is_not_asked_after: "address of the controller changed",
    a_search_for_a_path_takes_ten_seconds: "no path between them for 60 s",
    a_silent_link_is_given_up_although_no_other_can_be_made: "synth without network for 10 s",
}
"""Faults that break no rule but a bound, and the case that is held to it."""
