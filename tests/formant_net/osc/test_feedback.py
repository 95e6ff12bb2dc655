from __future__ import annotations

from formant_net.osc.codec import MOST_BYTES, Argument, decode, encode
from formant_net.osc.feedback import INTERVAL_S, LEASE_S, MOST_SUBSCRIBERS, Feedback

HERE, FAR = ("127.0.0.1", 9001), ("192.168.1.7", 9001)
V = "/formant/volume"


def _told(feedback: Feedback, now: float) -> list[tuple[str, Argument]]:
    return [(message.address, message.arguments[0]) for _, data in feedback.take(now) for message in decode(data)]


def _subscribed(value: float = 0.5) -> Feedback:
    feedback = Feedback(b"secret")
    feedback.report({V: value}, 0.0)
    assert feedback.subscribe(HERE, 0.0) is None
    return feedback


def test_a_subscriber_is_told_everything_once_and_then_changes() -> None:
    feedback = _subscribed()
    assert _told(feedback, 0.0) == [(V, 0.5)]
    feedback.report({V: 0.5}, 1.0)
    assert _told(feedback, 1.0) == []
    feedback.report({V: 0.25, "/formant/preset": "tenor"}, 1.1)
    assert _told(feedback, 1.1) == [(V, 0.25), ("/formant/preset", "tenor")]


def test_at_most_twenty_values_a_second_and_the_last_one_comes() -> None:
    feedback = _subscribed(0.0)
    told = _told(feedback, 0.0)
    for n in range(1, 1001):
        feedback.report({V: n / 1000}, n / 1000)
        told += _told(feedback, n / 1000)
    told += _told(feedback, 1.0 + INTERVAL_S)
    assert len(told) <= 22
    assert told[-1] == (V, 1.0)


def test_a_fader_is_not_told_of_its_own_movement_and_of_others_only_after_half_a_second() -> None:
    """helgobox 148, pam-osc 19: feedback fights the hand."""
    feedback = _subscribed()
    feedback.take(0.0)
    for n in range(10):
        now = 1.0 + 0.02 * n
        feedback.moved(HERE[0], V, now)
        feedback.report({V: 0.5 + 0.01 * n}, now)
        feedback.report({V: 0.125}, now)  # a preset changes it, too
        assert _told(feedback, now) == []
    feedback.report({V: 0.125}, 1.6)
    assert _told(feedback, 1.6) == []
    feedback.report({V: 0.125}, 1.7)
    assert _told(feedback, 1.7) == [(V, 0.125)]


def test_a_flood_of_addresses_that_nobody_knows_is_not_remembered() -> None:
    feedback = _subscribed()
    for n in range(1000):
        feedback.moved(HERE[0], f"/formant/box/{n}/volume", 1.0)
    feedback.moved(HERE[0], V, 1.0)
    assert [set(one.owns_until) for one in feedback._subscribers.values()] == [{V}]


def test_others_are_told_while_a_hand_moves() -> None:
    feedback = _subscribed()
    other = ("127.0.0.2", 9001)
    feedback.subscribe(other, 0.0)
    feedback.take(0.0)
    feedback.moved(HERE[0], V, 1.0)
    feedback.report({V: 0.75}, 1.0)
    assert [target for target, _ in feedback.take(1.0)] == [other]


def test_a_touched_control_is_told_nothing_until_it_is_left() -> None:
    feedback = _subscribed()
    feedback.take(0.0)
    feedback.touched(HERE[0], V, True, 1.0)
    feedback.report({V: 0.75}, 2.0)
    assert _told(feedback, 9.0) == []
    feedback.touched(HERE[0], V, False, 10.0)
    assert _told(feedback, 10.0) == [(V, 0.75)]
    feedback.touched(HERE[0], V, False, 11.0)
    assert _told(feedback, 11.0) == []


def test_a_stranger_gets_a_number_that_is_no_longer_than_its_question_and_nothing_else() -> None:
    feedback = _subscribed()
    answer = feedback.subscribe(FAR, 0.0)
    assert answer is not None
    assert len(answer) <= len(b"/formant/subscribe\0\0"), "the shortest way to ask"
    assert [target for target, _ in feedback.take(0.0)] == [HERE]
    (message,) = decode(answer)
    number = message.arguments[0]
    assert isinstance(number, int)
    assert float(number) == number < 2**24
    assert not feedback.confirm(FAR, number + 1, 0.0)
    assert not feedback.confirm((FAR[0], 9002), number, 0.0)
    assert feedback.confirm(FAR, number, 0.0)
    assert [target for target, _ in feedback.take(0.0)] == [FAR]
    assert feedback.subscribe(FAR, 1.0) == answer, "it confirms again to go on"


def test_subscriptions_end_and_are_few() -> None:
    feedback = _subscribed()
    feedback.take(0.0)
    feedback.report({V: 0.9}, LEASE_S + 1.0)
    assert feedback.take(LEASE_S + 1.0) == []
    assert len(feedback) == 0
    for port in range(1, 100):
        feedback.subscribe(("127.0.0.1", port), 0.0)
    assert len(feedback) == MOST_SUBSCRIBERS
    feedback.subscribe(("127.0.0.1", 99), 50.0)
    feedback.take(LEASE_S + 1.0)
    assert len(feedback) == 1


def test_touched_controls_are_bounded() -> None:
    feedback = _subscribed()
    for n in range(1000):
        feedback.touched(HERE[0], f"/{n}", True, 0.0)
    (subscriber,) = feedback._subscribers.values()
    assert len(subscriber.touched) <= 64
    assert len(encode("/x" * 100, 1)) < MOST_BYTES


def test_a_connection_is_told_only_of_what_it_listens_to_until_it_leaves() -> None:
    feedback = Feedback(b"secret")
    connection = ("192.168.1.7", -1)
    feedback.report({V: 0.5, "/formant/power": True}, 0.0)
    feedback.listen(connection, V)
    feedback.listen(connection, "/nowhere")
    assert _told(feedback, 0.0) == [(V, 0.5)]
    feedback.report({V: 0.25, "/formant/power": False}, LEASE_S * 2)
    assert _told(feedback, LEASE_S * 2) == [(V, 0.25)]
    feedback.moved(connection[0], V, 300.0)
    feedback.report({V: 1.0, "/formant/power": False}, 300.0)
    assert _told(feedback, 300.0) == [], "its own fader moved it"
    feedback.ignore(connection, V)
    feedback.report({V: 0.0, "/formant/power": False}, 400.0)
    assert _told(feedback, 400.0) == []
    feedback.leave(connection)
    feedback.leave(connection)
    assert len(feedback) == 0
