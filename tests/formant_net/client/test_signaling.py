from __future__ import annotations

from typing import Any

import pytest

from formant_net.client.effects import Check, Connect, Disconnect, Notice, Stop, Transmit
from formant_net.client.servers import Server
from formant_net.client.signaling import Identity, Signaling
from formant_net.client.states import State
from formant_net.protocol import codec
from formant_net.protocol import messages as m
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.timing import Timing

ONE, TWO = Server("ws://one/ws", "k1"), Server("ws://two/ws", "k2")


def make(*servers: Server, role: m.Role = "controller", draw: float = 1.0, persistent: bool = False) -> Signaling:
    return Signaling(Identity("ctrl-a", role), servers or (ONE,), Timing(), lambda: draw, persistent=persistent)


def registered(**fields: Any) -> m.Registered:
    given = {"edge": "e", "resume": "secret", "ice_servers": [], "heartbeat_s": 20.0, "ttl_s": 60.0, **fields}
    return m.Registered(client_id="ctrl-a", **given)


def online(signaling: Signaling, now: float = 0.0) -> Signaling:
    if signaling.state is State.IDLE:
        signaling.start(now)
    signaling.opened(signaling.attempt, now)
    signaling.receive(signaling.attempt, registered(), now)
    assert signaling.online
    return signaling


def sent(signaling: Signaling, kind: type) -> list[Any]:
    return [effect for effect in signaling.drain() if isinstance(effect, kind)]


def test_it_registers_with_the_key_of_the_server_as_soon_as_the_socket_is_open() -> None:
    signaling = make()
    signaling.start(0.0)
    assert signaling.drain() == [Connect("ws://one/ws", 1)]
    signaling.opened(1, 0.1)
    assert signaling.drain() == [Transmit(1, m.Register(client_id="ctrl-a", role="controller", key="k1"))]


def test_it_comes_back_with_the_secret_that_proves_its_id() -> None:
    signaling = online(make())
    signaling.closed(1, "reset", 5.0)
    signaling.on_deadline(5.25)
    signaling.opened(2, 5.3)
    registers = [t.message for t in sent(signaling, Transmit) if isinstance(t.message, m.Register)]
    assert [register.resume for register in registers] == [None, "secret"]


def test_heartbeats_come_as_often_as_the_server_asks_and_only_once_after_many_reconnects() -> None:
    signaling = make()
    now = 0.0
    for _ in range(50):
        online(signaling, now)
        now += 1.0
        signaling.closed(signaling.attempt, "blink", now)
        now += 30.0
        signaling.on_deadline(now)
    online(signaling, now)
    signaling.drain()
    beats = 0
    for step in range(1, 601):
        signaling.on_deadline(now + step * 0.1)
        beats += sum(isinstance(t.message, m.Heartbeat) for t in sent(signaling, Transmit))
    assert beats == 3


def test_a_synth_has_no_heartbeat() -> None:
    assert online(make(role="synth")).next_deadline() is None


def test_after_a_failure_the_next_server_of_the_list_is_tried() -> None:
    signaling = make(ONE, TWO)
    signaling.start(0.0)
    for now in (10.0, 20.0, 30.0):
        signaling.closed(signaling.attempt, "refused", now)
        signaling.on_deadline(now + 9.0)
    assert [c.url for c in sent(signaling, Connect)] == ["ws://one/ws", "ws://two/ws", "ws://one/ws", "ws://two/ws"]


def test_a_server_that_just_worked_is_tried_once_more_before_the_next() -> None:
    signaling = online(make(ONE, TWO))
    signaling.closed(1, "reset", 40.0)
    signaling.on_deadline(41.0)
    signaling.closed(2, "refused", 42.0)
    signaling.on_deadline(52.0)
    assert [c.url for c in sent(signaling, Connect)] == ["ws://one/ws", "ws://one/ws", "ws://two/ws"]


