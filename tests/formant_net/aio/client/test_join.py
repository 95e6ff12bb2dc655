from __future__ import annotations

import pytest

from formant_net.aio.client.join import FOUND, search_for, servers_of
from formant_net.protocol.join import JoinUrlError
from formant_net.protocol.trust import Trust, TrustError

PIN = "sha256-" + "A" * 43 + "="


def test_a_key_in_a_url_overrides_the_one_beside_it() -> None:
    servers = servers_of(["http://a:8080/#key=own", "http://b:8080/"], " other ")
    assert [(server.ws_url, server.key) for server in servers] == [
        ("ws://a:8080/ws", "own"), ("ws://b:8080/ws", "other")
    ]  # fmt: skip


def test_what_is_no_url_is_said() -> None:
    with pytest.raises(JoinUrlError, match="cannot be joined"):
        servers_of(["ftp://a/"], None)


def test_a_certificate_can_be_asked_for_by_https_alone(tmp_path: object) -> None:
    with pytest.raises(TrustError, match="must begin with https"):
        servers_of(["http://a:8080/"], None, Trust(ca="/ca.pem"))


def test_a_search_begins_where_a_server_was_found_last() -> None:
    search = search_for(" key ", local=False)
    assert (search.key, search.local) == ("key", False)
    assert search.memory is not None
    assert search.memory.name == FOUND
