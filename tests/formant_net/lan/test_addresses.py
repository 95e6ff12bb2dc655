"""Which addresses are shown to people and which to boxes, on the machines that there are."""

from __future__ import annotations

import pytest

from formant_net.lan.addresses import (
    Candidate,
    Interface,
    Kind,
    bound,
    candidates,
    for_boxes,
    for_browsers,
    for_certificate,
)

LO = Interface("lo", ("127.0.0.1", "::1"), 1)
ETH = Interface("eth0", ("192.168.1.20", "fe80::20"), 2)
WLAN = Interface("wlan0", ("192.168.4.1", "fe80::41"), 3)
WG = Interface("wg0", ("10.8.0.2",), 4, tunnel=True)
TAILSCALE = Interface("tailscale0", ("100.101.102.103", "fd7a:115c:a1e0::1"), 5, tunnel=True)
DOCKER = Interface("docker0", ("172.17.0.1",), 6)


def shown(*interfaces: Interface) -> list[str]:
    return [str(each) for each in for_browsers(candidates(interfaces))]


def advertised(*interfaces: Interface) -> list[str]:
    return [str(each) for each in for_boxes(candidates(interfaces))]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("eth0", Kind.WIRED),
        ("enp3s0", Kind.WIRED),
        ("br0", Kind.WIRED),
        ("usb0", Kind.WIRED),
        ("br-lan", Kind.WIRED),
        ("Ethernet 2", Kind.WIRED),
        ("Realtek PCIe GbE Family Controller", Kind.WIRED),
        ("Intel(R) Wi-Fi 6 AX201 160MHz", Kind.WIFI),
        ("Qualcomm Atheros Wireless Network Adapter", Kind.WIFI),
        ("Famatech Radmin VPN Ethernet Adapter", Kind.VPN),
        ("LogMeIn Hamachi Virtual Ethernet Adapter", Kind.VPN),
        ("TAP-Windows Adapter V9", Kind.VPN),
        ("Cisco AnyConnect Virtual Miniport Adapter for Windows x64", Kind.VPN),
        ("Tailscale Tunnel", Kind.VPN),
        ("VirtualBox Host-Only Ethernet Adapter", Kind.CONTAINER),
        ("VMware Virtual Ethernet Adapter for VMnet8", Kind.CONTAINER),
        ("Hyper-V Virtual Ethernet Adapter #2", Kind.SWITCH),
        ("vEthernet (External)", Kind.SWITCH),
        ("wlan0", Kind.WIFI),
        ("wlp2s0", Kind.WIFI),
        ("ap0", Kind.WIFI),
        ("Wi-Fi", Kind.WIFI),
        ("wg0", Kind.VPN),
        ("tun1", Kind.VPN),
        ("proton0", Kind.VPN),
        ("myvpn", Kind.VPN),
        ("utun4", Kind.VPN),
        ("ppp0", Kind.VPN),
        ("tailscale0", Kind.VPN),
        ("ztabcdef12", Kind.VPN),
        ("wwan0", Kind.MOBILE),
        ("docker0", Kind.CONTAINER),
        ("docker_gwbridge", Kind.CONTAINER),
        ("br-0123456789ab", Kind.CONTAINER),
        ("veth12ab", Kind.CONTAINER),
        ("virbr0", Kind.CONTAINER),
        ("lxcbr0", Kind.CONTAINER),
        ("cni0", Kind.CONTAINER),
        ("podman1", Kind.CONTAINER),
        ("vEthernet (WSL)", Kind.CONTAINER),
    ],
)
def test_a_name_tells_what_an_interface_leads_to(name: str, kind: Kind) -> None:
    assert Interface(name, ("192.168.1.20",)).kind is kind


def test_what_the_system_says_of_an_interface_counts_as_well() -> None:
    assert Interface("enx1", ("10.0.0.1",), wireless=True).kind is Kind.WIFI
    assert Interface("office", ("10.0.0.1",), tunnel=True).kind is Kind.VPN
    assert Interface("wwan0", ("10.0.0.1",), tunnel=True).kind is Kind.MOBILE
    assert Interface("whatever", ("127.0.0.1", "::1")).kind is Kind.LOOPBACK


def test_a_bridge_named_as_dockers_with_a_real_port_is_the_lan() -> None:
    assert Interface("br-0123", ("10.0.0.1",), ports=("veth1", "veth2")).kind is Kind.CONTAINER
    assert Interface("br-0123", ("10.0.0.1",), ports=("veth1", "eth0")).kind is Kind.WIRED


def test_without_a_gateway_the_lan_address_is_shown() -> None:
    assert shown(LO, ETH) == ["192.168.1.20"]


def test_wired_comes_before_wifi_and_both_are_shown() -> None:
    assert shown(WLAN, ETH) == ["192.168.1.20", "192.168.4.1"]


