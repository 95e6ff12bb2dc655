"""Which links a synth keeps: lists in several messages, refusals of the server, and who gives way."""

from __future__ import annotations

from support.virtual.ensemble import Node, World
from support.virtual.hands import synth_of

from formant_net.client import effects as fx
from formant_net.protocol import messages as m
from formant_net.synth.linking.roster import MAX_CONTROLLERS
from formant_net.synth.play_limits import PlayLimits


def tell(synth: Node, message: m.Message) -> None:
    synth.call(synth_of(synth).receive, 1, message)


def joined(synth: Node, *names: str, **fields: object) -> None:
    """Controllers that are listed and never answer."""
    for name in names:
        tell(synth, m.ControllerJoined(controller_id=name, **fields))  # type: ignore[arg-type]


def calm(limits: PlayLimits | None = None) -> tuple[World, Node]:
    world = World()
    synth = world.synth(limits=limits)
    world.run(0.1)
    return world, synth


def offered(synth: Node) -> list[str]:
    return [effect.peer for effect in synth.effects if isinstance(effect, fx.MakeOffer)]


def test_an_offer_that_the_server_refuses_gives_its_place_to_the_next_at_once() -> None:
    world, synth = calm(PlayLimits(setups=1))
    joined(synth, "ctrl-gone", "ctrl-next")
    world.run(0.05)
    assert offered(synth) == ["ctrl-gone"]
    refusal = m.Error(code="unknown-target", message="nobody", about="offer", target="ctrl-gone")
    tell(synth, refusal)
    assert offered(synth) == ["ctrl-gone", "ctrl-next"]
    assert synth_of(synth).counters["refused"] == 1


def test_a_refusal_of_something_else_or_of_an_open_link_changes_nothing() -> None:
    world, synth = calm()
    world.controller("ctrl-a")
    world.run(1.0)
    joined(synth, "ctrl-b")
    before = synth.count(fx.CloseLink)
    for about, target in (("ice-candidate", "ctrl-b"), ("offer", "ctrl-a"), ("offer", "nobody")):
        tell(synth, m.Error(code="unknown-target", message="", about=about, target=target))
    tell(synth, m.Error(code="too-many-offers", message="", about="offer"))
    assert synth_of(synth).open_peers == ("ctrl-a",)
    assert synth.count(fx.CloseLink) == before


def test_who_was_refused_is_tried_again_while_it_is_listed() -> None:
    world, synth = calm()
    joined(synth, "ctrl-a")
    world.run(0.05)
    tell(synth, m.Error(code="too-many-offers", message="", about="offer", target="ctrl-a"))
    world.run(2.0)
    assert offered(synth).count("ctrl-a") >= 2


def test_a_list_in_several_messages_is_asked_for_and_counts_when_it_is_whole() -> None:
    world, synth = calm()
    joined(synth, "ctrl-old", "ctrl-kept")
    asked = [e.message for e in synth.effects if isinstance(e, fx.Transmit) and e.message != m.Heartbeat()]
    tell(synth, m.ControllersList(controllers=["ctrl-kept", "ctrl-1"], more=True, total=4))
    (again,) = [e.message for e in synth.effects if isinstance(e, fx.Transmit)][len(asked) :]
    assert again == m.RequestControllers(source="synth-a", after="ctrl-1")
    assert "ctrl-old" in synth_of(synth)._keeper.roster
    tell(synth, m.ControllersList(controllers=["ctrl-2", "ctrl-3"], after="ctrl-1"))
    assert sorted(synth_of(synth)._keeper.roster) == ["ctrl-1", "ctrl-2", "ctrl-3", "ctrl-kept"]
    assert "ctrl-old" not in synth_of(synth)._keeper.links
    world.run(0.1)


def test_a_list_without_an_end_is_not_asked_for_without_an_end() -> None:
    _, synth = calm()
    sent = synth.count(fx.Transmit)
    for n in range(200):
        page = [f"ctrl-{n}-{k}" for k in range(50)]
        after = f"ctrl-{n - 1}-49" if n else None
        tell(synth, m.ControllersList(controllers=page, more=True, **({"after": after} if after else {})))  # type: ignore[arg-type]
        if len(synth_of(synth)._keeper.roster) == MAX_CONTROLLERS:
            break
    assert synth.count(fx.Transmit) - sent <= MAX_CONTROLLERS // 50
    tell(synth, m.ControllersList(controllers=[], more=True))
    assert len(synth_of(synth)._keeper.roster) == 0


def test_a_roster_full_of_guests_has_room_for_a_player_and_not_for_one_more_guest() -> None:
    _, synth = calm()
    tell(synth, m.ControllersList(controllers=["ctrl-first"]))
    joined(synth, *(f"guest-{n}" for n in range(MAX_CONTROLLERS - 1)), settings=False, group="t.a")
    joined(synth, "guest-more", settings=False, group="t.b")
    assert "guest-more" not in synth_of(synth)._keeper.roster
    assert synth_of(synth).counters["beyond_roster"] == 1
    joined(synth, "ctrl-player")
    roster = synth_of(synth)._keeper.roster
    assert len(roster) == MAX_CONTROLLERS
    assert "ctrl-player" in roster
    assert "ctrl-first" in roster
    assert f"guest-{MAX_CONTROLLERS - 2}" not in roster
    assert synth_of(synth)._keeper.links["ctrl-player"].peer.state.value != "waiting"


def test_a_guest_may_change_nothing_from_the_first_moment_of_its_link() -> None:
    _, synth = calm()
    joined(synth, "guest-a", settings=False, group="t.a")
    joined(synth, "ctrl-a")
    links = synth_of(synth)._keeper.links
    assert (links["guest-a"].may_set, links["ctrl-a"].may_set) == (False, True)


def test_a_player_that_was_never_reached_gives_way_to_a_player_and_not_to_a_guest() -> None:
    _, synth = calm(PlayLimits(controllers=1))
    joined(synth, "ctrl-a")
    tell(synth, m.Error(code="unknown-target", message="", about="offer", target="ctrl-a"))
    links = synth_of(synth)._keeper.links
    assert links["ctrl-a"].failures
    joined(synth, "guest-a", settings=False, group="t.b")
    assert list(links) == ["ctrl-a"]
    joined(synth, "ctrl-b")
    assert list(links) == ["ctrl-b"]


def test_a_link_to_a_guest_ends_when_its_id_goes_to_a_player() -> None:
    """The guest would go on playing under the player's id, and the player would get no link. Without `meta.run` nothing
    else tells them apart."""
    world, synth = calm()
    world.controller("ctrl-a")
    world.run(1.0)
    link = synth_of(synth)._keeper.links["ctrl-a"]
    assert synth_of(synth).open_peers == ("ctrl-a",)
    link.guest, link.run = True, None
    joined(synth, "ctrl-a", settings=False, group="t.a")
    assert synth_of(synth).open_peers == ("ctrl-a",)
    joined(synth, "ctrl-a", group="k.b")
    assert synth_of(synth).open_peers == ()
    world.run(3.0)
    assert (link.guest, link.peer.state.value) == (False, "open")
