"""What every client command takes: servers in order, keys, ids."""

from __future__ import annotations

import click
import pytest

from formant_net.cli.options.servers import check_id, search_of, servers_of
from formant_net.client.servers import Server


def test_servers_are_tried_in_the_order_given_each_with_its_own_key(monkeypatch: pytest.MonkeyPatch) -> None:
    assert servers_of(("http://one:1/#key=a", "two:2"), "b") == [
        Server("ws://one:1/ws", "a"),
        Server("ws://two:2/ws", "b"),
    ]
    assert servers_of((), None) == []
    assert search_of(("http://one:1/",), None) is None
    search = search_of((), " abcd ")
    assert search is not None
    assert (search.key, search.local) == ("abcd", True)
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    service = search_of((), None)
    assert service is not None
    assert not service.local, "a unit that is to join localhost says so"


def test_an_id_gets_the_prefix_of_its_role_and_is_checked() -> None:
    assert check_id("kitchen", ("synth-",)) == "synth-kitchen"
    assert check_id("synth-kitchen", ("synth-",)) == "synth-kitchen"
    assert check_id("touch-ctrl-1", ("ctrl-", "touch-ctrl-")) == "touch-ctrl-1"
    with pytest.raises(click.BadParameter, match="letters"):
        check_id("küche nr. 1", ("synth-",))
