"""Session descriptions and candidates of strangers: strict about what can hurt, liberal about the rest.

The server checks them before it passes them on. The receiver checks them again before its WebRTC stack reads them,
because stacks expect well-meant input and differ in how they read it. A decisive attribute must have the form of its
RFC and one value. All other lines are left out or passed on unread, whatever stack wrote them (tests/data/sdp has a
sample of each).

* Refused: more than one media section, or one that is not of data channels; characters other than printable ASCII; a
  decisive attribute that is missing, that cannot be read, or that has two values.
* Left out: lines for audio and video; candidates that cannot be used, and those beyond the limit; lines without a
  value, such as `i=`, at which Chromium gives up.
* Normalised: line ends, spaces at the end of a line, empty lines, a hidden address (`….local`) in the line `c=`, a
  session without a name (`s=` or `s= `, RFC 8866 section 5.3), which becomes `s=-`.

A candidate is an address that the receiver sends packets to. Addresses that cannot be a peer's (multicast, broadcast,
unspecified, the receiver's own loopback) cannot be used, nor can names other than `….local`, which would be looked up.

source    RFC 8866 (SDP), RFC 8839 (ICE), RFC 8841 (SCTP over DTLS), RFC 8122 (fingerprint), RFC 8843 (BUNDLE)
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

from formant_net.protocol.descriptions.usual import usual_candidate, usual_sdp
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.messages import MAX_CANDIDATE_CHARS, MAX_SDP_CHARS

MAX_CANDIDATES = 64
_MAX_LINES = 400
_MAX_LINE_CHARS = 2048

_KEPT_CHARS, _KEPT_LINE_CHARS = 8192, 200
"""Characters. Longer descriptions and lines are not cached, so that the caches stay below some 8 MB."""
_PLAIN, _DECISIVE, _PROOF, _OFFERED, _SECTION, _LEFT_OUT, _BAD = range(7)
"""Kinds of line: passed on unread, single-valued, fingerprint, candidate, media section, left out, refused."""
_ONE_SECTION = "it must have one media section, m=application … webrtc-datachannel"
_LINE = re.compile(r"[a-z]=[\x20-\x7e]*")
_MEDIA = re.compile(r"application ([1-9][0-9]{0,4}) (?:(?:UDP|TCP)/DTLS/SCTP webrtc-datachannel|DTLS/SCTP [0-9]{1,5})")
_ORIGIN = re.compile(r"\S{1,255} [0-9]{1,20} [0-9]{1,20} IN IP[46] \S{1,255}")
_CONNECTION = re.compile(r"IN IP[46] [0-9A-Fa-f.:]{2,45}")
_HIDDEN = re.compile(r"IN IP[46] [A-Za-z0-9-]{1,63}\.local")
"""Some stacks write a hidden address here, too. ICE uses candidates alone, but a stack could look the name up."""
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
}
"""Attributes that may have one value only, and the pattern of each. Some stacks write them twice, for the session and
for the section."""
_FINGERPRINT = re.compile(r"(?i:sha-(?:256|384|512)) [0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31,63}")
_WEAK = re.compile(r"(?i:sha-1|sha-224|md5|md2) [0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){15,27}")
"""A fingerprint that proves too little. Some stacks write one beside a strong one (RFC 8122 section 5)."""
_NEEDED = ("ice-ufrag", "ice-pwd", "setup", "mid", "fingerprint")
_OF_SOUND = frozenset(
    {"rtpmap", "fmtp", "rtcp", "rtcp-fb", "rtcp-mux", "rtcp-rsize", "ssrc", "ssrc-group", "extmap", "rid", "simulcast"}
    | {"msid", "msid-semantic", "framerate", "ptime", "maxptime"}
)
_NO_MORE = ("", "end-of-candidates", "a=end-of-candidates")
"""How clients say that no candidate follows."""

_CANDIDATE = re.compile(
    r"(?:a=)?(?:candidate:)?(?P<rest>"
    r"[A-Za-z0-9+/]{1,32} (?P<component>[0-9]{1,3}) (?P<transport>[A-Za-z]{3}) (?P<priority>[0-9]{1,10})"
    r" (?P<address>[A-Za-z0-9.:-]{2,253}) (?P<port>[0-9]{1,5}) typ (?:host|srflx|prflx|relay)"
    r"(?: raddr [A-Za-z0-9.:-]{2,253})?(?: rport [0-9]{1,5})?(?P<more>(?: [!-~]{1,64} [!-~]{1,256}){0,8}))"
)
_USUAL = re.compile(
    r"a=candidate:[A-Za-z0-9+/]{1,32} [1-9] (?:udp|UDP|tcp|TCP) (?:[0-3][0-9]{9}|[0-9]{1,9}) ([A-Za-z0-9.:-]{2,253})"
    r" (?:[1-9][0-9]{0,3}|[1-5][0-9]{4}) typ (?:host|srflx|prflx|relay)"
    r"(?: raddr [A-Za-z0-9.:-]{2,253})?(?: rport [0-9]{1,5})?"
)
"""Fast path: matches most candidates. A candidate that it does not match is parsed in full."""
_NAME = re.compile(r"[A-Za-z0-9-]{1,63}\.local")
_TRANSLATED, _COMPATIBLE = ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96")


def clean_sdp(sdp: str, max_chars: int = MAX_SDP_CHARS, max_candidates: int = MAX_CANDIDATES) -> str:
    """The description of one data-channel connection, as it may be given to a WebRTC stack.

    Nearly all descriptions are recognised by one expression (usual.py). The others are read line by line. Results
    are cached, because clients repeat descriptions.

    error    ProtocolError "bad-sdp" when it is not one, or can be read in two ways
    """
    if len(sdp) > max_chars:
        raise _bad(f"it has {len(sdp)} characters, at most {max_chars} are allowed")
    return _clean(sdp, max_candidates) if len(sdp) <= _KEPT_CHARS else _clean.__wrapped__(sdp, max_candidates)


@lru_cache(maxsize=256)
def _clean(sdp: str, max_candidates: int) -> str:
    usual = usual_sdp(sdp, max_candidates, _unreachable)
    return careful_sdp(sdp, max_candidates) if usual is None else usual


def careful_sdp(sdp: str, max_candidates: int = MAX_CANDIDATES) -> str:
    """The same, line by line. Each line is read once. Lines are cached: most are the same in all descriptions."""
    if not (sdp.isascii() and sdp.replace("\r", "").replace("\n", "").isprintable()):
        raise _bad("it has characters other than printable ASCII")
    lines = sdp.replace("\r\n", "\n").rstrip("\n").split("\n")
    if len(lines) > _MAX_LINES:
        raise _bad(f"it has {len(lines)} lines, at most {_MAX_LINES} are allowed")
    if lines[0].rstrip(" ") != "v=0":
        raise _bad("its first line is not v=0")
    kept = ["v=0"]
    seen: dict[str, str] = {}
    in_media = False
    candidates = 0
    for line in lines[1:]:
        if not line:
            continue
        if line.startswith("a=candidate:") and (found := _USUAL.fullmatch(line)) and not _unreachable(found[1]):
            if in_media and candidates < max_candidates:
                candidates += 1
                kept.append(line)
            continue
        kind, name, value, text = _line(line) if len(line) <= _KEPT_LINE_CHARS else _line.__wrapped__(line)
        if kind == _PLAIN:
            kept.append(text)
        elif name == "mid" and not in_media:
            continue  # a=mid belongs to a section (RFC 5888): for the session it says nothing
        elif kind == _DECISIVE:
            # With two values, one stack would use the first, another the last.
            if seen.setdefault(name, value) != value:
                raise _bad(f"a={name} has two values or cannot be read")
            kept.append(text)
        elif kind == _PROOF:  # a stack may have several certificates
            seen[name] = value
            kept.append(text)
        elif kind == _OFFERED:
            if in_media and candidates < max_candidates:
                candidates += 1
                kept.append(text)
        elif kind == _SECTION:
            if in_media:
                raise _bad(_ONE_SECTION)
            in_media = True
            kept.append(text)
        elif kind == _BAD:
            raise _bad(text)
    if not in_media:
        raise _bad("it has no media section")
    if missing := [name for name in _NEEDED if name not in seen]:
        raise _bad(f"it lacks a={missing[0]}")
    return "\r\n".join(kept) + "\r\n"


@lru_cache(maxsize=4096)
def _line(line: str) -> tuple[int, str, str, str]:
    """Classifies one line: its kind, name and value of a decisive attribute, and the text as it is passed on.

    For a `_BAD` line the text says why.
    """
    line = line.rstrip(" ")
    if len(line) > _MAX_LINE_CHARS or _LINE.fullmatch(line) is None:
        return _BAD, "", "", "a line is not of the form x=value, or too long"
    kind, value = line[0], line[2:]
    if kind == "s" and not value:
        return _PLAIN, "", "", "s=-"
    if kind not in "vosmca" and (not value or value.startswith(" ")):
        return _LEFT_OUT, "", "", ""
    if kind == "a":
        return _attribute(line, value)
    if kind == "m":
        found = _MEDIA.fullmatch(value)
        if found is None or int(found[1]) > 65535:
            return _BAD, "", "", _ONE_SECTION
        return _SECTION, "", "", line
    if kind == "c" and _HIDDEN.fullmatch(value):
        return _PLAIN, "", "", "c=IN IP4 0.0.0.0"
    if (
        (kind == "o" and _ORIGIN.fullmatch(value) is None)
        or (kind == "c" and _CONNECTION.fullmatch(value) is None)
        or kind == "v"
    ):
        return _BAD, "", "", f"its line {kind}= cannot be read"
    return _PLAIN, "", "", line


def _attribute(line: str, value: str) -> tuple[int, str, str, str]:
    """The same for an `a=` line."""
    found = _ATTRIBUTE.fullmatch(value)
    if found is None:
        return _BAD, "", "", "an attribute cannot be read"
    name, content = found[1], found[2]
    if name == "candidate":
        try:
            candidate = clean_candidate(value)
        except ProtocolError:
            candidate = ""
        return (_OFFERED, "", "", f"a={candidate}") if candidate else (_LEFT_OUT, "", "", "")
    if name in _OF_SOUND:
        return _LEFT_OUT, "", "", ""
    if name == "fingerprint":
        if content is not None and _WEAK.fullmatch(content):
            return _LEFT_OUT, "", "", ""
        if content is None or _FINGERPRINT.fullmatch(content) is None:
            return _BAD, "", "", "its fingerprint is not of SHA-256 or longer"
        algorithm, digits = content.split()
        return _PROOF, name, content, f"a=fingerprint:{algorithm.lower()} {digits}"
    if name == "group" and not (content or "").startswith("BUNDLE "):
        return _LEFT_OUT, "", "", ""  # another kind of group, or an empty one: one section needs neither
    form = _ONCE.get(name)
    if form is None:
        return _PLAIN, "", "", line
    if content is None or form.fullmatch(content) is None:
        return _BAD, "", "", f"a={name} has two values or cannot be read"
    if name == "sctp-port" and int(content) > 65535:
        return _BAD, "", "", "its SCTP port is out of range"
    return _DECISIVE, name, content, line


def clean_candidate(text: str, max_chars: int = MAX_CANDIDATE_CHARS) -> str:
    """The checked candidate in the form `candidate:…`; empty for "no more candidates".

    error    ProtocolError "bad-candidate" when it cannot be read, or no peer can have this address
    """
    if len(text) <= max_chars and usual_candidate(text, _unreachable):
        return text
    return careful_candidate(text, max_chars)


def careful_candidate(text: str, max_chars: int = MAX_CANDIDATE_CHARS) -> str:
    """The same for any candidate."""
    text = text.strip(" \r\n")
    if text in _NO_MORE:
        return ""
    found = _CANDIDATE.fullmatch(text) if len(text) <= max_chars else None
    if found is None:
        raise _useless("it is not of the form of RFC 8839")
    rest, component, transport, priority, address, port, more = found.groups()
    if not 1 <= int(component) <= 256 or int(priority) >= 2**32:
        raise _useless("its component or priority is out of range")
    if transport.lower() not in ("udp", "tcp") or not 1 <= int(port) <= 65535:
        raise _useless("its transport is neither udp nor tcp, or its port out of range")
    words = more.split(" ")[1:] if more else ()
    for name, value in zip(words[::2], words[1::2], strict=True):
        if name in ("raddr", "rport") or (name == "generation" and not re.fullmatch("[0-9]{1,9}", value)):
            raise _useless(f"its {name} is not allowed there")
    if why := _unreachable(address):
        raise _useless(why)
    return f"candidate:{rest}"


@lru_cache(maxsize=4096)
def _unreachable(address: str) -> str:
    """Why nobody can be reached at an address, or ""."""
    if _NAME.fullmatch(address):
        return ""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "its address is neither an IP address nor a name of .local"
    parsed = _within(parsed) or parsed
    if parsed.is_multicast or parsed.is_unspecified or parsed.is_loopback or address == "255.255.255.255":
        return "no peer can have this address"
    return ""


def _within(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for: mapped, translated (RFC 6052), 6to4, or compatible."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if (found := address.ipv4_mapped or address.sixtofour) is not None:
        return found
    if address in _TRANSLATED or (address in _COMPATIBLE and int(address) > 1):  # not :: and ::1
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _bad(why: str) -> ProtocolError:
    return ProtocolError("bad-sdp", f"this session description cannot be used: {why}", "")


def _useless(why: str) -> ProtocolError:
    return ProtocolError("bad-candidate", f"this candidate cannot be used: {why}", "ice-candidate")