def test_a_vpn_comes_last_and_carries_the_word() -> None:
    found = for_browsers(candidates([WG, ETH, TAILSCALE]))
    assert [(str(each), each.word) for each in found] == [
        ("192.168.1.20", ""),
        ("10.8.0.2", "VPN wg0"),
        ("100.101.102.103", "VPN tailscale0"),
    ]
    assert advertised(WG, ETH, TAILSCALE) == ["192.168.1.20", "fe80::20%2"]


def test_a_vpn_alone_is_shown_and_advertised() -> None:
    assert shown(LO, WG) == ["10.8.0.2"]
    assert advertised(LO, WG) == ["10.8.0.2"]


def test_an_address_of_carrier_grade_nat_is_a_vpns_whatever_its_interface_is_called() -> None:
    assert shown(Interface("mesh", ("100.64.0.9",)), ETH) == ["192.168.1.20", "100.64.0.9"]


def test_on_windows_a_vpn_that_is_listed_first_is_not_the_lan() -> None:
    """As dsh-pocket#2 had it: the code for phones led to Radmin's address."""
    radmin = Interface("Famatech Radmin VPN Ethernet Adapter", ("26.11.12.13",), 3)
    switch = Interface("Hyper-V Virtual Ethernet Adapter", ("172.28.0.1",), 4)
    wifi = Interface("Intel(R) Wi-Fi 6 AX201 160MHz", ("192.168.1.20",), 9)
    assert shown(radmin, switch, wifi) == ["192.168.1.20", "172.28.0.1", "26.11.12.13"]
    assert shown(radmin, switch) == ["172.28.0.1", "26.11.12.13"], "the switch may have taken the LAN over"


def test_containers_are_neither_shown_nor_advertised() -> None:
    assert shown(DOCKER, ETH) == ["192.168.1.20"]
    assert advertised(DOCKER, ETH) == ["192.168.1.20", "fe80::20%2"]
    assert shown(LO, DOCKER) == []
    assert advertised(LO, DOCKER) == []


def test_ipv6_is_shown_where_no_ipv4_is_one_an_interface_and_unique_local_first() -> None:
    six = Interface("eth0", ("2001:db8::3", "fd77::3", "fe80::3"), 2)
    assert shown(six) == ["fd77::3"]
    assert shown(six, WLAN) == ["192.168.4.1"]
    assert advertised(six) == ["fd77::3", "2001:db8::3", "fe80::3%2"]


def test_link_local_ipv6_is_for_boxes_alone() -> None:
    alone = Interface("eth0", ("fe80::3",), 7)
    assert shown(alone) == []
    assert advertised(alone) == ["fe80::3%7"]


def test_link_local_ipv4_counts_where_there_is_no_other_ipv4() -> None:
    cable = Interface("eth0", ("169.254.7.7", "fe80::7"), 2)
    assert shown(cable) == ["169.254.7.7"]
    assert advertised(cable) == ["169.254.7.7", "fe80::7%2"]
    assert shown(cable, WLAN) == ["192.168.4.1"]
    assert advertised(cable, WLAN) == ["192.168.4.1", "fe80::7%2", "fe80::41%3"]


def test_an_interface_without_a_carrier_comes_last() -> None:
    unplugged = Interface("eth0", ("192.168.1.20",), 2, up=False)
    assert [str(each) for each in candidates([unplugged, WLAN, WG])] == [
        "192.168.4.1",
        "fe80::41%3",
        "10.8.0.2",
        "192.168.1.20",
    ]
    assert shown(unplugged, WLAN) == ["192.168.4.1"]
    assert shown(unplugged) == ["192.168.1.20"]
    assert candidates([unplugged])[0].word == "eth0 has no carrier"
    assert advertised(unplugged) == []


def test_what_is_not_listened_on_does_not_count() -> None:
    found = candidates([ETH, Interface("eth1", ("10.0.0.5", "fd77::5"), 8)])
    four, six = bound(found, ["0.0.0.0"]), bound(found, ["::"])
    assert {each.parsed.version for each in four} == {4}
    assert {each.parsed.version for each in six} == {6}
    assert len(four) + len(six) == len(bound(found, ["0.0.0.0", "::"])) == 4
    assert [str(each) for each in bound(found, ["10.0.0.5"])] == ["10.0.0.5"]
    assert [str(each) for each in bound(found, ["fe80::20%2"])] == ["fe80::20%2"]


def test_a_certificate_names_every_network_but_those_of_containers() -> None:
    found = candidates([LO, ETH, WG, DOCKER, Interface("eth1", ("fd77::5",), 8)])
    assert {each.address for each in for_certificate(found)} == {"192.168.1.20", "10.8.0.2", "fd77::5"}
    alone = candidates([Interface("eth0", ("169.254.7.7",), 2)])
    assert [each.address for each in for_certificate(alone)] == ["169.254.7.7"]


def test_equals_stay_in_the_order_of_the_system() -> None:
    first, second = Interface("eth1", ("10.1.0.1",), 3), Interface("eth0", ("10.0.0.1",), 2)
    assert shown(first, second) == ["10.0.0.1", "10.1.0.1"]
    assert candidates([first])[0] == Candidate("10.1.0.1", "eth1", Kind.WIRED, 3)
