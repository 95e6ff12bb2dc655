"""Session descriptions and candidates read strictly: what a stranger sent is either plain or refused.

The server reads them before it passes them on, and whoever receives them reads them again before a WebRTC stack does:
those were written for well-meant input, and each reads a little differently. So nothing passes here that two readers
could take for two things: one media section, for data channels; lines of printable ASCII that end in line feeds;
attributes that decide something once only and in the form of their RFC.

A candidate is an address that the receiver sends packets to. Addresses that cannot be a peer's (multicast, broadcast,
unspecified, the receiver's own loopback) are refused, and names other than `….local`, which would be looked up.

source    RFC 8866 (SDP), RFC 8839 (ICE), RFC 8841 (SCTP over DTLS), RFC 8122 (fingerprint), RFC 8843 (BUNDLE)
"""

from __future__ import annotations

import ipaddress
import re

from formant_net.errors import ProtocolError
from formant_net.messages import MAX_CANDIDATE_CHARS, MAX_SDP_CHARS

MAX_CANDIDATES = 64
_MAX_LINES = 400
_MAX_LINE_CHARS = 2048

_PRINTABLE = re.compile(r"[\x20-\x7e\r\n]*")
_LINE = re.compile(r"[a-z]=[\x20-\x7e]*")
_MEDIA = re.compile(r"application ([1-9][0-9]{0,4}) (?:(?:UDP|TCP)/DTLS/SCTP webrtc-datachannel|DTLS/SCTP [0-9]{1,5})")
_ORIGIN = re.compile(r"\S{1,255} [0-9]{1,20} [0-9]{1,20} IN IP[46] \S{1,255}")
_CONNECTION = re.compile(r"IN IP[46] [0-9A-Fa-f.:]{2,45}")
_ATTRIBUTE = re.compile(r"([A-Za-z0-9_-]{1,64})(?::(.*))?")
_TOKEN = r"[!#-'*+.0-9A-Z^-~-]{1,64}"

_ONCE: dict[str, re.Pattern[str]] = {
    "ice-ufrag": re.compile(r"[A-Za-z0-9+/]{4,256}"),
    "ice-pwd": re.compile(r"[A-Za-z0-9+/]{22,256}"),
    "setup": re.compile(r"actpass|active|passive"),
    "mid": re.compile(_TOKEN),
    "sctp-port": re.compile(r"[1-9][0-9]{0,4}"),
    "sctpmap": re.compile(r"[0-9]{1,5} webrtc-datachannel(?: [0-9]{1,5})?"),
    "max-message-size": re.compile(r"[0-9]{1,10}"),
    "group": re.compile(rf"BUNDLE {_TOKEN}"),
    "ice-options": re.compile(r"[A-Za-z0-9+/. -]{1,64}"),
    "msid-semantic": re.compile(rf" ?WMS(?: (?:\*|{_TOKEN}))*"),
}
"""Attributes that may come once, and the whole form of each."""
_FINGERPRINT = re.compile(r"sha-(?:256|384|512) [0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31,63}")
_NEEDED = ("ice-ufrag", "ice-pwd", "setup", "mid", "fingerprint")
_OF_SOUND = frozenset({"rtpmap", "fmtp", "rtcp", "rtcp-fb", "ssrc", "ssrc-group", "extmap", "rid", "simulcast"})

_CANDIDATE = re.compile(
    r"(?:candidate:)?[A-Za-z0-9+/]{1,32} (?P<component>[0-9]{1,3}) (?P<transport>[A-Za-z]{3}) (?P<priority>[0-9]{1,10})"
    r" (?P<address>[A-Za-z0-9.:-]{2,253}) (?P<port>[0-9]{1,5}) typ (?:host|srflx|prflx|relay)"
    r"(?: raddr [A-Za-z0-9.:-]{2,253})?(?: rport [0-9]{1,5})?(?P<more>(?: [!-~]{1,64} [!-~]{1,256}){0,8})"
)
_NAME = re.compile(r"[A-Za-z0-9-]{1,63}\.local")
_MORE = re.compile(r" (raddr|rport|generation|tcptype) (\S+)")