def test_waiting_grows_while_it_fails() -> None:
    signaling = make()
    signaling.start(0.0)
    waits = []
    for i in range(8):
        signaling.closed(signaling.attempt, "refused", 100.0 * i)
        due = signaling.next_deadline()
        assert due is not None
        waits.append(due - 100.0 * i)
        signaling.on_deadline(due)
    assert waits == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_one_that_is_kicked_stays_away() -> None:
    signaling = online(make())
    signaling.drain()
    signaling.receive(1, m.Kicked(reason="too loud"), 1.0)
    effects = signaling.drain()
    assert Disconnect(1) in effects
    assert any(isinstance(effect, Stop) and "too loud" in effect.reason for effect in effects)
    signaling.closed(1, "1000", 1.1)
    signaling.on_deadline(1000.0)
    assert signaling.drain() == []
    assert signaling.next_deadline() is None


def test_a_wrong_key_at_the_first_try_ends_with_words_that_help() -> None:
    signaling = make()
    signaling.start(0.0)
    signaling.opened(1, 0.0)
    signaling.receive(1, m.Error(code="bad-key", message="wrong key", about="register"), 0.1)
    assert "--key" in sent(signaling, Stop)[0].reason


def test_a_wrong_key_later_is_tried_again_for_the_server_may_be_put_right() -> None:
    signaling = online(make())
    signaling.closed(1, "restart", 1.0)
    signaling.on_deadline(2.0)
    signaling.opened(2, 2.0)
    signaling.receive(2, m.Error(code="bad-key", message="wrong key", about="register"), 2.1)
    assert signaling.state is State.WAITING
    assert signaling.next_deadline() == pytest.approx(2.1 + 1.25 * Timing().refused_s)
    assert sent(signaling, Stop) == []


def refuse(signaling: Signaling, now: float, code: str = "bad-key") -> float:
    """Dial, be refused; when it will dial again."""
    if signaling.state is State.IDLE:
        signaling.start(now)
    else:
        signaling.on_deadline(now)
    assert signaling.state is State.CONNECTING
    signaling.opened(signaling.attempt, now)
    signaling.receive(signaling.attempt, m.Error(code=code, message="wrong key", about="register"), now)
    due = signaling.next_deadline()
    assert due is not None
    return due


@pytest.mark.parametrize("code", ["bad-key", "token-expired", "not-allowed"])
def test_a_box_that_nobody_visits_asks_for_ever_slowly_and_says_so(code: str) -> None:
    """Its server was given another key, and is given the right one after a night."""
    signaling = make(persistent=True, draw=0.5)
    now = 0.0
    for _ in range(1000):
        due = refuse(signaling, now, code)
        assert due == now + 30.0
        (notice,) = sent(signaling, Notice)
        assert (notice.event, notice.warning, notice.fields["retry_s"]) == ("refused", True, 30.0)
        assert "--key" in notice.fields["do"]
        now = due
    signaling.on_deadline(now)
    online(signaling, now)


def test_boxes_that_are_refused_do_not_ask_in_step() -> None:
    assert refuse(make(persistent=True, draw=0.0), 0.0) == 22.5
    assert refuse(make(persistent=True, draw=1.0), 0.0) == 37.5


def test_with_several_servers_the_slow_pause_comes_when_all_have_refused() -> None:
    signaling = make(ONE, TWO, draw=0.5)
    first = refuse(signaling, 0.0)
    assert first < 1.0, "the next server may take it"
    second = refuse(signaling, first)
    assert second == pytest.approx(first + 30.0)
    signaling.on_deadline(second)
    signaling.closed(signaling.attempt, "connection refused", second)  # which is another thing than a wrong key
    after = signaling.next_deadline()
    assert after is not None
    assert refuse(signaling, after) < after + 10.0


@pytest.mark.parametrize("code", ["token-expired", "not-allowed"])
def test_a_token_that_opens_nothing_ends_it_too(code: str) -> None:
    signaling = make()
    signaling.start(0.0)
    signaling.opened(1, 0.0)
    signaling.receive(1, m.Error(code=code, message="ask for another", about="register"), 0.1)
    assert sent(signaling, Stop)[0].refused
    assert signaling.state is State.STOPPED


def test_new_passwords_of_relays_take_the_place_of_the_old_ones() -> None:
    signaling = online(make())
    given = [{"urls": ["turn:relay"], "username": "2:a", "credential": "b"}]
    assert signaling.receive(1, m.IceServers(ice_servers=given), 1.0) is None
    assert signaling.ice_servers == tuple(given)
    assert signaling.state is State.REGISTERED


