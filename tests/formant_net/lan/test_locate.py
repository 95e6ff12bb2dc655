"""The search for a server, on a network that is made up: who is announced when, and who answers."""

from __future__ import annotations

import random
from collections.abc import Callable

from formant_net.lan.locate import (
    AGAIN_S,
    BROWSE_LATER_S,
    BROWSE_S,
    EARLY_S,
    LOST_S,
    MOST_OF_A_HOST,
    MOST_WAITING,
    RETRY_S,
    STAGGER_S,
    TRIES,
    AskDns,
    Browse,
    Locate,
    Located,
    LocateEffect,
    Searching,
    StopBrowsing,
    Try,
)
from formant_net.lan.record import Place

RIGHT = Place("7k2m9x", "192.168.1.20", 8080)
DOCKER, VPN = Place("7k2m9x", "172.17.0.1", 8080), Place("7k2m9x", "100.101.102.103", 8080)
OTHER = Place("abcdef", "192.168.1.99", 8080)


class Story:
    """A search with a clock of its own. `answers`: who listens there, after how many seconds."""

    def __init__(self, *known: Place, answers: dict[Place, float] | None = None, draw: float = 0.5) -> None:
        self.now = 0.0
        self.locate = Locate(lambda: draw, known)
        self.answers = answers or {}
        self.did: list[tuple[float, LocateEffect]] = []
        self._due: list[tuple[float, Callable[[], None]]] = []
        self.locate.start(self.now)
        self._carry_out()

    def run(self, until: float) -> None:
        while True:
            moments = [at for at, _ in self._due]
            if (deadline := self.locate.next_deadline()) is not None:
                moments.append(deadline)
            moment = min(moments, default=until)
            if moment > until:
                self.now = until
                return
            self.now = moment
            ready = [do for at, do in self._due if at <= moment]
            self._due = [(at, do) for at, do in self._due if at > moment]
            for do in ready:
                do()
            self.locate.on_deadline(self.now)
            self._carry_out()
            if moment == until and not ready and self.locate.next_deadline() is None:
                return

    def tell(self, what: Callable[[], None]) -> None:
        what()
        self._carry_out()

    def _carry_out(self) -> None:
        for effect in self.locate.drain():
            self.did.append((self.now, effect))
            if isinstance(effect, Try):
                answers, place = effect.place in self.answers, effect.place
                after_s = self.answers.get(effect.place, 20.0)
                self._due.append(
                    (self.now + after_s, lambda p=place, ok=answers: self.locate.tried(p, ok, self.now))  # type: ignore[misc]
                )

    def times(self, kind: type) -> list[float]:
        return [at for at, effect in self.did if isinstance(effect, kind)]

    def located(self) -> list[tuple[float, Place]]:
        return [(at, effect.place) for at, effect in self.did if isinstance(effect, Located)]


def test_the_right_address_is_reached_while_dead_ones_still_hang() -> None:
    """One after the other, with 20 s each, took 40 s."""
    story = Story(answers={RIGHT: 0.01})
    story.tell(lambda: story.locate.announced([DOCKER, VPN, RIGHT], 0.0))
    story.run(5.0)
    assert story.located() == [(2 * STAGGER_S + 0.01, RIGHT)]


def test_where_the_server_was_last_time_is_tried_before_anything_is_heard() -> None:
    story = Story(RIGHT, answers={RIGHT: 0.01})
    assert story.did == [(0.0, Try(RIGHT)), (0.0, Browse())]
    story.run(1.0)
    assert story.located() == [(0.01, RIGHT)]


def test_it_browses_afresh_until_the_server_is_there_and_then_no_more() -> None:
    story = Story(draw=0.5)
    story.run(300.0)
    browses = story.times(Browse)
    early = [sum(EARLY_S[: n + 1]) for n in range(len(EARLY_S))]
    assert browses[:7] == [0.0, *early, BROWSE_S, 2 * BROWSE_S, 3 * BROWSE_S]
    assert browses[-1] - browses[-2] == BROWSE_LATER_S
    assert len(browses) < 24 + 20 + len(EARLY_S)
    story.answers[RIGHT] = 0.01
    story.tell(lambda: story.locate.announced([RIGHT], story.now))
    story.run(301.0)
    story.tell(lambda: story.locate.settled(RIGHT))
    assert not story.locate.active
    story.run(1000.0)
    assert story.did[-1] == (301.0, StopBrowsing())
    assert story.locate.next_deadline() is None


