"""Recognises the descriptions that WebRTC stacks usually write, with one regular expression.

check.py decides what a description must be. This module only saves time: it accepts a subset of what the careful
reader there accepts, and returns the same text. Whatever it does not recognise is read line by line.

The expression needs no more than linear time. A line can be matched in one way only, so that a mismatch in a later line
gives up every earlier line at once. Each attribute that decides may stand once: `(?(N)(?!)|…)` fails if group N, which
is that attribute itself, has matched before.

Out of scope: descriptions with a decisive attribute in the session, candidates with unknown extensions, and whatever
else has to be refused, cut or put right.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_MOST_CHARS = 8192
_LEAST_CANDIDATE_CHARS = len("a=candidate:1 1 udp 1 1.1.1.1 1 typ host\r\n")
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = rf"(?!0|127\.|22[4-9]|23|24|25){_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}"
"""No address that begins with 0, 127, or 224 and more. Some of these can be reached; the careful reader decides."""
_PORT = "(?:[1-5][0-9]{4}|6[0-4][0-9]{3}|[1-9][0-9]{0,3})"
_TOKEN = r"[!#-'*+.0-9A-Z^-~-]{1,64}"
_HEX = "[0-9A-Fa-f]{2}"
_EXTENSION = (
    "generation [0-9]{1,9}|ufrag (?!(?:generation|raddr|rport|tcptype) )[A-Za-z0-9+/]{1,64}"
    "|tcptype (?:active|passive|so)|network-(?:id|cost) [0-9]{1,9}"
)
_CANDIDATE = (
    "candidate:[A-Za-z0-9+/]{1,32} [1-9] (?:udp|UDP|tcp|TCP) (?:[0-3][0-9]{9}|[0-9]{1,9})"
    rf" (?:{_IPV4}|[A-Za-z0-9-]{{1,63}}\.local|(?P<ipv6>[0-9A-Fa-f]{{1,4}}:[0-9A-Fa-f:]{{1,41}})) {_PORT}"
    " typ (?:host|srflx|prflx|relay)(?: raddr [A-Za-z0-9.:-]{2,64})?(?: rport [0-9]{1,5})?"
    rf"(?: (?:{_EXTENSION})){{0,5}}"
)


def _fingerprint() -> str:
    """Written out in full: that takes half of the time of a repetition."""
    sizes = ((256, 32), (384, 48), (512, 64))
    return f"fingerprint:sha-(?:{'|'.join(f'{bits} ' + ':'.join([_HEX] * size) for bits, size in sizes)})"


def _once(group: int, name: str, pattern: str) -> str:
    """An attribute that may stand once; it is the group with this number."""
    return f"{name}:(?({group})(?!)|({pattern}))"


_PLAIN = "sendrecv|end-of-candidates|extmap-allow-mixed|ice-options:[!-~]{1,64}"
_SESSION = "|".join(
    (_once(1, "group", f"BUNDLE {_TOKEN}"), f"({_fingerprint()})", _PLAIN, _once(3, "msid-semantic", "[ -~]{0,64}"))
)
_IN_MEDIA = "|".join(
    (
        _CANDIDATE,  # group 4, the address
        f"({_fingerprint()})",
        _once(6, "mid", _TOKEN),
        _once(7, "ice-ufrag", "[A-Za-z0-9+/]{4,256}"),
        _once(8, "ice-pwd", "[A-Za-z0-9+/]{22,256}"),
        _once(9, "setup", "actpass|active|passive"),
        _once(10, "sctp-port", "[1-5][0-9]{4}|[1-9][0-9]{0,3}"),
        _once(11, "max-message-size", "[0-9]{1,10}"),
        _PLAIN,
    )
)
_SEMANTIC, _IPV6 = 3, 4
"""Groups: a line that is left out, and an address that has to be looked at."""
_USUAL = re.compile(
    r"v=0\r\no=[!-~]{1,255} [0-9]{1,20} [0-9]{1,20} IN IP[46] [!-~]{1,255}\r\n"
    r"s=[!-~]{1,64}\r\nt=[0-9]{1,20} [0-9]{1,20}\r\n"
    rf"(?:a=(?:{_SESSION})\r\n){{0,20}}"
    rf"m=application {_PORT} (?:UDP|TCP)/DTLS/SCTP webrtc-datachannel\r\n(?:c=IN IP[46] [0-9A-Fa-f.:]{{2,45}}\r\n)?"
    rf"(?:a=(?:{_IN_MEDIA})\r\n){{1,300}}"
    r"(?(2)|(?(5)|(?!)))(?(6)|(?!))(?(7)|(?!))(?(8)|(?!))(?(9)|(?!))"
)
_IPV6_ADDRESSES = re.compile(r"\na=candidate:\S+ \S+ \S+ \S+ ([0-9A-Fa-f:]+) ")
_USUAL_CANDIDATE = re.compile(_CANDIDATE)


def usual_candidate(text: str, unreachable: Callable[[str], str]) -> bool:
    """Whether a candidate, `candidate:…`, may be passed on as it is; False if it has to be read with care."""
    found = _USUAL_CANDIDATE.fullmatch(text)
    return found is not None and (found["ipv6"] is None or not unreachable(found["ipv6"]))


def usual_sdp(sdp: str, max_candidates: int, unreachable: Callable[[str], str]) -> str | None:
    """The description as it may be passed on, or None if it has to be read with care.

    unreachable    tells why nobody can be reached at an IPv6 address, or ""
    """
    if len(sdp) > _MOST_CHARS:
        return None
    found = _USUAL.fullmatch(sdp)
    if found is None:
        return None
    if len(sdp) > max_candidates * _LEAST_CANDIDATE_CHARS and sdp.count("\na=candidate:") > max_candidates:
        return None
    if found[_IPV6] is not None and any(map(unreachable, _IPV6_ADDRESSES.findall(sdp))):
        return None
    if found[_SEMANTIC] is None:
        return sdp
    begin, end = found.span(_SEMANTIC)
    return sdp[: begin - len("a=msid-semantic:")] + sdp[end + len("\r\n") :]
