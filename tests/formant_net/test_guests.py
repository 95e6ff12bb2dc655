"""What guests cost others: many ids, many addresses, one token, and an honest player measured beside them.

The hub and the synth's core are the real ones (support/virtual/hall.py); docs/install/security.md has the figures.
"""

from __future__ import annotations

import pytest
from support.net.sdp import answer, candidate, offer
from support.suite.cases import ALL_CASES, some
from support.virtual.hall import KEY, Hall, Manner

from formant_net.protocol.messages import Ping, Touch
from formant_net.server.access.limits import Limits
from formant_net.synth.play_limits import PlayLimits

QUICK_S = 0.3
"""What a link takes with nobody else there, with room for a step or two."""


def filled(manner: Manner, *, ids: int = 150, addresses: int = 10) -> Hall:
    """A hall in which one audience token has as many ids as get in, from that many addresses."""
    hall = Hall()
    for n in range(ids):
        hall.comes(f"touch-ctrl-{n}", key=hall.token(), address=f"192.0.2.{n % addresses}", manner=manner)
    hall.run(15.0)
    return hall


def plays(hall: Hall, id: str) -> None:
    """A finger is down at `id`."""
    link = hall.core._keeper.links[id].peer.link
    hall.core.channel(id, link, "params", Ping(timestamp=1), hall.now)
    hall.core.channel(id, link, "params", Touch(x=0.5, y=0.5, active=True), hall.now)
    hall.core.drain()


# --- 1: one token with 100 ids ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("manner", ["links", "answers", "mute"])
@pytest.mark.parametrize("addresses", [1, 10, 150])
def test_a_token_with_many_ids_does_not_keep_out_who_has_the_key(manner: Manner, addresses: int) -> None:
    hall = filled(manner, addresses=addresses)
    hall.comes("ctrl-honest", address="198.51.100.7")
    waited = hall.waited("ctrl-honest", 10.0)
    assert waited is not None
    assert waited < QUICK_S


@pytest.mark.parametrize("manner", ["links", "answers", "mute"])
def test_a_token_with_many_ids_does_not_keep_out_the_guest_of_another(manner: Manner) -> None:
    hall = filled(manner)
    hall.comes("touch-ctrl-honest", key=hall.token("another"), address="198.51.100.7")
    waited = hall.waited("touch-ctrl-honest", 10.0)
    assert waited is not None
    assert waited < QUICK_S


@pytest.mark.parametrize("manner", ["links", "answers", "mute"])
def test_an_address_with_many_ids_does_not_keep_out_the_same_tokens_guest_from_elsewhere(manner: Manner) -> None:
    hall = filled(manner, addresses=5)
    hall.comes("touch-ctrl-honest", key=hall.token(), address="198.51.100.7")
    waited = hall.waited("touch-ctrl-honest", 10.0)
    assert waited is not None
    assert waited < QUICK_S


@pytest.mark.parametrize("manner", ["links", "answers", "mute"])
@pytest.mark.parametrize("addresses", [1, 10])
def test_a_player_with_many_ids_does_not_keep_out_another(manner: Manner, addresses: int) -> None:
    hall = Hall()
    for n in range(150):
        hall.comes(f"ctrl-{n}", address=f"192.0.2.{n % addresses}", manner=manner)
    hall.run(15.0)
    hall.comes("ctrl-honest", address="198.51.100.7")
    waited = hall.waited("ctrl-honest", 10.0)
    assert waited is not None
    assert waited < QUICK_S


def test_players_get_in_even_while_every_guest_plays() -> None:
    hall = filled("links", ids=100)
    assert len(hall.core.open_peers) == 100
    for id in hall.core.open_peers:
        plays(hall, id)
    for n in range(5):
        hall.comes(f"ctrl-{n}", address=f"198.51.100.{n}")
    hall.run(QUICK_S)
    assert all(hall.linked(f"ctrl-{n}") for n in range(5))
    assert len(hall.core.open_peers) == 100