def test_dns_is_asked_when_multicast_has_brought_nothing_and_not_before() -> None:
    story = Story()
    story.run(1.0)
    assert story.times(AskDns) == []
    story.run(6.0)
    assert story.times(AskDns) == [BROWSE_S, 2 * BROWSE_S]
    found = Story(answers={RIGHT: 0.01})
    found.tell(lambda: found.locate.announced([RIGHT], 0.0))
    found.run(0.5)
    found.tell(lambda: found.locate.settled(RIGHT))
    found.run(60.0)
    assert found.times(AskDns) == []


def test_boxes_that_start_together_do_not_ask_in_step() -> None:
    early, late = Story(draw=0.0), Story(draw=1.0)
    early.run(10.0)
    late.run(10.0)
    assert early.times(Browse)[1] == 0.5 * EARLY_S[0]
    assert late.times(Browse)[1] == 1.5 * EARLY_S[0]
    assert early.times(AskDns)[0] == 0.5 * BROWSE_S, "with a regular browse"
    assert late.times(AskDns)[0] == 1.5 * BROWSE_S


def test_once_something_was_heard_the_network_is_asked_at_the_regular_pace() -> None:
    """The first browses are close together, because a question or its answer may be lost."""
    story = Story(answers={RIGHT: 0.01})
    story.run(0.3)
    assert story.times(Browse) == [0.0, EARLY_S[0]]
    story.tell(lambda: story.locate.announced([OTHER], story.now))
    story.run(BROWSE_S)
    assert story.times(Browse) == [0.0, EARLY_S[0], BROWSE_S]


def test_a_search_that_begins_again_asks_at_a_fast_pace_again() -> None:
    story = Story()
    story.run(100.0)
    story.tell(lambda: story.locate.settled(RIGHT))
    story.tell(lambda: story.locate.lost(100.0))
    story.run(100.0 + LOST_S + 0.3)
    assert story.times(Browse)[-2:] == [100.0 + LOST_S, 100.0 + LOST_S + EARLY_S[0]]


def test_it_never_ends_and_says_every_minute_that_it_searches() -> None:
    story = Story()
    story.tell(lambda: story.locate.announced([DOCKER], 0.0))
    story.run(3600.0)
    said = [effect for _, effect in story.did if isinstance(effect, Searching)]
    assert [each.for_s for each in said] == [60.0 * n for n in range(1, 61)]
    assert {each.heard for each in said} == {1}
    assert story.locate.active


def test_a_server_that_has_moved_is_searched_after_ten_seconds_at_the_old_place_too() -> None:
    story = Story(RIGHT, answers={RIGHT: 0.01})
    story.run(1.0)
    story.tell(lambda: story.locate.settled(RIGHT))
    story.tell(lambda: story.locate.lost(1.0))
    story.answers = {OTHER: 0.01}
    before = len(story.times(Browse))
    story.run(1.0 + LOST_S - 0.1)
    assert len(story.times(Browse)) == before
    story.run(1.0 + LOST_S)
    assert story.did[-2:] == [(1.0 + LOST_S, Try(RIGHT)), (1.0 + LOST_S, Browse())]
    story.tell(lambda: story.locate.announced([OTHER], story.now))
    story.run(12.0)
    assert story.located()[-1][1] == OTHER


def test_a_server_that_comes_back_in_time_is_not_searched() -> None:
    story = Story(RIGHT, answers={RIGHT: 0.01})
    story.run(1.0)
    story.tell(lambda: story.locate.settled(RIGHT))
    story.tell(lambda: story.locate.lost(1.0))
    story.run(5.0)
    story.tell(lambda: story.locate.settled(RIGHT))
    before = len(story.times(Browse))
    story.run(100.0)
    assert len(story.times(Browse)) == before