def test_a_taken_id_is_tried_again_and_says_what_to_do() -> None:
    signaling = make()
    signaling.start(0.0)
    signaling.opened(1, 0.0)
    signaling.receive(1, m.Error(code="id-taken", message="in use", about="register"), 2.0)
    effects = signaling.drain()
    assert Disconnect(1) in effects
    assert any(isinstance(effect, Notice) and "--id" in effect.fields["reason"] for effect in effects)
    assert signaling.next_deadline() == 2.25


@pytest.mark.parametrize("opens", [True, False])
def test_a_server_that_never_answers_is_given_up(opens: bool) -> None:
    signaling = make()
    signaling.start(0.0)
    if opens:
        signaling.opened(1, 0.0)
    signaling.drain()
    signaling.on_deadline(Timing().open_s if not opens else Timing().register_s)
    assert signaling.drain()[0] == Disconnect(1)
    assert signaling.state is State.WAITING


def test_a_server_that_is_asked_and_answers_is_kept() -> None:
    signaling = online(make(role="synth"))
    signaling.drain()
    signaling.verify(5.0)
    signaling.verify(5.5)
    assert len(sent(signaling, Transmit)) == 1, "once is enough"
    assert signaling.next_deadline() == 7.0
    signaling.receive(1, registered(ice_servers=[{"urls": "stun:192.0.2.1"}]), 6.9)
    assert (signaling.online, signaling.next_deadline()) == (True, None)
    assert signaling.ice_servers == ({"urls": "stun:192.0.2.1"},), "what it says anew counts"
    signaling.verify(9.0)
    assert len(sent(signaling, Transmit)) == 1


def test_a_server_that_is_asked_and_only_refuses_is_there_as_well() -> None:
    signaling = online(make(role="synth"))
    signaling.verify(5.0)
    error = m.Error(code="too-fast", message="less", about="register")
    assert signaling.receive(1, error, 6.0) is error
    assert signaling.next_deadline() is None


@pytest.mark.parametrize("role", ["synth", "controller"])
def test_a_server_that_is_asked_and_stays_silent_is_dialled_anew(role: m.Role) -> None:
    signaling = online(make(role=role))
    signaling.verify(5.0)
    signaling.drain()
    assert signaling.next_deadline() == 7.0
    signaling.on_deadline(7.0)
    assert signaling.drain()[0] == Disconnect(1)
    assert signaling.next_deadline() == 7.25
    signaling.on_deadline(7.25)
    assert online(signaling, 7.3).attempt == 2


def test_nobody_is_asked_who_is_not_connected() -> None:
    signaling = make()
    signaling.verify(0.0)
    signaling.start(0.0)
    signaling.opened(1, 0.0)
    signaling.drain()
    signaling.verify(0.1)
    assert signaling.drain() == []


def test_what_a_core_says_before_it_is_registered_is_dropped() -> None:
    """A server refuses it, and that refusal would be taken for one of the registration."""
    signaling = make()
    signaling.start(0.0)
    signaling.send(m.RequestControllers())
    signaling.opened(1, 0.0)
    signaling.send(m.RequestControllers())
    assert [type(t.message) for t in sent(signaling, Transmit)] == [m.Register]


def test_news_of_an_old_attempt_changes_nothing() -> None:
    signaling = online(make())
    signaling.closed(1, "reset", 1.0)
    signaling.on_deadline(2.0)
    online(signaling, 2.0)
    signaling.drain()
    signaling.closed(1, "late close of the old socket", 3.0)
    signaling.opened(1, 3.0)
    assert signaling.receive(1, m.ControllersList(controllers=["x"]), 3.0) is None
    assert signaling.online
    assert signaling.drain() == []


def test_what_is_for_the_core_around_it_is_passed_on() -> None:
    signaling = online(make())
    notice = m.ControllerJoined(controller_id="ctrl-b")
    assert signaling.receive(1, notice, 1.0) is notice