def test_guests_do_not_push_out_players_nor_each_other_without_need() -> None:
    hall = Hall()
    for n in range(60):
        hall.comes(f"ctrl-{n}", address=f"198.51.100.{n % 20}")
    hall.run(5.0)
    for n in range(40):
        hall.comes(f"touch-ctrl-{n}", key=hall.token(), address="192.0.2.1")
    hall.run(5.0)
    before = set(hall.core.open_peers)
    assert len(before) == 100
    for n in range(40, 140):
        hall.comes(f"touch-ctrl-{n}", key=hall.token(), address="192.0.2.1")
    hall.run(10.0)
    assert set(hall.core.open_peers) == before


def test_a_hall_of_phones_behind_one_address_is_linked_as_quickly_as_ever() -> None:
    hall = Hall()
    for n in range(90):
        hall.comes(f"touch-ctrl-{n}", key=hall.token(), address="192.0.2.1")
    hall.run(1.0)
    assert len(hall.core.open_peers) == 90


def test_two_crowds_end_with_equal_shares_and_then_rest() -> None:
    hall = filled("links", ids=100)
    for n in range(100):
        hall.comes(f"touch-ctrl-b{n}", key=hall.token("another"), address=f"198.51.100.{n % 10}")
    hall.run(10.0)
    open_b = sum(id.startswith("touch-ctrl-b") for id in hall.core.open_peers)
    assert 45 <= open_b <= 55
    before, offers = set(hall.core.open_peers), hall.offers_made
    hall.run(10.0)
    assert set(hall.core.open_peers) == before
    assert hall.offers_made == offers


# --- 9: ids that answer and never open -------------------------------------------------------------------------------


@pytest.mark.parametrize("manner", ["answers", "mute"])
def test_ninety_that_never_open_delay_no_newcomer(manner: Manner) -> None:
    hall = filled(manner, ids=90, addresses=9)
    for n, key in enumerate(["abcd-efgh", hall.token("another"), hall.token()]):
        hall.comes(f"ctrl-honest{n}", key=key, address=f"198.51.100.{n}")
        waited = hall.waited(f"ctrl-honest{n}", 10.0)
        assert waited is not None
        assert waited < QUICK_S


def test_ninety_of_the_same_address_and_token_delay_a_newcomer_by_their_patience_at_most() -> None:
    """Nothing tells it from them but that it has not failed yet."""
    hall = filled("answers", ids=90, addresses=1)
    hall.comes("touch-ctrl-honest", key=hall.token(), address="192.0.2.0")
    waited = hall.waited("touch-ctrl-honest", 20.0)
    assert waited is not None
    assert waited < 2 * PlayLimits().patience_s


# --- 3: new ids without end ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("addresses", [1, 20] if ALL_CASES else [20])
def test_new_ids_at_171_a_second_use_up_no_offers_that_others_need(addresses: int) -> None:
    hall = Hall()
    for second in range(60):
        for n in range(171):
            id = f"touch-ctrl-{second}-{n}"
            hall.comes(id, key=hall.token(), address=f"192.0.2.{n % addresses}", manner="mute", stays_s=0.03)
            hall.run(1.0 / 171)
        if second % 10 == 9:
            who = f"ctrl-{second}"
            hall.comes(who, address="198.51.100.7")
            waited = hall.waited(who, 10.0)
            assert waited is not None
            assert waited < QUICK_S, second
    assert hall.clients.hub.counters.errors["too-many-offers"] == 0
    hall.comes("touch-ctrl-honest", key=hall.token("another"), address="198.51.100.8")
    waited = hall.waited("touch-ctrl-honest", 10.0)
    assert waited is not None
    assert waited < QUICK_S