def test_a_place_that_answered_is_offered_again_when_it_is_announced_again_later() -> None:
    """It was not let in: the server may have the right key by now. Not at each of many announcements, though."""
    story = Story(answers={RIGHT: 0.01})
    for at in range(30):
        story.run(float(at))
        story.tell(lambda: story.locate.announced([RIGHT], story.now))
    story.run(30.0)
    assert 2 <= len(story.located()) <= 30 / AGAIN_S + 1


def test_of_two_servers_both_are_offered() -> None:
    story = Story(answers={RIGHT: 0.01, OTHER: 0.01})
    story.tell(lambda: story.locate.announced([RIGHT, DOCKER], 0.0))
    story.tell(lambda: story.locate.announced([OTHER], 0.0))
    story.run(2.0)
    assert [place for _, place in story.located()] == [RIGHT, OTHER]
    assert Try(DOCKER) not in [effect for _, effect in story.did], "the same server at another address"


def test_what_is_announced_while_nobody_searches_is_nothing() -> None:
    story = Story()
    story.tell(story.locate.settled)
    story.tell(lambda: story.locate.announced([RIGHT], 1.0))
    assert story.times(Try) == []


def test_a_stranger_who_announces_thousands_of_servers_costs_little_and_the_known_one_is_tried_first() -> None:
    story = Story(RIGHT, answers={RIGHT: 0.01})
    story.run(1.0)
    for n in range(3000):
        fake = Place(f"fake{n % 500}", f"10.{n // 250}.{n % 250}.1", 8080)
        story.tell(lambda place=fake: story.locate.announced([place], story.now))  # type: ignore[misc]
    assert len(story.locate._queue) <= MOST_WAITING
    assert len(story.locate._heard) <= MOST_WAITING
    story.run(AGAIN_S + 1.5 * BROWSE_S + 1.0)
    assert sum(did == Located(RIGHT) for _, did in story.did) == 2, "at once, and as soon as it may be tried again"


def test_a_stranger_with_thousands_of_ports_or_addresses_does_not_hide_the_server() -> None:
    """The server is announced last, when all places that may wait are taken."""
    story = Story(answers={RIGHT: 0.01})
    ports = [Place(f"fake{n}", "10.0.0.1", 1024 + n) for n in range(3000)]
    for fake in ports:
        story.answers[fake] = 0.01
        story.tell(lambda place=fake: story.locate.announced([place], 0.0))  # type: ignore[misc]
    story.tell(lambda: story.locate.announced([RIGHT], 0.0))
    assert len(story.locate._queue) <= MOST_WAITING
    story.run(STAGGER_S + 0.02)
    assert story.located()[-1] == (STAGGER_S + 0.01, RIGHT), "its address has had no try yet"
    story.run(AGAIN_S - 0.1)
    assert [place.host for _, place in story.located()].count("10.0.0.1") == MOST_OF_A_HOST

    draws = random.Random(2)
    found = []
    for _ in range(20):
        many = Story(answers={RIGHT: 0.01})
        many.locate._random = draws.random
        for n in range(3000):
            fake = Place(f"fake{n}", f"10.{n // 250}.{n % 250}.1", 8080)
            many.tell(lambda place=fake, story=many: story.locate.announced([place], 0.0))  # type: ignore[misc]
        many.tell(lambda story=many: story.locate.announced([RIGHT], 0.0))  # type: ignore[misc]
        many.run(0.3 * 3000)
        found += [at for at, _ in many.located()][:1]
    assert len(found) >= 15
    assert len(many.locate._queue) <= MOST_WAITING