@pytest.mark.parametrize("when", ["before registration", "twice"])
def test_what_comes_at_the_wrong_time_is_refused_and_changes_nothing(when: str) -> None:
    signaling = make()
    signaling.start(0.0)
    signaling.opened(1, 0.0)
    message: m.Message = m.ControllerJoined(controller_id="ctrl-b")
    if when == "twice":
        signaling.receive(1, registered(), 0.0)
        message = registered(resume="other")
    before = (signaling.state, signaling.attempt, signaling.next_deadline(), signaling._resume)
    with pytest.raises(ProtocolError, match="ws://one/ws"):
        signaling.receive(1, message, 1.0)
    assert (signaling.state, signaling.attempt, signaling.next_deadline(), signaling._resume) == before


def test_no_server_may_set_a_heartbeat_that_floods_it() -> None:
    signaling = make()
    signaling.start(0.0)
    signaling.opened(1, 0.0)
    signaling.receive(1, registered(heartbeat_s=0.0), 0.0)
    assert signaling.next_deadline() == pytest.approx(0.1)


def test_at_least_one_server_is_needed() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Signaling(Identity("ctrl-a", "controller"), (), Timing(), lambda: 0.0)


# --- several servers -------------------------------------------------------------------------------------------------


def test_who_is_asked_to_move_registers_there_before_leaving_here() -> None:
    signaling = online(make(ONE, TWO, draw=0.5))
    signaling.drain()
    signaling.receive(1, m.Move(within_s=4.0), 10.0)
    assert signaling.next_deadline() == 11.0
    signaling.on_deadline(11.0)
    assert signaling.drain() == [Connect("ws://two/ws", 2)]
    signaling.opened(2, 11.1)
    (register,) = sent(signaling, Transmit)
    assert (register.attempt, register.message.key, register.message.resume) == (2, "k2", "secret")
    assert signaling.online
    before = signaling.registrations
    signaling.receive(2, registered(edge="two"), 11.2)
    assert sent(signaling, Disconnect) == [Disconnect(1)]
    assert (signaling.attempt, signaling.url, signaling.registrations) == (2, "ws://two/ws", before + 1)
    signaling.receive(1, m.Kicked(reason="another connection has registered ctrl-a"), 11.3)
    assert signaling.online


def test_being_sent_away_by_the_old_server_while_moving_is_no_end() -> None:
    signaling = online(make(ONE, TWO, draw=0.0))
    signaling.receive(1, m.Move(within_s=4.0), 10.0)
    signaling.on_deadline(10.0)
    signaling.opened(2, 10.1)
    signaling.receive(1, m.Kicked(reason="another connection has registered ctrl-a"), 10.2)
    assert sent(signaling, Stop) == []
    signaling.receive(2, registered(edge="two"), 10.3)
    assert signaling.online
    assert signaling.attempt == 2


@pytest.mark.parametrize("how", ["closed", "refused", "silent"])
def test_a_move_that_fails_leaves_everything_as_it_was(how: str) -> None:
    signaling = online(make(ONE, TWO, draw=0.0))
    signaling.receive(1, m.Move(within_s=4.0), 10.0)
    signaling.on_deadline(10.0)
    if how == "closed":
        signaling.closed(2, "refused", 10.1)
    elif how == "refused":
        signaling.opened(2, 10.1)
        signaling.receive(2, m.Error(code="server-full", message="full"), 10.2)
    else:
        signaling.on_deadline(10.0 + Timing().open_s)
    assert signaling.online
    assert (signaling.attempt, signaling.url) == (1, "ws://one/ws")


def test_a_loss_while_moving_makes_the_move_the_next_try() -> None:
    signaling = online(make(ONE, TWO, draw=0.0))
    signaling.receive(1, m.Move(within_s=4.0), 10.0)
    signaling.on_deadline(10.0)
    signaling.closed(1, "gone", 10.1)
    signaling.on_deadline(10.1)
    assert signaling.attempt == 2
    signaling.opened(2, 10.2)
    signaling.receive(2, registered(edge="two"), 10.3)
    assert signaling.online
    assert signaling.url == "ws://two/ws"


def away() -> Signaling:
    """Registered at the second server, because the first did not answer."""
    signaling = make(ONE, TWO, draw=0.5)
    signaling.start(0.0)
    signaling.closed(1, "refused", 0.1)
    signaling.on_deadline(1.0)
    online(signaling, 1.0)
    signaling.drain()
    return signaling


