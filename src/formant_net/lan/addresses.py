"""Ranks the addresses of a machine by how well other devices can use them.

Every address of every interface is a candidate. Its rank depends on the kind of its interface and on its scope. The
default route plays no part: a LAN without a gateway has none, and a VPN may have taken it.

| candidate                                            | rank | printed for browsers              |
|------------------------------------------------------|------|-----------------------------------|
| IPv4, wired (also a bridge), then Wi-Fi              | 0, 1 | yes                               |
| IPv4 of a virtual switch (Hyper-V), which may be both | 2    | yes                               |
| IPv6: unique local (ULA), then global                | 3, 4 | where there is no such IPv4       |
| IPv4 link-local (169.254/16)                         | 5    | where there is no other IPv4      |
| IPv6 link-local (fe80::)                             | 6    | never: browsers take no zone      |
| VPN, mobile data, carrier-grade NAT (100.64/10)      | 7    | yes, with the word                |
| containers and virtual machines of this host         | 9    | never                             |

An interface without a carrier ranks behind all that have one.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
ANY = ("0.0.0.0", "::")
"""The addresses of a server that listens on all addresses of IPv4 and of IPv6."""
_CARRIER_NAT = ipaddress.IPv4Network("100.64.0.0/10")
_SITE = (ipaddress.IPv6Network("fc00::/7"), ipaddress.IPv6Network("fec0::/10"))


class Kind(Enum):
    """The kind of network behind an interface. The values are words for people."""

    WIRED = "wired"
    WIFI = "Wi-Fi"
    SWITCH = "virtual switch"
    VPN = "VPN"
    MOBILE = "mobile data"
    CONTAINER = "container or virtual machine"
    LOOPBACK = "loopback"


_BY_NAME = {
    Kind.CONTAINER: r"docker\d|docker_|veth(?!ernet)|virbr|vnet\d|vmnet|vboxnet|lxc|lxd|incus|cni|podman|nerdctl|cbr\d|"
    r"flannel|cali[0-9a-f]|cilium|kube-|weave|waydroid|mpqemubr",
    Kind.MOBILE: r"wwan|wwp|rmnet|pdp_ip",
    Kind.VPN: r"tun|wg|tailscale|zt|utun|ppp|ipsec|nordlynx|proton|zerotier|cloudflarewarp|.*vpn",
    Kind.WIFI: r"wl|wlan|ath\d|ap\d|wi-?fi",
}
"""The beginnings of interface names, in lower case."""
_BY_DESCRIPTION = {
    Kind.CONTAINER: r".*(virtualbox|vmware|\bwsl\b|default switch)",
    Kind.VPN: r".*(vpn|hamachi|wireguard|tailscale|zerotier|tap-windows|wintun|anyconnect|fortinet|tunnel|\bwarp\b)",
    Kind.SWITCH: r".*(hyper-v|vethernet)",
    Kind.WIFI: r".*(wi-?fi|wireless|802\.11|wlan)",
}
"""Parts of interface descriptions, in lower case. Windows gives descriptions of several words instead of names."""
_OF_DOCKER = re.compile(r"br-(?!lan|wan)")
"""Names of bridges that may be Docker's. A bridge with a real port belongs to the LAN, as does OpenWrt's `br-lan`."""
_NAMES = {kind: re.compile(pattern) for kind, pattern in _BY_NAME.items()}
_DESCRIPTIONS = {kind: re.compile(pattern) for kind, pattern in _BY_DESCRIPTION.items()}


@dataclass(frozen=True, slots=True)
class Interface:
    """One network interface as the system shows it.

    addresses   IPv4 and IPv6, without a zone
    index       the system's number of the interface, the zone of a link-local address; 0: unknown
    up          the interface has a carrier
    wireless    the interface is known to be Wi-Fi
    tunnel      the interface carries packets without Ethernet: TUN, WireGuard, PPP
    ports       the interfaces that a bridge joins
    """

    name: str
    addresses: tuple[str, ...]
    index: int = 0
    up: bool = True
    wireless: bool = False
    tunnel: bool = False
    ports: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """The kind of the interface, from its addresses, its name, its ports and the system's information."""
        if self.addresses and all(ipaddress.ip_address(address).is_loopback for address in self.addresses):
            return Kind.LOOPBACK
        named = _kind_of_name(self.name)
        if _OF_DOCKER.match(self.name) and all(_kind_of_name(port) is Kind.CONTAINER for port in self.ports):
            return Kind.CONTAINER
        if named in (None, Kind.WIFI) and self.tunnel:
            return Kind.VPN
        if named is None:
            return Kind.WIFI if self.wireless else Kind.WIRED
        return named