def one_box(chance: random.Random, loss: float) -> float:
    """When a box has found its server, s. Each packet is lost with this probability, and for this box alone.

    A browse asks after 0.07 s, and again 1 s and 3 s later, as zeroconf does it. What was heard is heard again at each
    browse, from zeroconf's memory. A try sends a packet at once and another after 1 s, as TCP does it, and ends after
    2 s (`KNOCK_S`).
    """

    def through() -> bool:
        return chance.random() >= loss and chance.random() >= loss

    def first(moments: list[float]) -> float | None:
        return next((moment for moment in moments if through()), None)

    locate, now = Locate(chance.random), 0.0
    locate.start(now)
    due: list[tuple[float, Callable[[float], None]]] = []
    known = False

    def hear(at: float) -> None:
        nonlocal known
        known = True
        locate.announced([RIGHT], at)

    while True:
        for effect in locate.drain():
            match effect:
                case Located():
                    return now
                case Browse():
                    due = [each for each in due if each[1] is not hear]
                    due += [(now + after_s, hear) for after_s in (0.07, 1.07, 3.07) if through()]
                    due += [(now, hear)] if known else []
                case Try(place):
                    reached = first([0.01, 1.01])

                    def answer(at: float, place: Place = place, ok: bool = reached is not None) -> None:
                        locate.tried(place, ok, at)

                    due.append((now + (2.0 if reached is None else reached), answer))
        deadline = locate.next_deadline()
        assert deadline is not None
        now = min([deadline, *(at for at, _ in due)])
        ready = [do for at, do in due if at <= now]
        due = [(at, do) for at, do in due if at > now]
        for do in ready:
            do(now)
        locate.on_deadline(now)


def test_where_a_third_of_all_packets_is_lost_nearly_every_box_has_found_its_server_after_six_seconds() -> None:
    """The goal is 15 s. With one browse in 2.5 s and two tries one after the other, 1 box of 100 needed 9.5 s."""
    chance = random.Random(1)
    took = sorted(one_box(chance, 0.3) for _ in range(3000))
    assert took[len(took) // 2] < BROWSE_S
    assert took[int(0.99 * len(took))] < 6.0
    assert took[int(0.995 * len(took))] < 15.0


def test_a_place_where_nobody_answers_has_a_few_tries_after_each_browse_which_overlap() -> None:
    """TCP repeats a lost packet after 1 s only. A try waits for that, and others are made meanwhile."""
    story = Story(draw=1.0)
    story.tell(lambda: story.locate.announced([DOCKER], 0.0))
    story.run(1.5 * BROWSE_S - 0.1)
    assert story.times(Try) == [n * RETRY_S for n in range(TRIES)]
    story.tell(lambda: story.locate.announced([DOCKER], story.now))
    assert len(story.times(Try)) == TRIES + 1, "its server may have been started meanwhile"
    story.run(1.5 * BROWSE_S)
    story.tell(lambda: story.locate.announced([DOCKER], story.now))
    story.run(1.5 * BROWSE_S + TRIES * RETRY_S)
    assert len(story.times(Try)) == 2 * TRIES + 1


def test_known_places_that_are_dead_do_not_delay_one_that_is_announced() -> None:
    """They are tried again and again, and there is room for four tries a second only."""
    story = Story(DOCKER, VPN, answers={RIGHT: 0.01})
    story.run(0.6)
    story.tell(lambda: story.locate.announced([RIGHT], story.now))
    story.run(2.0)
    assert story.located() == [(0.76, RIGHT)]


def test_a_storm_of_announcements_of_one_dead_place_brings_it_no_further_tries() -> None:
    story = Story(draw=1.0)
    for n in range(150):
        story.run(n * 0.01)
        story.tell(lambda: story.locate.announced([DOCKER], story.now))
    assert story.times(Try) == [0.0, RETRY_S, 2 * RETRY_S]


def test_after_the_first_answer_of_a_server_no_further_try_of_it_counts() -> None:
    story = Story(answers={RIGHT: 0.8})
    story.tell(lambda: story.locate.announced([RIGHT, VPN], 0.0))
    story.run(5.0)
    assert story.located() == [(0.8, RIGHT)]
    tried = [(at, effect.place) for at, effect in story.did if isinstance(effect, Try) and at < BROWSE_S]
    assert tried == [(0.0, RIGHT), (STAGGER_S, VPN), (RETRY_S, RIGHT), (RETRY_S + STAGGER_S, VPN)]
