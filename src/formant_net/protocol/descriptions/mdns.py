"""Candidates that a browser hides behind mDNS names: taken out of a description, to be added one by one."""

from __future__ import annotations

import re

_FRAGILE = re.compile(r"^a=(?:candidate:\S+ \d+ \S+ \d+ \S+\.local .*|end-of-candidates)\r?\n?", re.MULTILINE)


def split_mdns(sdp: str) -> tuple[str, list[str]]:
    """The description without the candidates that browsers hide behind mDNS names, and those candidates.

    Resolving such a name fails where there is no multicast. If these candidates are added one by one afterwards, a
    failure costs one candidate and not the link. "End of candidates" is removed as well, since more candidates follow.
    """
    hidden = [line.strip().removeprefix("a=") for line in _FRAGILE.findall(sdp) if "candidate:" in line]
    return (_FRAGILE.sub("", sdp), hidden) if hidden else (sdp, [])
