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
