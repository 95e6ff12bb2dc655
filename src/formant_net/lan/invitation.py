"""The invitation of a server: the join URLs for other devices, and a note when only this machine can reach it."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from formant_net.lan.addresses import ANY, Candidate, Interface, Kind, bound, candidates, for_browsers
from formant_net.protocol.join import JoinUrl


@dataclass(frozen=True, slots=True)
class Invitation:
    """`join` is the join URL to print and to draw as a QR code.

    word      a note on `join` for people, "" if there is nothing to say
    also      further join URLs of the same server, each with its note
    here_only why only this machine can join, as a sentence; "" when others can
    """

    join: JoinUrl
    word: str = ""
    also: tuple[tuple[JoinUrl, str], ...] = ()
    here_only: str = ""


def invite(
    interfaces: Sequence[Interface], hosts: Sequence[str], make: Callable[[str], JoinUrl], advertised: str | None = None
) -> Invitation:
    """The invitation of a server on this machine.

    interfaces  all interfaces of this machine
    hosts       the addresses that the server listens on
    make        gives the join URL of a host
    advertised  the host that the operator chose; it overrides all others
    """
    if advertised:
        return Invitation(make(advertised))
    every = candidates(interfaces)
    found = bound(every, hosts)
    shown = for_browsers(found)
    if not set(hosts) & set(ANY):  # the operator has chosen the addresses
        shown = found
        if not found and not _is_loopback(hosts[0]):
            return Invitation(make(hosts[0]))
    if not shown:
        return Invitation(make(local_host(hosts)), here_only=_why(every, found, hosts))
    first, *others = shown
    return Invitation(
        make(str(first)), first.word, tuple((make(str(each)), each.word or each.interface) for each in others)
    )


def local_host(hosts: Sequence[str]) -> str:
    """The host at which a process of this machine reaches a server that listens on `hosts`."""
    for any_address, loopback in zip(ANY, ("127.0.0.1", "::1"), strict=True):
        if any_address in hosts:
            return loopback
    return hosts[0]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _why(every: Sequence[Candidate], found: Sequence[Candidate], hosts: Sequence[str]) -> str:
    """Why there is no address for other devices, as a sentence."""
    if not set(hosts) & set(ANY):
        return f"the server listens on {' and '.join(hosts)} only: leave --host out, and it listens on all addresses"
    if not every:
        return "this machine has no network address"
    if not found:
        return "the server listens on IPv4 or on IPv6 only: leave --host out, and it listens on both"
    if all(each.kind is Kind.CONTAINER for each in found):
        return "this machine has only addresses of its own containers and virtual machines"
    return "this machine has only link-local IPv6 addresses, which browsers do not accept"