@pytest.mark.parametrize("addresses", [1, 20] if ALL_CASES else [20])
def test_a_storm_of_new_ids_makes_a_synth_begin_few_links_to_guests(addresses: int) -> None:
    """Each link that a synth begins costs 5 to 20 ms, in which nothing that is played is heard."""
    hall = Hall(limits=Limits(token_joins_burst=10**6, joins_burst=10**6))
    hall.comes("ctrl-player", address="198.51.100.7")
    hall.run(1.0)
    before, begun = hall.offers_made, hall.now
    for second in range(10):
        for n in range(200):
            id = f"touch-ctrl-{second}-{n}"
            hall.comes(id, key=hall.token(), address=f"192.0.2.{n % addresses}", manner="mute", stays_s=0.5)
            hall.run(1.0 / 200)
    limits = PlayLimits()
    allowed = limits.guest_setups_burst + (hall.now - begun) * limits.guest_setups_per_s
    assert hall.offers_made - before <= allowed + 1
    assert hall.linked("ctrl-player")
    for who, key in (("ctrl-honest", KEY), ("touch-ctrl-honest", hall.token("another"))):
        hall.comes(who, key=key, address="198.51.100.8")
        waited = hall.waited(who, 10.0)
        assert waited is not None
        assert waited < QUICK_S


# --- 5: strangers without a key --------------------------------------------------------------------------------------