def test_a_better_server_has_to_be_well_for_a_while_before_it_is_moved_to() -> None:
    signaling, now, moved = away(), 1.0, False
    for ok in (True, False, True, True, True):
        now = next(t for t in range(int(now) + 1, 1000) if _checks(signaling, float(t)))
        assert not moved
        signaling.checked(0, ok, now)
        moved = bool(sent(signaling, Connect))
    assert moved
    assert now - 1.0 >= 30.0
    signaling.opened(3, now)
    signaling.receive(3, registered(edge="one"), now)
    assert signaling.url == "ws://one/ws"
    assert not any(_checks(signaling, now + t) for t in range(1, 100))


def _checks(signaling: Signaling, now: float) -> bool:
    signaling.on_deadline(now)
    return Check("ws://one/ws", 0) in signaling.drain()


def test_servers_that_are_learned_come_after_those_that_were_given() -> None:
    signaling = make(ONE)
    signaling.start(0.0)
    signaling.opened(1, 0.0)
    learned = ["ws://one/ws", "ws://three/ws", "javascript:alert(1)", "ws://three/ws"]
    signaling.receive(1, registered(servers=learned), 0.0)
    signaling.closed(1, "gone", 50.0)
    signaling.on_deadline(51.0)
    signaling.closed(2, "refused", 51.0)
    signaling.on_deadline(60.0)
    signaling.drain()
    assert signaling.url == "ws://three/ws"
    signaling.opened(3, 60.0)
    (register,) = sent(signaling, Transmit)
    assert (register.message.key, register.message.resume) == ("k1", "secret")
    assert len(signaling._servers) == 2


def test_a_client_of_an_encrypted_server_learns_of_no_open_one() -> None:
    signaling = make(Server("wss://one/ws", "k1"))
    signaling.start(0.0)
    signaling.opened(1, 0.0)
    signaling.receive(1, registered(servers=["ws://two/ws", "wss://three/ws"]), 0.0)
    assert [server.ws_url for server in signaling._servers] == ["wss://one/ws", "wss://three/ws"]


def test_at_its_first_server_a_client_looks_for_no_other() -> None:
    signaling = online(make(ONE, TWO))
    signaling.drain()
    assert not any(_checks(signaling, float(t)) for t in range(1, 200))


# --- servers that know no `registered`

LIST = m.ControllersList(controllers=["ctrl-b"])
JOINED = m.ControllerJoined(controller_id="ctrl-b")
OFFER = m.Offer(source="synth-a", target="ctrl-a", data=m.Description(type="offer", sdp="v=0"))


def asking(role: m.Role = "synth") -> Signaling:
    """Registered as far as it knows, without an answer."""
    signaling = make(role=role)
    signaling.start(0.0)
    signaling.opened(1, 0.0)
    signaling.drain()
    return signaling


def requests(signaling: Signaling) -> int:
    return sum(isinstance(transmit.message, m.RequestControllers) for transmit in sent(signaling, Transmit))


@pytest.mark.parametrize("message", [LIST, JOINED])
def test_a_synth_that_is_sent_the_list_or_a_join_is_in(message: m.Message) -> None:
    signaling = asking()
    assert signaling.receive(1, message, 0.5) is message
    assert signaling.online
    assert signaling.registrations == 1
    assert signaling.next_deadline() is None


def test_a_controller_that_is_sent_an_offer_is_in_and_sends_heartbeats() -> None:
    signaling = asking("controller")
    assert signaling.receive(1, OFFER, 0.5) is OFFER
    assert signaling.online
    assert signaling.next_deadline() == 20.5


@pytest.mark.parametrize(("role", "message"), [("synth", OFFER), ("controller", LIST), ("controller", JOINED)])
def test_what_the_other_role_is_sent_proves_nothing(role: m.Role, message: m.Message) -> None:
    signaling = asking(role)
    with pytest.raises(ProtocolError):
        signaling.receive(1, message, 0.5)
    assert not signaling.online


def test_a_synth_without_an_answer_asks_for_the_list_once() -> None:
    signaling = asking()
    signaling.on_deadline(0.99)
    assert requests(signaling) == 0
    signaling.on_deadline(1.0)
    assert requests(signaling) == 1
    signaling.on_deadline(2.0)
    assert requests(signaling) == 0
    assert requests(asking("controller")) == 0


