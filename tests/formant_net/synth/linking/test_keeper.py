"""Which links a synth keeps and when it makes them, with a server and controllers that say what the test wants."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest

from formant_net.client.effects import AcceptAnswer, AddCandidate, CloseLink, MakeOffer, Notice, Transmit
from formant_net.client.peer import State
from formant_net.client.servers import Server
from formant_net.client.signaling import Identity, Signaling
from formant_net.protocol import messages as m
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.timing import Timing
from formant_net.synth.linking.keeper import LinkKeeper
from formant_net.synth.linking.open_offers import MOST_ANSWER_S
from formant_net.synth.play_limits import PlayLimits

OFFER = "v=0\r\na=group:BUNDLE 7\r\na=mid:7\r\n"


class Stand:
    """A keeper that is registered at a server, at time 0."""

    def __init__(self, **limits: Any) -> None:
        self.timing = Timing()
        self.signaling = Signaling(Identity("synth-a", "synth"), [Server("ws://one/ws")], self.timing, lambda: 0.5)
        self.counters: Counter[str] = Counter()
        self.playing: set[str] = set()
        self.keeper = LinkKeeper(
            "synth-a",
            self.signaling,
            self.timing,
            lambda: 0.5,
            PlayLimits(**limits),
            self.playing.__contains__,
            self.counters,
        )
        self.now = 0.0
        self.online()

    def online(self) -> None:
        self.signaling.start(self.now) if self.signaling.state.value == "idle" else self.signaling.on_deadline(self.now)
        self.signaling.opened(self.signaling.attempt, self.now)
        registered = m.Registered(
            client_id="synth-a", edge="e", resume="r", ice_servers=[], heartbeat_s=20.0, ttl_s=60.0
        )
        self.signaling.receive(self.signaling.attempt, registered, self.now)
        self.signaling.drain()
        self.keeper.registered()

    def offline(self) -> None:
        self.signaling.closed(self.signaling.attempt, "gone", self.now)

    def settle(self) -> list[Any]:
        """One settle; what is to be done."""
        self.keeper.settle(self.now)
        return self.keeper.drain()

    def joined(self, name: str = "ctrl-a", run: str | None = None) -> list[Any]:
        meta: dict[str, Any] = {"meta": {"run": run}} if run else {}
        self.keeper.joined(m.ControllerJoined(controller_id=name, **meta), self.now)
        return self.settle()

    def listed(self, *names: str) -> list[Any]:
        self.keeper.listed(m.ControllersList(controllers=list(names)), self.now)
        return self.settle()

    def left(self, name: str = "ctrl-a") -> list[Any]:
        self.keeper.left(name, self.now)
        return self.settle()

    def described(self, name: str = "ctrl-a") -> m.Offer:
        """The offer that goes out."""
        self.keeper.described(name, self.keeper.links[name].peer.link, OFFER)
        (sent,) = [one.message for one in self.signaling.drain() if isinstance(one, Transmit)]
        assert isinstance(sent, m.Offer)
        return sent

    def answer(self, name: str = "ctrl-a", mid: str | None = None, **more: Any) -> list[Any]:
        mid = self.keeper.links[name].mid if mid is None and name in self.keeper.links else mid
        data = m.Description(type="answer", sdp=f"v=0\r\na=mid:{mid}\r\n")
        self.keeper.answered(m.Answer(source=name, target="synth-a", data=data, **more), self.now)
        return self.settle()

    def open(self, name: str = "ctrl-a") -> None:
        self.described(name)
        self.answer(name)
        self.keeper.opened(self.keeper.links[name], self.now)
        self.settle()

    def wait(self, seconds: float) -> list[Any]:
        """Time passes; every deadline on the way is served at its moment."""
        end, done = self.now + seconds, []  # type: ignore[var-annotated]
        for _ in range(1000):
            due = self.keeper.next_deadline()
            if due is None or due > end:
                self.now = end
                return done
            self.now = max(self.now, due)
            self.keeper.on_deadline(self.now)
            done += self.settle()
        raise RuntimeError("the same deadline again and again")


def offered(effects: list[Any]) -> list[str]:
    return [effect.peer for effect in effects if isinstance(effect, MakeOffer)]


def closed(effects: list[Any]) -> list[str]:
    return [effect.peer for effect in effects if isinstance(effect, CloseLink)]


def notices(effects: list[Any]) -> list[str]:
    return [effect.event for effect in effects if isinstance(effect, Notice)]


# --- an offer and its answer


def test_an_offer_to_a_run_has_a_mid_of_its_own_and_the_answer_comes_back_under_the_stacks() -> None:
    stand = Stand()
    stand.joined(run="one")
    number = stand.keeper.links["ctrl-a"].peer.link
    assert stand.described().data.sdp == f"v=0\r\na=group:BUNDLE L{number}\r\na=mid:L{number}\r\n"
    (accepted,) = stand.answer()
    assert accepted == AcceptAnswer("ctrl-a", number, "v=0\r\na=mid:7\r\n")


def test_an_answer_to_another_offer_is_not_taken() -> None:
    stand = Stand()
    stand.joined(run="one")
    stand.described()
    assert stand.answer(mid="L1") == []
    assert stand.keeper.links["ctrl-a"].peer.state is State.OFFERING
    assert stand.counters["late_answer"] == 1


def test_an_answer_that_nobody_waits_for_is_counted_and_shows_that_its_sender_is_there() -> None:
    stand = Stand()
    assert stand.answer(mid="L1") == [], "of somebody who is not listed"
    stand.joined(run="one")
    stand.described()
    stand.keeper.lost(stand.keeper.links["ctrl-a"], "gone", stand.now)
    stand.settle()
    assert stand.keeper.links["ctrl-a"].peer.state is State.WAITING
    assert offered(stand.answer(mid="L1")) == ["ctrl-a"], "it is offered to at once"
    assert stand.counters == {"late_answer": 2}


def test_the_round_trip_that_a_controller_measured_is_that_of_its_link() -> None:
    stand = Stand()
    for name, rtt_ms in (("ctrl-a", 250.0), ("ctrl-b", 4.0), ("ctrl-c", None)):
        stand.joined(name, run="one")
        stand.open(name)
        stand.keeper.pinged(stand.keeper.links[name], rtt_ms)
    assert [stand.keeper._ranking.rank(f"ctrl-{n}")[-1] for n in "abc"] == [0.25, 0.004, math.inf]


def test_a_controller_that_comes_back_soon_is_known_to_have_been_linked() -> None:
    """Links that worked are tried often for a while, also if the controller was gone from the list meanwhile."""
    stand = Stand()
    stand.joined(run="one")
    stand.open()
    stand.now = 7.0
    stand.keeper.lost(stand.keeper.links["ctrl-a"], "gone", stand.now)
    stand.left()
    assert "ctrl-a" not in stand.keeper.links
    stand.now = 8.0
    assert offered(stand.joined(run="two")) == ["ctrl-a"]
    assert stand.keeper.links["ctrl-a"].peer.worked_at == 7.0


def test_candidates_come_under_the_stacks_mid_and_only_while_there_is_a_connection() -> None:
    stand = Stand()
    message = m.IceCandidate(
        source="ctrl-a", target="synth-a", data=m.Candidate(candidate="c", sdp_mid="other", sdp_m_line_index=0)
    )
    stand.keeper.candidate(message)
    stand.joined(run="one")
    stand.described()
    link = stand.keeper.links["ctrl-a"]
    for mid, given in ((link.mid, "7"), ("other", "other")):
        data = m.Candidate(candidate="c", sdp_mid=mid, sdp_m_line_index=0)
        stand.keeper.candidate(m.IceCandidate(source="ctrl-a", target="synth-a", data=data))
        (added,) = stand.keeper.drain()
        assert added == AddCandidate(
            "ctrl-a", link.peer.link, m.Candidate(candidate="c", sdp_mid=given, sdp_m_line_index=0)
        )
    stand.keeper.lost(link, "gone", stand.now)
    stand.settle()
    stand.keeper.candidate(message)
    assert stand.keeper.drain() == []


def test_a_refused_answer_changes_nothing() -> None:
    stand = Stand()
    stand.joined(run="one")
    stand.open()
    with pytest.raises(ProtocolError):
        stand.answer(settings=False)
    assert stand.keeper.links["ctrl-a"].may_set


def test_whether_a_controller_may_set_is_decided_by_each_answer() -> None:
    stand = Stand()
    stand.joined(run="one")
    stand.described()
    stand.answer(settings=False)
    link = stand.keeper.links["ctrl-a"]
    assert not link.may_set
    stand.keeper.lost(link, "gone", stand.now)
    stand.settle()
    stand.wait(1.0)
    assert link.may_set


def test_news_of_an_earlier_connection_are_ignored() -> None:
    stand = Stand()
    stand.joined(run="one")
    link = stand.keeper.links["ctrl-a"]
    old = link.peer.link
    assert stand.keeper.current("ctrl-a", old) is link
    stand.joined(run="one")
    assert stand.keeper.current("ctrl-a", old) is None
    assert stand.keeper.current("ctrl-b", 1) is None
    stand.keeper.described("ctrl-a", old, OFFER)
    assert not [one for one in stand.signaling.drain() if isinstance(one, Transmit)]


# --- controllers that name no run


def test_every_offer_to_a_controller_without_a_run_has_the_same_plain_mid() -> None:
    stand = Stand()
    stand.joined()
    first = stand.described().data.sdp
    assert "a=mid:0\r\n" in first
    stand.answer()
    stand.keeper.lost(stand.keeper.links["ctrl-a"], "gone", stand.now)
    stand.settle()
    assert offered(stand.wait(1.0)) == ["ctrl-a"]
    assert stand.described().data.sdp == first


def test_the_next_offer_to_it_waits_for_the_answer_to_the_last() -> None:
    stand = Stand()
    stand.joined()
    stand.described()
    assert offered(stand.joined()) == [], "an offer is out, and this may be its second notice"
    stand.keeper.lost(stand.keeper.links["ctrl-a"], "failed", stand.now)
    stand.settle()
    assert offered(stand.wait(3.0)) == []
    assert offered(stand.answer(mid="0")) == ["ctrl-a"], "late, but it is there: the next offer goes out at once"


def test_or_until_the_last_offer_is_ten_seconds_old() -> None:
    stand = Stand()
    stand.joined()
    stand.described()
    stand.keeper.lost(stand.keeper.links["ctrl-a"], "failed", stand.now)
    stand.settle()
    assert offered(stand.wait(9.99)) == []
    assert offered(stand.wait(0.5)) == ["ctrl-a"]


def test_a_controller_that_is_slow_to_answer_is_given_twice_the_time() -> None:
    """One that needs 15 s for an answer: with 10 s for each offer, every answer would be taken for that to the next."""
    stand = Stand()
    said = stand.joined()
    offers = 0
    taken: list[bool] = []
    due: list[tuple[float, int]] = []
    while stand.now < 75.0 and not (taken and taken[-1]):
        offers += len(offered(said))
        due += [(stand.now + 15.0, offers)] * len(offered(said))
        said = stand.wait(0.1)
        while due and due[0][0] <= stand.now:
            _, number = due.pop(0)
            try:
                answered = stand.answer(mid="0")
            except ProtocolError:  # an earlier answer was taken for the one to this offer
                continue
            taken += [number == offers for each in answered if isinstance(each, AcceptAnswer)]
            said += answered
    assert taken[-1:] == [True], "an answer has met its own offer"
    stand.keeper.opened(stand.keeper.links["ctrl-a"], stand.now)
    assert stand.keeper.links["ctrl-a"].peer.answer_s == stand.timing.link_setup_s


def test_the_time_for_an_answer_grows_by_late_answers_alone_and_not_without_end() -> None:
    stand = Stand()
    stand.joined()
    for _ in range(100):
        stand.wait(1.0)
    peer = stand.keeper.links["ctrl-a"].peer
    assert peer.answer_s == stand.timing.link_setup_s, "there was no answer"
    for _ in range(5):
        while peer.state is not State.OFFERING:
            stand.wait(0.5)
        stand.answer(mid="0")
        stand.keeper.lost(stand.keeper.links["ctrl-a"], "no path", stand.now)
        stand.settle()
    assert peer.answer_s == MOST_ANSWER_S


def test_that_a_controller_left_and_came_back_does_not_shorten_the_wait() -> None:
    """The same page may still be making its answer, and send it on its new socket."""
    stand = Stand()
    stand.joined()
    stand.described()
    stand.wait(1.0)
    assert closed(stand.left()) == ["ctrl-a"]
    assert offered(stand.joined()) == []
    assert offered(stand.wait(9.5)) == ["ctrl-a"]


def test_a_controller_that_names_a_run_now_need_not_wait() -> None:
    stand = Stand()
    stand.joined()
    stand.described()
    stand.left()
    assert offered(stand.joined(run="one")) == ["ctrl-a"]


# --- what is free goes to those who wait


def test_when_a_place_is_free_the_controllers_that_wait_get_it_at_the_next_settle() -> None:
    stand = Stand(controllers=2)
    assert offered(stand.listed("a", "b", "c", "d")) == ["a", "b"]
    assert stand.counters["beyond_max_links"] == 2
    assert offered(stand.left("a")) == ["c"]
    assert set(stand.keeper.links) == {"b", "c"}


def test_offline_nobody_gets_it_until_the_next_list() -> None:
    stand = Stand(controllers=1)
    stand.listed("a", "b")
    stand.offline()
    assert offered(stand.left("a")) == []
    stand.now = 20.0
    stand.online()
    assert offered(stand.settle()) == []
    assert offered(stand.listed("b")) == ["b"]


def test_links_are_made_a_few_at_a_time_and_a_set_up_that_ends_lets_the_next_begin() -> None:
    stand = Stand(setups=1)
    assert offered(stand.listed("a", "b")) == ["a"]
    stand.described("a")
    stand.answer("a")
    stand.keeper.opened(stand.keeper.links["a"], stand.now)
    assert offered(stand.settle()) == ["b"]


def test_whoever_has_answered_has_its_patience_once_more_while_others_wait() -> None:
    stand = Stand(setups=1, patience_s=1.0)
    stand.listed("a", "b")
    stand.described("a")
    stand.wait(0.9)
    stand.answer("a")
    stand.keeper.reached("a", stand.keeper.links["a"].peer.link, stand.now)
    assert offered(stand.wait(0.99)) == []
    assert stand.keeper.links["a"].peer.state is State.CONNECTING
    assert "b" in offered(stand.wait(0.1)), "who answers and never opens keeps nobody waiting for longer"


def test_whoever_has_answered_may_take_its_time_while_nobody_waits() -> None:
    stand = Stand(setups=1, patience_s=1.0)
    stand.listed("a")
    stand.described("a")
    stand.answer("a")
    stand.keeper.reached("a", stand.keeper.links["a"].peer.link, stand.now)
    stand.wait(9.0)
    assert stand.keeper.links["a"].peer.state is State.CONNECTING


def test_the_farthest_without_a_finger_down_is_let_go_for_a_nearer_one() -> None:
    stand = Stand(controllers=1)
    far = m.ControllerJoined(controller_id="far", edge="elsewhere")
    stand.keeper.joined(far, 0.0)
    stand.settle()
    stand.open("far")
    near = m.ControllerJoined(controller_id="near", edge="e")
    stand.playing.add("far")
    stand.keeper.joined(near, 0.0)
    assert stand.settle() == []
    stand.playing.clear()
    stand.keeper.joined(near, 0.0)
    effects = stand.settle()
    assert closed(effects) == ["far"]
    assert offered(effects) == ["near"]
    assert notices(effects) == ["controller let go"]


def test_a_controller_that_was_never_reached_gives_way_to_another() -> None:
    stand = Stand(controllers=1)
    stand.joined("mute", run="one")
    stand.described("mute")
    stand.wait(10.05)
    assert offered(stand.joined("ctrl-a")) == ["ctrl-a"]
    assert set(stand.keeper.links) == {"ctrl-a"}


# --- links that end


def test_a_link_to_a_run_that_is_no_more_is_made_anew_at_once() -> None:
    stand = Stand()
    stand.joined(run="one")
    stand.open()
    assert stand.joined(run="one") == [], "only another socket"
    assert stand.joined() == [], "it says nothing of its run"
    effects = stand.joined(run="two")
    assert (closed(effects), offered(effects)) == (["ctrl-a"], ["ctrl-a"])


def test_a_blocked_controller_is_called_again_when_its_time_is_over_and_not_before() -> None:
    stand = Stand(block_s=30.0)
    stand.joined(run="one")
    stand.open()
    stand.keeper.block(stand.keeper.links["ctrl-a"], "nonsense", stand.now)
    assert closed(stand.settle()) == ["ctrl-a"]
    assert stand.counters == {"blocked": 1}
    stand.wait(10.0)
    assert offered(stand.joined(run="two")) == []
    assert offered(stand.wait(19.9)) == []
    assert offered(stand.wait(0.2)) == ["ctrl-a"]


def test_a_silent_link_is_kept_until_the_server_has_answered() -> None:
    stand = Stand()
    stand.joined(run="one")
    stand.open()
    link = stand.keeper.links["ctrl-a"]
    stand.keeper.pinged(link, None)
    assert notices(stand.wait(3.1)) == ["controller silent"]
    assert not stand.signaling.answers
    assert link.peer.state is State.OPEN
    registered = m.Registered(client_id="synth-a", edge="e", resume="r", ice_servers=[], heartbeat_s=20.0, ttl_s=60.0)
    stand.signaling.receive(stand.signaling.attempt, registered, stand.now)
    ended = stand.settle()
    assert closed(ended) == ["ctrl-a"]
    assert [each.fields["reason"] for each in ended if isinstance(each, Notice)] == ["silent for 3.1 s"]
    assert offered(stand.wait(0.1)) == ["ctrl-a"], "it had worked, so the next follows at once"


def test_a_link_whose_controller_is_not_listed_is_forgotten_when_it_ends() -> None:
    stand = Stand()
    stand.joined(run="one")
    stand.open()
    assert stand.left() == [], "a notice takes down no link that lives"
    stand.keeper.lost(stand.keeper.links["ctrl-a"], "closed", stand.now)
    stand.settle()
    assert stand.keeper.links == {}
    assert stand.keeper.next_deadline() is None or stand.wait(60.0) == []


def test_a_list_that_names_fewer_forgets_the_rest_and_what_is_known_of_them() -> None:
    stand = Stand()
    stand.listed("a", "b")
    stand.open("a")
    stand.keeper.pinged(stand.keeper.links["a"], 5.0)
    effects = stand.listed("b")
    assert closed(effects) == []
    assert set(stand.keeper.links) == {"a", "b"}, "its link lives"
    assert list(stand.keeper.roster) == ["b"]
    assert not stand.keeper._ranking._rtt_s, "of those that are gone nothing is kept"


def test_stopping_closes_every_connection_and_forgets_them() -> None:
    stand = Stand()
    stand.listed("a", "b")
    stand.open("a")
    stand.keeper.stop()
    assert sorted(closed(stand.keeper.drain())) == ["a", "b"]
    assert stand.keeper.links == {}


def test_what_is_known_of_a_controller_that_left_is_forgotten() -> None:
    stand = Stand()
    stand.keeper.joined(m.ControllerJoined(controller_id="ctrl-a", edge="here", location="52.5,13.4"), stand.now)
    assert stand.keeper._ranking._places == {"ctrl-a": ("here", "52.5,13.4")}
    stand.left()
    assert stand.keeper._ranking._places == {}


def states(stand: Stand) -> list[State]:
    return [link.peer.state for link in stand.keeper.links.values()]


def test_a_link_that_is_being_made_keeps_its_deadline_while_there_is_no_server() -> None:
    stand = Stand()
    stand.joined(run="one")
    stand.described()
    stand.answer()
    stand.offline()
    stand.keeper.on_deadline(stand.now)  # from now on only what is noted again counts
    assert states(stand) == [State.CONNECTING]
    assert stand.keeper.next_deadline() == stand.keeper.links["ctrl-a"].peer.deadline()
    stand.wait(60.0)
    assert states(stand) == [State.WAITING]
    assert stand.keeper.next_deadline() is None, "the next list makes another offer"


def test_who_waits_for_a_place_while_the_server_is_away_keeps_nobody_awake() -> None:
    """The allowance for guests is full then, so a guest might begin since long: only the next list lets one begin."""
    stand = Stand(setups=1)
    assert offered(stand.listed("ctrl-a", "ctrl-b", "ctrl-c")) == ["ctrl-a"]
    stand.now = 1.0
    stand.offline()
    stand.keeper.lost(stand.keeper.links["ctrl-a"], "gone", stand.now)
    assert offered(stand.settle()) == []
    for _ in range(100):
        due = stand.keeper.next_deadline()
        if due is None:
            break
        assert due > stand.now
        stand.now = due
        stand.keeper.on_deadline(stand.now)
        assert offered(stand.settle()) == []
    stand.online()
    assert offered(stand.listed("ctrl-a", "ctrl-b", "ctrl-c")) == ["ctrl-b"], "the next list begins anew"
