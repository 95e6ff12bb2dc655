"""What a command prints to invite: join URLs, a QR code, and a note if only this machine can join."""

from __future__ import annotations

import io

import segno

from formant_net.lan.invitation import Invitation

AGAIN = "This is printed again when the machine has another address."


def lines(invitation: Invitation, *, needs_key: bool) -> list[str]:
    """One line for each address, the best first. The address is the first word after the label."""
    words = [invitation.word, "" if needs_key else "open: no key needed"]
    return [
        f"Join: {invitation.join}{_aside(*words)}",
        *(f"Also: {join}{_aside(word)}" for join, word in invitation.also),
        *([f"Only this machine can reach it: {invitation.here_only}. {AGAIN}"] if invitation.here_only else []),
    ]


def _aside(*words: str) -> str:
    said = ", ".join(word for word in words if word)
    return f"  ({said})" if said else ""


def poster(invitation: Invitation, *, qr: bool) -> str:
    """The text that tells people in the room how to join, with a QR code for their phones."""
    if invitation.here_only:
        lines = ["", f"  Formant is running. Only this machine can reach it: {invitation.here_only}.", f"  {AGAIN}", ""]
        return "\n".join([*lines, f"      {invitation.join}", ""])
    lines = ["", "  Formant is running. Open this address on a phone or computer in the same network:", ""]
    lines += [f"      {invitation.join}{f'  ({invitation.word})' if invitation.word else ''}", ""]
    if invitation.also:
        lines += ["  In another network of this machine:", ""]
        lines += [*(f"      {join}{f'  ({word})' if word else ''}" for join, word in invitation.also), ""]
    if qr:
        lines += [qr_code(str(invitation.join))]
    return "\n".join(lines)


def qr_code(text: str) -> str:
    """`text` as a QR code of block characters. Each character is two modules high."""
    out = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(out, compact=True)
    return out.getvalue()