def test_a_synth_that_was_answered_does_not_ask_on_its_own() -> None:
    signaling = online(make(role="synth"))
    signaling.drain()
    signaling.on_deadline(5.0)
    assert requests(signaling) == 0


def test_a_controller_does_not_ask_for_the_list() -> None:
    signaling = asking("controller")
    signaling.on_deadline(5.0)
    assert requests(signaling) == 0


def test_to_such_a_server_the_question_whether_it_lives_is_the_list() -> None:
    signaling = asking()
    signaling.receive(1, LIST, 0.5)
    signaling.drain()
    signaling.verify(10.0)
    assert requests(signaling) == 1
    assert not signaling.answers
    signaling.receive(1, LIST, 10.1)
    assert signaling.answers
    signaling.on_deadline(12.0)
    assert signaling.online
    signaling.verify(20.0)
    signaling.on_deadline(22.0)
    assert not signaling.online, "it said nothing"


def test_a_controller_has_no_question_for_such_a_server() -> None:
    signaling = asking("controller")
    signaling.receive(1, OFFER, 0.5)
    signaling.drain()
    signaling.verify(1.0)
    signaling.on_deadline(10.0)
    assert signaling.online
    assert signaling.drain() == []


def test_the_next_server_may_know_registered_again() -> None:
    signaling = asking()
    signaling.receive(1, LIST, 0.5)
    signaling.closed(1, "gone", 1.0)
    signaling.on_deadline(5.0)
    signaling.opened(2, 5.0)
    signaling.receive(2, registered(), 5.1)
    signaling.drain()
    signaling.verify(6.0)
    assert [type(t.message) for t in sent(signaling, Transmit)] == [m.Register]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"type":"kicked","reason":"too loud"}', "too loud"),
        ('{"type":"kicked","kicked_by":"synth-b"}', "by synth-b"),
        ('{"type":"kicked"}', "no reason"),
        ('{"type":"kicked","reason":null,"kicked_by":null}', "no reason"),
        ('{"type":"kicked","reason":"","kicked_by":{"id":7}}', "by "),
    ],
)
@pytest.mark.parametrize("registering", [True, False])
def test_every_form_of_kicked_is_final(text: str, words: str, registering: bool) -> None:
    signaling = asking() if registering else online(make())
    signaling.receive(1, codec.decode_signaling(text), 1.0)
    (stop,) = sent(signaling, Stop)
    assert words in stop.reason
    signaling.closed(1, "1000", 1.1)
    signaling.on_deadline(1000.0)
    assert signaling.drain() == []


# --- what falls into a move


def moving(now: float = 0.0) -> Signaling:
    """Registered at the first server and asked to move; the second one is open."""
    signaling = online(make(ONE, TWO, draw=0.0), now)
    signaling.receive(1, m.Move(within_s=10.0), now)
    signaling.on_deadline(now)
    signaling.opened(2, now + 0.1)
    signaling.drain()
    return signaling


def test_a_question_that_waits_while_a_move_completes_is_not_held_against_the_new_server() -> None:
    signaling = moving()
    signaling.verify(0.2)
    assert not signaling.answers
    signaling.receive(2, registered(edge="two"), 0.3)
    assert signaling.answers
    assert signaling.url == "ws://two/ws"
    signaling.drain()
    signaling.on_deadline(0.2 + Timing().verify_s)
    assert signaling.online
    assert Disconnect(2) not in signaling.drain()


def test_a_question_that_is_not_answered_ends_the_old_conversation_and_the_move_goes_on() -> None:
    signaling = moving()
    signaling.verify(0.2)
    signaling.on_deadline(0.2 + Timing().verify_s)
    assert Disconnect(1) in signaling.drain()
    signaling.on_deadline(2.3)
    signaling.receive(2, registered(edge="two"), 2.4)
    assert signaling.online
    assert signaling.edge == "two"
    assert sent(signaling, Connect) == [], "it was open already"


def test_with_a_single_server_there_is_nowhere_to_move() -> None:
    signaling = online(make(draw=0.0))
    signaling.drain()
    signaling.receive(1, m.Move(within_s=10.0), 1.0)
    signaling.on_deadline(11.0)
    assert signaling.online
    assert sent(signaling, Connect) == []


