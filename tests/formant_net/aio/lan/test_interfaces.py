"""What a server prints on real network stacks: each test is a machine of its own in a network namespace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from support.net.namespace import Network
from support.suite.require import require_namespaces

LOOK = """
import json
from formant_net.aio.lan.interfaces import interfaces
from formant_net.lan.invitation import invite
from formant_net.lan.addresses import candidates, for_boxes
from formant_net.protocol.join import JoinUrl
from functools import partial
found = interfaces()
invitation = invite(found, ("0.0.0.0", "::"), partial(JoinUrl.make, port=8080))
print(json.dumps({
    "join": str(invitation.join), "word": invitation.word, "here_only": invitation.here_only,
    "also": [[str(join), word] for join, word in invitation.also],
    "boxes": [str(each) for each in for_boxes(candidates(found))],
}))
"""


def lan_without_gateway(network: Network) -> None:
    network.link("eth0", "192.168.1.20/24")


def own_access_point(network: Network) -> None:
    network.link("wlan0", "192.168.4.1/24")


def access_point_and_cable(network: Network) -> None:
    own_access_point(network)
    lan_without_gateway(network)
    network.ip("route", "add", "default", "via", "192.168.4.2", "dev", "wlan0")


def vpn_with_default_route(network: Network) -> None:
    lan_without_gateway(network)
    network.link("wg0", "10.8.0.2/24")
    network.ip("route", "add", "default", "via", "10.8.0.1", "dev", "wg0")


def tunnel_of_any_name(network: Network) -> None:
    lan_without_gateway(network)
    network.tunnel("office", "10.9.0.2/24")


def docker_beside(network: Network) -> None:
    network.bridge("docker0", "172.17.0.1/16", ports=("vethab12",))
    network.bridge("br-0123456789ab", "172.18.0.1/16", ports=("vethcd34",))
    lan_without_gateway(network)
    network.ip("route", "add", "default", "via", "172.17.0.2", "dev", "docker0")


def bridge_of_a_router(network: Network) -> None:
    network.bridge("br-0123", "192.168.8.1/24", ports=("lan1",))


def ipv6_alone(network: Network) -> None:
    network.link("eth0", "fd77::3/64", "fe80::3/64", "2001:db8::3/64")


def link_local_ipv4(network: Network) -> None:
    network.link("eth0", "169.254.7.7/16")


def link_local_ipv6(network: Network) -> None:
    network.link("eth0", "fe80::3/64")


def nothing(network: Network) -> None:
    del network


def a_name_that_is_not_utf_8(network: Network) -> None:
    """Every query of the library for addresses failed, also on behalf of zeroconf and of WebRTC."""
    lan_without_gateway(network)
    stray = os.fsdecode(b"K\xfcche")
    network.link(stray, "192.168.9.9/24")


ETH = "http://192.168.1.20:8080/"


@pytest.mark.parametrize(
    ("make", "join", "also", "boxes"),
    [
        (lan_without_gateway, ETH, [], ["192.168.1.20"]),
        (own_access_point, "http://192.168.4.1:8080/", [], ["192.168.4.1"]),
        (access_point_and_cable, ETH, [["http://192.168.4.1:8080/", "wlan0"]], ["192.168.1.20", "192.168.4.1"]),
        (vpn_with_default_route, ETH, [["http://10.8.0.2:8080/", "VPN wg0"]], ["192.168.1.20"]),
        (tunnel_of_any_name, ETH, [["http://10.9.0.2:8080/", "VPN office"]], ["192.168.1.20"]),
        (docker_beside, ETH, [], ["192.168.1.20"]),
        (bridge_of_a_router, "http://192.168.8.1:8080/", [], ["192.168.8.1"]),
        (ipv6_alone, "http://[fd77::3]:8080/", [], ["fd77::3", "2001:db8::3", "fe80::3%2"]),
        (a_name_that_is_not_utf_8, ETH, [["http://192.168.9.9:8080/", "K\ufffdche"]], ["192.168.1.20", "192.168.9.9"]),
        (link_local_ipv4, "http://169.254.7.7:8080/", [], ["169.254.7.7"]),
    ],
)
def test_the_address_that_others_can_use_is_printed(
    make: Callable[[Network], None], join: str, also: list[list[str]], boxes: list[str]
) -> None:
    found = look(make)
    assert (found["join"], found["word"], found["here_only"]) == (join, "", "")
    assert found["also"] == also
    assert [each if "%" not in each else each.partition("%")[0] + "%2" for each in found["boxes"]] == boxes


@pytest.mark.parametrize(
    ("make", "why", "boxes"),
    [(link_local_ipv6, "link-local IPv6", 1), (nothing, "no network address", 0)],
)
def test_it_is_said_when_only_this_machine_can_reach_it(make: Callable[[Network], None], why: str, boxes: int) -> None:
    found = look(make)
    assert found["join"] == "http://127.0.0.1:8080/"
    assert why in found["here_only"]
    assert len(found["boxes"]) == boxes


def test_an_ipv6_address_that_will_change_is_not_told() -> None:
    def deprecated(network: Network) -> None:
        network.link("eth0", "fd77::3/64")
        network.ip("addr", "add", "fd77::bad/64", "dev", "eth0", "nodad", "preferred_lft", "0")

    assert look(deprecated)["boxes"] == ["fd77::3"]


def test_what_another_network_namespace_has_in_sys_misleads_nobody() -> None:
    """As in `unshare -n`, or a container that mounts its host's /sys."""
    require_namespaces()
    with Network() as network:
        vpn_with_default_route(network)
        enter = ["nsenter", f"--net=/run/netns/{network.name}"]
        done = subprocess.run([*enter, sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["join"] == ETH


def look(make: Callable[[Network], None]) -> dict[str, Any]:
    require_namespaces()
    with Network() as network:
        make(network)
        done = subprocess.run(
            [*network.inside, sys.executable, "-c", LOOK], capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