@pytest.mark.parametrize("addresses", some([1, 10, 40], 2))
def test_sockets_of_strangers_keep_no_honest_client_out(addresses: int) -> None:
    """As many as there is room for, from each address, again and again; an honest one comes every second."""
    hall = Hall()
    clients, refused = hall.clients, 0
    for second in range(30):
        for _ in range(600):
            for n in range(max(1, addresses // 10)):
                clients.connect(f"192.0.2.{(n + second) % addresses}")
        honest = clients.connect("198.51.100.7")
        hall.run(0.2)  # a slow phone
        answers = clients.say(honest, "register", client_id=f"ctrl-{second}", key=KEY)
        refused += [answer["type"] for answer in answers] != ["registered"]
        hall.run(0.8)
    assert refused == 0
    assert clients.hub._registration._places.newcomers <= Limits().newcomers


def test_guests_who_fill_the_server_make_room_for_the_key_and_for_another_token() -> None:
    hall = Hall(limits=Limits(clients=200, joins_burst=1000, token_joins_burst=5000))
    for n in range(400):
        hall.comes(f"touch-ctrl-{n}", key=hall.token(), address=f"192.0.2.{n % 20}", manner="mute")
    hall.run(1.0)
    assert len(hall.clients.hub.clients()) == 200
    for n, key in enumerate([KEY, KEY, hall.token("another")]):
        hall.comes(f"ctrl-{n}", key=key, address=f"198.51.100.{n}")
        assert f"ctrl-{n}" in hall.clients.hub.clients()
    assert len(hall.clients.hub.clients()) == 200
    assert "synth-a" in hall.clients.hub.clients(), "a box gives way to nobody's guest"
    waited = hall.waited("ctrl-0", 2.0)
    assert waited is not None


# --- 9: what a token finds out ---------------------------------------------------------------------------------------


def test_a_guest_learns_of_no_id_that_has_not_called_it() -> None:
    hall = Hall()
    clients = hall.clients
    guest = hall.comes("touch-ctrl-a", key=hall.token(), manner="mute")
    clients.join("synth-secret", key=KEY)
    clients.join("ctrl-player", key=KEY)
    hall.comes("touch-ctrl-b", key=hall.token(), address="192.0.2.9")
    hall.run(0.5)
    clients.heard(guest.conn)
    told = {}
    for target in ("synth-secret", "synth-nobody", "ctrl-player", "ctrl-nobody", "touch-ctrl-b"):
        (error,) = clients.say(guest.conn, "ice-candidate", target=target, data=candidate())
        told[target] = (error["code"], error["message"].replace(target, ""))
    assert len(set(told.values())) == 1, told
    assert clients.say(guest.conn, "ice-candidate", target="synth-a", data=candidate()) == [], "it has called"
    holder = clients.hub._clients.holder("touch-ctrl-a")
    assert holder is not None
    back = clients.connect("192.0.2.1")
    clients.say(back, "register", client_id="touch-ctrl-a", key=hall.token(), resume=holder.resume)
    assert clients.say(back, "ice-candidate", target="synth-a", data=candidate()) == [], (
        "nor is it forgotten by a blink"
    )


@pytest.mark.parametrize("addresses", [1, 20])
def test_guests_who_ask_for_ids_delay_nobody(addresses: int) -> None:
    """Twenty ids of a token ask for synths and players by name for ten seconds; each answer is the same refusal."""
    hall = Hall()
    clients = hall.clients
    guests = [
        hall.comes(f"touch-ctrl-{n}", key=hall.token(), address=f"192.0.2.{n % addresses}", manner="mute")
        for n in range(20)
    ]
    clients.join("synth-secret", key=KEY)
    hall.run(1.0)
    codes: list[str] = []
    waited = None
    for n in range(100):
        for guest in guests:
            clients.heard(guest.conn)
            for target in ("synth-secret", f"ctrl-{n}"):
                for said in clients.say(guest.conn, "ice-candidate", target=target, data=candidate()):
                    codes.append(said.get("code", said["type"]))
        if n == 50:
            hall.comes("ctrl-honest", address="198.51.100.7")
            waited = hall.waited("ctrl-honest", 5.0)
        hall.run(0.1)
    assert codes == ["unknown-target"] * (100 * 20 * 2), "none has reached anybody"
    assert waited is not None
    assert waited < QUICK_S
    assert hall.linked("ctrl-honest")


@pytest.mark.parametrize("addresses", [1, 20])
def test_a_token_can_try_no_more_ids_than_may_come_in(addresses: int) -> None:
    """Every try tells whether somebody has that id; all tries of a token count, of taken ids and of free ones."""
    hall = Hall()
    hall.comes("ctrl-player", address="198.51.100.7")
    hall.run(0.5)
    answers: dict[str, int] = {}
    for n in range(2600):
        conn = hall.clients.connect(f"192.0.2.{n % addresses}")
        for said in hall.clients.say(conn, "register", client_id="ctrl-player", key=hall.token()):
            code = said.get("code", said["type"])
            answers[code] = answers.get(code, 0) + 1
        hall.clients.drop(conn)
        if n % 500 == 499:
            hall.run(1.0)
    most = Limits().joins_burst if addresses == 1 else Limits().token_joins_burst
    assert answers["id-taken"] <= most + 100, answers
    assert answers["too-many-joins"] >= 2600 - most - 100, answers
    hall.comes("touch-ctrl-other", key=hall.token("another"), address="198.51.100.8")
    assert hall.waited("touch-ctrl-other", 5.0) is not None, "another token is not touched by it"
    assert hall.linked("ctrl-player")


# --- what a guest says, to whom ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("addresses", [1, 20])
def test_guests_who_answer_without_end_fill_no_synths_connection(addresses: int) -> None:
    """Each offer is answered a hundred times, with four hundred candidates: a synth would be cut as a slow reader."""
    hall = Hall(limits=Limits(burst=10**6, address_burst=10**6))
    clients = hall.clients
    guests = [
        hall.comes(f"touch-ctrl-{n}", key=hall.token(), address=f"192.0.2.{n % addresses}", manner="mute")
        for n in range(20)
    ]
    hall.run(1.0)
    assert all(guest.offers for guest in guests)
    before = clients.hub.counters.routed
    for guest in guests:
        for n in range(100):
            clients.say(guest.conn, "answer", target="synth-a", data=answer())
            for k in range(4):
                clients.say(guest.conn, "ice-candidate", target="synth-a", data=candidate(4 * n + k))
    assert clients.hub.counters.routed - before <= 20 * (2 + 80)
    assert all(guest.conn in clients.open for guest in guests), "what is dropped is no reason to end a connection"
    hall.comes("ctrl-honest", address="198.51.100.7")
    waited = hall.waited("ctrl-honest", 5.0)
    assert waited is not None
    assert waited < QUICK_S
    guest = hall.comes("touch-ctrl-honest", key=hall.token("another"), address="198.51.100.8")
    assert hall.waited("touch-ctrl-honest", 5.0) is not None
    assert not any(said.get("code") == "too-fast" for said in clients.heard(guest.conn))


@pytest.mark.parametrize("addresses", [1, 20])
def test_phones_of_one_token_fill_no_players_connection_with_offers(addresses: int) -> None:
    """Three hundred phones offer to one player 20 times each; each offer may have 32 kB."""
    hall = Hall()
    clients = hall.clients
    player = hall.comes("ctrl-player", address="198.51.100.7", manner="mute")
    hall.run(0.5)
    token = hall.token("phones", "phone")
    phones = [clients.join(f"synth-web-{n:012x}", key=token, address=f"192.0.2.{n % addresses}") for n in range(300)]
    offered = player.offers
    clients.heard(player.conn)
    for _ in range(20):
        for phone in phones:
            clients.say(phone, "offer", target="ctrl-player", data=offer())
    heard = [said["source"] for said in clients.heard(player.conn) if said["type"] == "offer"]
    limits = Limits()
    assert len(heard) <= (limits.phone_offers_burst // 2 if addresses == 1 else limits.phone_offers_burst)
    assert len(heard) >= 256, "a page gets as many phones as it has places"
    assert player.offers == offered
    box = clients.join("synth-box", key=KEY, address="198.51.100.9")
    other = clients.join("synth-web-f", key=hall.token("others", "phone"), address="198.51.100.8")
    for honest in (box, other):
        assert clients.say(honest, "offer", target="ctrl-player", data=offer()) == []
    assert [said["source"] for said in clients.heard(player.conn)] == ["synth-box", "synth-web-f"]


@pytest.mark.parametrize("addresses", [1, 20])
def test_guests_who_take_their_ids_to_other_connections_are_announced_seldom(addresses: int) -> None:
    """With its secret a client has its id back at once, and that is no new id. Each time a synth is told, and where the
    run is another one it makes another link."""
    hall = Hall()
    clients = hall.clients
    hall.comes("ctrl-player", address="198.51.100.7")
    hall.run(0.5)
    ids = [f"touch-ctrl-{n}" for n in range(20)]
    for n, id in enumerate(ids):
        hall.comes(id, key=hall.token(), address=f"192.0.2.{n % addresses}", manner="mute")
    hall.run(0.5)
    holders = [clients.hub._clients.holder(id) for id in ids]
    secrets = [holder.resume for holder in holders if holder is not None]
    before, offers = clients.hub.counters.joined, hall.offers_made
    for _ in range(100):
        for n, id in enumerate(ids):
            hall.comes(id, key=hall.token(), address=f"192.0.2.{n % addresses}", manner="mute", resume=secrets[n])
        hall.run(0.01)
    assert clients.hub.counters.joined - before <= 20 * 21
    assert clients.hub.counters.errors["too-many-joins"] >= 20 * 79
    limits = PlayLimits()
    assert hall.offers_made - offers <= limits.guest_setups_burst + 10
    assert hall.linked("ctrl-player")
    hall.comes("ctrl-honest", address="198.51.100.8")
    waited = hall.waited("ctrl-honest", 5.0)
    assert waited is not None
    assert waited < QUICK_S
    for _ in range(5):  # a player comes back as often as it likes
        player = clients.hub._clients.holder("ctrl-honest")
        assert player is not None
        hall.comes("ctrl-honest", address="198.51.100.8", resume=player.resume)
    assert clients.hub._clients.holder("ctrl-honest") is not None


@pytest.mark.parametrize("addresses", [1, 20])
def test_guests_who_sit_down_on_the_ids_of_players_give_them_up(addresses: int) -> None:
    """An id that an operator chose can be found. Guests took forty of them while their players were away, and none of
    these players got in again, nor were the guests' links given up."""
    hall = Hall()
    hub = hall.clients.hub
    for n in range(40):
        hall.comes(f"ctrl-stage-{n}", key=hall.token(), address=f"192.0.2.{n % addresses}")
    hall.run(2.0)
    squatters = {n: hall.people[f"ctrl-stage-{n}"].conn for n in range(40)}
    assert hall.linked("ctrl-stage-0")
    for n in range(40):
        hall.comes(f"ctrl-stage-{n}", address="198.51.100.7")
        holder = hub._clients.holder(f"ctrl-stage-{n}")
        assert holder is not None
        assert holder.conn == hall.people[f"ctrl-stage-{n}"].conn
        assert squatters[n] in hall.clients.closed
    hall.run(1.0)
    for n in range(40):
        link = hall.core._keeper.links[f"ctrl-stage-{n}"]
        assert hall.linked(f"ctrl-stage-{n}")
        assert (link.guest, link.may_set) == (False, True), "the link is a new one"
    for n, key in ((0, hall.token()), (1, hall.token("another"))):  # a guest takes nothing, of players or of guests
        hall.comes("touch-ctrl-honest", key=hall.token("another"), address="198.51.100.8")
        for id in (f"ctrl-stage-{n}", "touch-ctrl-honest"):
            thief = hall.clients.connect(f"192.0.2.{n}")
            [said] = hall.clients.say(thief, "register", client_id=id, key=key)
            assert said["code"] == "id-taken"
        hall.leaves("touch-ctrl-honest")
    assert hub.counters.errors["id-taken"] == 4


# --- who shares an address with guests --------------------------------------------------------------------------------


@pytest.mark.parametrize("addresses", [1, 20])
def test_guests_do_not_use_up_the_places_and_messages_of_players_at_their_address(addresses: int) -> None:
    """Musicians and their audience are often behind one router. Guests take all that an address may have, and a
    stranger there says twenty things on each of a hundred sockets."""
    hall = Hall(limits=Limits(clients_per_address=50, address_rate_per_s=1.0, address_burst=500))
    clients = hall.clients
    for n in range(60 * addresses):
        hall.comes(f"touch-ctrl-{n}", key=hall.token(), address=f"192.0.2.{n % addresses}", manner="mute")
    for _ in range(30):
        for person in list(hall.people.values()):
            if person.conn in clients.open:
                clients.say(person.conn, "heartbeat")
    for n in range(100):
        stranger = clients.connect(f"192.0.2.{n % addresses}")
        for _ in range(20):
            clients.say(stranger, "heartbeat")
    assert clients.hub.counters.errors["address-full"] == 10 * addresses
    assert clients.hub.counters.errors["too-fast"] > 0
    hall.run(0.2)
    for n in range(5):
        hall.comes(f"ctrl-{n}", address="192.0.2.0")
        waited = hall.waited(f"ctrl-{n}", 5.0)
        assert waited is not None
        assert waited < QUICK_S


def test_who_registers_again_by_another_key_is_counted_once() -> None:
    hall = Hall(limits=Limits(clients_per_address=2))
    clients = hall.clients
    conn = clients.join("ctrl-a", key=hall.token(), address="192.0.2.1")
    for key in (KEY, hall.token(), KEY):
        assert [said["type"] for said in clients.say(conn, "register", client_id="ctrl-a", key=key)] == ["registered"]
    for n in range(2):  # both places of guests are free
        clients.join(f"touch-ctrl-{n}", key=hall.token(), address="192.0.2.1")
    clients.join("ctrl-b", key=KEY, address="192.0.2.1")
    full = clients.connect("192.0.2.1")
    assert [said["code"] for said in clients.say(full, "register", client_id="ctrl-c", key=KEY)] == ["address-full"]
    clients.drop(conn)
    clients.join("ctrl-c", key=KEY, address="192.0.2.1")