def test_an_unexpected_message_is_refused_with_the_code_unexpected_and_its_own_name() -> None:
    signaling = make()
    signaling.start(0.0)
    signaling.opened(1, 0.0)
    with pytest.raises(ProtocolError) as caught:
        signaling.receive(1, m.Heartbeat(), 0.1)
    assert (caught.value.code, caught.value.about, caught.value.fatal) == ("unexpected", "heartbeat", False)
    with pytest.raises(ProtocolError) as caught:
        online(signaling, 0.2).receive(1, registered(), 0.3)
    assert (caught.value.code, caught.value.about) == ("unexpected", "registered")


def searching() -> Signaling:
    return Signaling(Identity("synth-a", "synth"), (), Timing(), lambda: 0.5, searching=True)


def test_without_a_server_it_waits_until_one_is_found_and_dials_it_at_once() -> None:
    signaling = searching()
    signaling.start(0.0)
    assert (signaling.drain(), signaling.next_deadline()) == ([], None)
    signaling.found(ONE, 5.0)
    assert signaling.drain() == [Connect("ws://one/ws", 1)]
    online(signaling, 5.1)


def test_what_is_found_ends_the_back_off_and_a_dial_that_hangs() -> None:
    signaling = searching()
    signaling.start(0.0)
    signaling.found(ONE, 0.0)
    for _ in range(6):
        signaling.closed(signaling.attempt, "connection refused", 0.0)
        signaling.on_deadline(signaling.next_deadline() or 0.0)
    signaling.drain()
    assert signaling.state is State.CONNECTING, "which may take until the system gives up"
    signaling.found(TWO, 1.0)
    assert signaling.drain() == [Disconnect(7), Connect("ws://two/ws", 8)]
    signaling.closed(8, "connection refused", 1.0)
    due = signaling.next_deadline()
    assert due is not None
    assert due <= 1.25, "the first step again"


def test_what_is_found_while_a_server_is_in_use_changes_nothing_and_is_tried_when_that_is_lost() -> None:
    signaling = searching()
    signaling.start(0.0)
    signaling.found(ONE, 0.0)
    online(signaling, 0.1)
    signaling.drain()
    signaling.found(TWO, 1.0)
    assert signaling.drain() == []
    assert signaling.url == "ws://one/ws"
    signaling.closed(1, "reset", 2.0)
    signaling.on_deadline(3.0)
    signaling.closed(2, "connection refused", 3.0)
    signaling.on_deadline(5.0)
    assert sent(signaling, Connect)[-1].url == "ws://two/ws"


def test_a_server_that_refuses_the_key_is_no_end_of_the_search_and_is_not_asked_at_each_announcement() -> None:
    signaling = searching()
    signaling.start(0.0)
    signaling.found(ONE, 0.0)
    signaling.opened(1, 0.0)
    signaling.receive(1, m.Error(code="bad-key", message="wrong key", about="register"), 0.0)
    assert sent(signaling, Stop) == []
    for now in (1.0, 10.0, 20.0):
        signaling.found(ONE, now)
    assert signaling.drain() == []
    assert signaling.next_deadline() == pytest.approx(30.0)
    signaling.found(TWO, 21.0)
    assert signaling.drain() == [Connect("ws://two/ws", 2)]


@pytest.mark.parametrize(
    ("said", "every_s"), [({}, None), ({"health_s": 7.0}, 7.0), ({"health_s": 0.0}, 0.1), ({"health_s": 1e9}, 3600.0)]
)
def test_a_server_says_how_often_it_wants_health_and_an_older_one_wants_none(
    said: dict[str, float], every_s: float | None
) -> None:
    signaling = make(role="synth")
    signaling.start(0.0)
    signaling.opened(1, 0.0)
    signaling.receive(1, registered(**said), 0.0)
    assert signaling.health_s == every_s


def test_a_server_that_sends_no_registered_hears_no_health() -> None:
    signaling = make(role="synth")
    signaling.start(0.0)
    signaling.opened(1, 0.0)
    signaling.receive(1, m.ControllersList(controllers=[]), 0.0)
    assert signaling.online
    assert signaling.health_s is None
