"""The names in a certificate: what people may type, and nothing that comes and goes with a container."""

from __future__ import annotations

import pytest

from formant_net.aio.lan import names
from formant_net.lan.addresses import Interface


def test_names_are_those_of_this_machine_and_its_lasting_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = [
        Interface("lo", ("127.0.0.1", "::1")),
        Interface("eth0", ("192.168.1.20", "fe80::1")),
        Interface("docker0", ("172.17.0.1",)),
    ]
    monkeypatch.setattr(names, "interfaces", lambda: machine)
    monkeypatch.setattr("socket.gethostname", lambda: "Attic.example.org")
    expected = {"127.0.0.1", "::1", "192.168.1.20", "localhost", "attic", "attic.example.org", "attic.local"}
    assert set(names.own_names("Play.example.org")) == expected | {"play.example.org"}


@pytest.mark.parametrize("host", ["", "mü", "a b", "-a"])
def test_a_host_name_that_is_no_name_is_left_out(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "interfaces", list)
    monkeypatch.setattr("socket.gethostname", lambda: host)
    assert names.own_names() == ["127.0.0.1", "::1", "localhost"]
