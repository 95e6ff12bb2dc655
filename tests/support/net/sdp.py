"""Small session descriptions and candidates like those of real WebRTC stacks."""

from __future__ import annotations

FINGERPRINT = "sha-256 " + ":".join(f"{n:02X}" for n in range(32))
CANDIDATE = "candidate:1 1 udp 2113937151 192.168.1.23 50123 typ host"


def sdp(*, setup: str = "actpass", name: str = "-", candidates: tuple[str, ...] = (CANDIDATE,), more: str = "") -> str:
    """One data-channel section. `name` tells descriptions apart, `more` is further lines of the media section."""
    lines = ["v=0", "o=- 4611 2 IN IP4 192.168.1.20", f"s={name}", "t=0 0", "a=group:BUNDLE 0"]
    lines += ["m=application 50123 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 192.168.1.23", "a=mid:0"]
    lines += [
        "a=ice-ufrag:h7Gf",
        "a=ice-pwd:MCYdBaPtNRys6lbLIgoOGP",
        f"a=fingerprint:{FINGERPRINT}",
        f"a=setup:{setup}",
    ]
    lines += ["a=sctp-port:5000", "a=max-message-size:65536", *(f"a={one}" for one in candidates)]
    return "\r\n".join(lines) + "\r\n" + more


def offer(name: str = "-") -> dict[str, str]:
    """The `data` of an offer."""
    return {"type": "offer", "sdp": sdp(name=name)}


def answer(name: str = "-") -> dict[str, str]:
    """The `data` of an answer."""
    return {"type": "answer", "sdp": sdp(setup="active", name=name)}


def candidate(number: int = 1) -> dict[str, object]:
    """The `data` of an ice-candidate; `number` tells them apart."""
    return {"candidate": f"candidate:{number} 1 udp 2113937151 192.168.1.23 50123 typ host", "sdpMid": "0"}