def check_sdp(sdp: str, max_chars: int = MAX_SDP_CHARS, max_candidates: int = MAX_CANDIDATES) -> None:
    """Raises ProtocolError "bad-sdp" unless `sdp` describes one data-channel connection and nothing else."""
    if len(sdp) > max_chars:
        raise _bad(f"it has {len(sdp)} characters, {max_chars} may be")
    if _PRINTABLE.fullmatch(sdp) is None:
        raise _bad("it has characters beside printable ASCII")
    lines = sdp.replace("\r\n", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    if len(lines) > _MAX_LINES:
        raise _bad(f"it has {len(lines)} lines, {_MAX_LINES} may be")
    if lines[:1] != ["v=0"]:
        raise _bad("its first line is not v=0")
    media = 0
    candidates = 0
    seen: set[str] = set()
    for line in lines[1:]:
        if len(line) > _MAX_LINE_CHARS or _LINE.fullmatch(line) is None:
            raise _bad("a line is not of the form x=value, or too long")
        kind, value = line[0], line[2:]
        if kind == "a":
            candidates += _check_attribute(value, seen, in_media=media > 0)
            if candidates > max_candidates:
                raise _bad(f"it has more than {max_candidates} candidates")
        elif kind == "m":
            media += 1
            found = _MEDIA.fullmatch(value)
            if media > 1 or found is None or int(found[1]) > 65535:
                raise _bad("it must have one media section, m=application … webrtc-datachannel")
        elif (
            (kind == "o" and _ORIGIN.fullmatch(value) is None)
            or (kind == "c" and _CONNECTION.fullmatch(value) is None)
            or kind == "v"
        ):
            raise _bad(f"its line {kind}= cannot be read")
    if not media:
        raise _bad("it has no media section")
    if missing := [name for name in _NEEDED if name not in seen]:
        raise _bad(f"it lacks a={missing[0]}")


def check_candidate(text: str, max_chars: int = MAX_CANDIDATE_CHARS) -> None:
    """Raises ProtocolError "bad-candidate" unless `text` is a candidate that may be tried, or empty ("no more")."""
    if not text:
        return
    found = _CANDIDATE.fullmatch(text) if len(text) <= max_chars else None
    if found is None:
        raise _useless("it is not of the form of RFC 8839")
    if not 1 <= int(found["component"]) <= 256 or int(found["priority"]) >= 2**32:
        raise _useless("its component or priority is out of range")
    if found["transport"].lower() not in ("udp", "tcp") or not 1 <= int(found["port"]) <= 65535:
        raise _useless("its transport is neither udp nor tcp, or its port out of range")
    for name, value in _MORE.findall(found["more"]):
        if name in ("raddr", "rport") or (name == "generation" and not re.fullmatch("[0-9]{1,9}", value)):
            raise _useless(f"its {name} is out of place")
    address = found["address"]
    if _NAME.fullmatch(address):
        return
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        raise _useless("its address is neither an IP address nor a name of .local") from None
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if parsed.is_multicast or parsed.is_unspecified or parsed.is_loopback or address == "255.255.255.255":
        raise _useless("nobody can be reached there")


def _check_attribute(value: str, seen: set[str], *, in_media: bool) -> int:
    """One `a=` line; returns how many candidates it holds."""
    found = _ATTRIBUTE.fullmatch(value)
    if found is None:
        raise _bad("an attribute cannot be read")
    name, content = found[1], found[2]
    if name == "candidate":
        if not in_media or content is None:
            raise _bad("a candidate stands outside the media section")
        try:
            check_candidate(content)
        except ProtocolError as error:
            raise _bad(error.message) from None
        return 1
    if name == "fingerprint":
        if content is None or _FINGERPRINT.fullmatch(content) is None:
            raise _bad("its fingerprint is not of SHA-256 or longer")
    elif (form := _ONCE.get(name)) is not None:
        # Two values would be read by one stack as the first, by another as the last.
        if name in seen or content is None or form.fullmatch(content) is None:
            raise _bad(f"a={name} stands twice or cannot be read")
        if name == "sctp-port" and int(content) > 65535:
            raise _bad("its SCTP port is out of range")
    elif name in _OF_SOUND:
        raise _bad(f"a={name} belongs to sound or pictures, and this instrument sends neither")
    seen.add(name)
    return 0


def _bad(why: str) -> ProtocolError:
    return ProtocolError("bad-sdp", f"this session description cannot be used: {why}", "")


def _useless(why: str) -> ProtocolError:
    return ProtocolError("bad-candidate", f"this candidate cannot be used: {why}", "ice-candidate")