@dataclass(frozen=True, slots=True)
class Candidate:
    """One address at which others may reach this machine. `str` gives `192.168.1.20`, or `fe80::1%2` with the zone."""

    address: str
    interface: str
    kind: Kind
    index: int = 0
    up: bool = True

    def __str__(self) -> str:
        return f"{self.address}%{self.index}" if self.index and _needs_zone(self.parsed) else self.address

    @property
    def parsed(self) -> Address:
        return ipaddress.ip_address(self.address)

    @property
    def afar(self) -> bool:
        """Whether the address is not of the local network: only devices of that VPN or that carrier can use it."""
        return self.kind in (Kind.VPN, Kind.MOBILE) or _in_carrier_nat(self.parsed)

    @property
    def rank(self) -> int:
        """The rank in the table above, 0 is the best."""
        address = self.parsed
        if self.kind is Kind.CONTAINER:
            return 9
        if self.afar:
            return 7
        if address.is_link_local:
            return 5 if address.version == 4 else 6
        if address.version == 4:
            return {Kind.WIFI: 1, Kind.SWITCH: 2}.get(self.kind, 0)
        return 3 if any(address in site for site in _SITE) else 4

    @property
    def word(self) -> str:
        """A note for people, such as `VPN wg0`; "" if there is nothing to say."""
        if not self.afar:
            return "" if self.up else f"{self.interface} has no carrier"
        return f"{self.kind.value if self.kind in (Kind.VPN, Kind.MOBILE) else 'VPN'} {self.interface}"


def candidates(interfaces: Iterable[Interface]) -> list[Candidate]:
    """Every address except those of loopback, best first. Equal ones follow the numbers of their interfaces."""
    found = [
        Candidate(address, interface.name, interface.kind, interface.index, interface.up)
        for interface in interfaces
        for address in interface.addresses
        if not ipaddress.ip_address(address).is_loopback
    ]
    return sorted(found, key=lambda each: (not each.up, each.rank, each.parsed.version, each.index))


def bound(found: Sequence[Candidate], hosts: Iterable[str]) -> list[Candidate]:
    """The candidates at which a server on `hosts` answers: addresses such as `0.0.0.0`, `::` or `192.168.1.20`."""
    listening = {_without_zone(host) for host in hosts}
    wide = {4: "0.0.0.0" in listening, 6: "::" in listening}
    return [each for each in found if wide[each.parsed.version] or each.address in listening]


def for_browsers(found: Sequence[Candidate]) -> list[Candidate]:
    """The candidates that a person can open in a browser, best first.

    IPv6 is used only where the LAN has no IPv4, and then one address of each interface.
    """
    shown = [each for each in found if each.kind is not Kind.CONTAINER and not _needs_zone(each.parsed)]
    near = [each for each in shown if not each.afar]
    near = [each for each in near if each.up] or near
    kept = [each for each in near if each.parsed.version == 4 and not each.parsed.is_link_local]
    if not kept:
        kept = _one_each(each for each in near if each.parsed.version == 6)
        kept += [each for each in near if each.parsed.version == 4]
    kept += _one_each(each for each in shown if each.afar)
    return [each for each in shown if each in kept]


def for_boxes(found: Sequence[Candidate]) -> list[Candidate]:
    """The candidates to advertise by mDNS, best first: all of the LAN, link-local IPv6 too; without a LAN all others.

    A link-local IPv4 address is used only where the LAN has no other IPv4 address.
    """
    usable = [each for each in found if each.kind is not Kind.CONTAINER and each.up]
    near = [each for each in usable if not each.afar]
    if not near:
        return usable
    assigned = any(each.parsed.version == 4 and not each.parsed.is_link_local for each in near)
    return [each for each in near if not (assigned and each.parsed.version == 4 and each.parsed.is_link_local)]


def for_certificate(found: Sequence[Candidate]) -> list[Candidate]:
    """The candidates that a certificate names: all that a browser may be given, on every network of this machine."""
    shown = for_browsers(found)
    return [
        each for each in found if each in shown or (each.kind is not Kind.CONTAINER and not each.parsed.is_link_local)
    ]


def _one_each(found: Iterable[Candidate]) -> list[Candidate]:
    """The best candidate of each interface."""
    best: dict[str, Candidate] = {}
    for each in found:
        best.setdefault(each.interface, each)
    return list(best.values())


def _kind_of_name(name: str) -> Kind | None:
    patterns = _DESCRIPTIONS if " " in name else _NAMES
    return next((kind for kind, pattern in patterns.items() if pattern.match(name.lower())), None)


def _needs_zone(address: Address) -> bool:
    return address.version == 6 and address.is_link_local


def _in_carrier_nat(address: Address) -> bool:
    return address.version == 4 and address in _CARRIER_NAT


def _without_zone(host: str) -> str:
    return host.partition("%")[0]
