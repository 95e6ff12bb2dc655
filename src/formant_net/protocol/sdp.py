"""The number of a link inside its session description, so that an answer names the offer it answers.

The signaling messages have no field that every client echoes. JSEP has one: an answer repeats the `a=mid` of the media
section that it answers (RFC 8829 section 5.3.1). So our offers carry their link's number there. Without it, a late
answer to an abandoned offer would be taken for the answer to the next offer, and that link would never open.
"""

from __future__ import annotations

import re

_MID = re.compile(r"^a=mid:(\S+)", re.MULTILINE)
_GROUP = re.compile(r"^a=group:BUNDLE[ \t]+(\S+)", re.MULTILINE)


def mid_of(sdp: str) -> str | None:
    """The `a=mid` of the first media section, or None."""
    found = _MID.search(sdp)
    return found[1] if found else None


def with_mid(sdp: str, mid: str) -> str:
    """The same description, of one media section, under another `a=mid`."""
    return _GROUP.sub(f"a=group:BUNDLE {mid}", _MID.sub(f"a=mid:{mid}", sdp))


_FRAGILE = re.compile(r"^a=(?:candidate:\S+ \d+ \S+ \d+ \S+\.local .*|end-of-candidates)\r?\n?", re.MULTILINE)


def split_mdns(sdp: str) -> tuple[str, list[str]]:
    """The description without the candidates that browsers hide behind mDNS names, and those candidates.

    Resolving such a name fails where there is no multicast. If these candidates are added one by one afterwards, a
    failure costs one candidate and not the link. "End of candidates" is removed as well, since more candidates follow.
    """
    hidden = [line.strip().removeprefix("a=") for line in _FRAGILE.findall(sdp) if "candidate:" in line]
    return (_FRAGILE.sub("", sdp), hidden) if hidden else (sdp, [])
