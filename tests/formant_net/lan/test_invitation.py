"""The join URL that is printed, the others, and when only this machine can join."""

from __future__ import annotations

import pytest

from formant_net.lan.addresses import Interface
from formant_net.lan.invitation import Invitation, invite, local_host
from formant_net.protocol.join import JoinUrl

BOTH = ("0.0.0.0", "::")
LO = Interface("lo", ("127.0.0.1", "::1"), 1)
ETH = Interface("eth0", ("192.168.1.20", "fd77::20", "fe80::20"), 2)
WG = Interface("wg0", ("10.8.0.2",), 4)


def make(host: str) -> JoinUrl:
    return JoinUrl.make(host, 8080, "abcd")


def of(*interfaces: Interface, hosts: tuple[str, ...] = BOTH, advertised: str | None = None) -> Invitation:
    return invite([LO, *interfaces], hosts, make, advertised)


def test_the_best_is_first_and_the_others_have_a_word() -> None:
    wlan = Interface("wlan0", ("192.168.4.1",), 3)
    assert of(WG, wlan, ETH) == Invitation(
        make("192.168.1.20"), also=((make("192.168.4.1"), "wlan0"), (make("10.8.0.2"), "VPN wg0"))
    )
    assert of(WG) == Invitation(make("10.8.0.2"), word="VPN wg0")


def test_what_the_operator_advertises_beats_all() -> None:
    assert of(ETH, WG, advertised="box.local") == Invitation(make("box.local"))


def test_an_address_that_was_chosen_is_printed_whatever_it_is() -> None:
    docker = Interface("docker0", ("172.17.0.1",), 6)
    assert of(ETH, docker, hosts=("172.17.0.1",)).join == make("172.17.0.1")
    assert of(ETH, WG, hosts=("10.8.0.2",)) == Invitation(make("10.8.0.2"), word="VPN wg0")
    assert of(ETH, hosts=("10.9.9.9",)) == Invitation(make("10.9.9.9")), "it may come"


def test_ipv6_is_printed_where_ipv4_is_not_served() -> None:
    assert of(ETH, hosts=("::",)).join == make("fd77::20")


@pytest.mark.parametrize(
    ("interfaces", "hosts", "join", "why"),
    [
        ((), BOTH, "127.0.0.1", "no network address"),
        ((ETH,), ("127.0.0.1",), "127.0.0.1", "listens on 127.0.0.1 only"),
        ((ETH,), ("::1",), "::1", "listens on ::1 only"),
        ((WG,), ("::",), "::1", "IPv4 or on IPv6 only"),
        ((Interface("docker0", ("172.17.0.1",)),), BOTH, "127.0.0.1", "containers"),
        ((Interface("eth0", ("fe80::3",)),), BOTH, "127.0.0.1", "link-local"),
    ],
)
def test_it_is_said_why_only_this_machine_can_join(
    interfaces: tuple[Interface, ...], hosts: tuple[str, ...], join: str, why: str
) -> None:
    found = of(*interfaces, hosts=hosts)
    assert found.join == make(join)
    assert why in found.here_only
    assert found.also == ()


@pytest.mark.parametrize(
    ("hosts", "host"),
    [(BOTH, "127.0.0.1"), (("0.0.0.0",), "127.0.0.1"), (("::",), "::1"), (("10.0.0.5",), "10.0.0.5")],
)
def test_processes_of_this_machine_use_what_is_listened_on(hosts: tuple[str, ...], host: str) -> None:
    assert local_host(hosts) == host
