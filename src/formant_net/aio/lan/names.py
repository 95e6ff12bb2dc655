"""The names and addresses of this machine that its certificate must contain."""

from __future__ import annotations

import re

from formant_net.aio.host import host_name
from formant_net.aio.lan.interfaces import interfaces
from formant_net.lan.addresses import candidates, for_certificate

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


def own_names(advertised: str | None = None) -> list[str]:
    """Every name and address by which others reach this machine now: host name, mDNS, `advertised`, its addresses."""
    host = host_name()
    short = host.partition(".")[0]
    names = {"localhost", host, short, f"{short}.local", *([advertised] if advertised else [])}
    addresses = {"127.0.0.1", "::1"} | {each.address for each in for_certificate(candidates(interfaces()))}
    return sorted({name.lower() for name in names if _NAME.fullmatch(name)} | addresses)
