"""The addresses that are understood, and what a message to one of them asks for."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from formant_net.osc.codec import Argument, Message

NOTE_LOW, NOTE_HIGH = 0.0, 135.0
LOW_HZ, HIGH_HZ = 20.0, 4000.0
MOST_CHARS = 64
"""Of an id, a name, and one part of a pattern."""
MOST_MARKS = 8
"""`*`, `?`, `[…]` and `{…}` in one part of a pattern."""
SETTINGS = ("volume", "preset", "power")
Id = int | str


class AddressError(ValueError):
    """A message that is not understood. The text says what is wrong and what is allowed."""


@dataclass(frozen=True, slots=True)
class Play:
    """A finger comes down or moves. What is None stays as it is.

    x       place on the surface, 0…1
    note    MIDI number
    y, z    vowel and effort, 0…1
    vel     how hard it is struck, 0…1
    begins  False: a finger that is up only keeps this for its next note
    """

    id: Id
    x: float | None = None
    note: float | None = None
    y: float | None = None
    z: float | None = None
    vel: float | None = None
    begins: bool = True


@dataclass(frozen=True, slots=True)
class Lift:
    """A finger goes up; None: all of this sender."""

    id: Id | None


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of every synth, or of those whose name or id `box` matches."""

    name: str
    value: float | str | bool
    box: str | None = None


@dataclass(frozen=True, slots=True)
class Touched:
    """A hand is on the control of this address, or left it: meanwhile it gets no feedback."""

    address: str
    down: bool


@dataclass(frozen=True, slots=True)
class Subscribe:
    """The sender wants to be told of changes. `port`: where, on its own machine; None: where it sends from."""

    port: int | None


@dataclass(frozen=True, slots=True)
class Confirm:
    """The sender returns the number that was sent to it, at its `port` if that is not where it sends from."""

    number: int
    port: int | None


Action = Play | Lift | Setting | Touched | Subscribe | Confirm
Arguments = tuple[Argument, ...]


def actions_of(message: Message) -> list[Action]:
    """What a message asks for; nothing for an address that is not ours. A pattern may ask for several things.

    error    AddressError
    """
    parts = message.address.split("/")[1:]
    if parts and re.fullmatch(r"t3d", parts[0]):
        return _t3d(parts[1:], message.arguments)
    if len(parts) < 2 or not matches(parts[0], "formant"):
        return []
    return [action for name in _NAMES if (action := _one(name, parts[1:], message)) is not None]


def _one(name: str, parts: list[str], message: Message) -> Action | None:
    touched = len(parts) > 1 and parts[-1] == "touched"
    if touched:
        parts = parts[:-1]
    box = parts[1] if len(parts) == 3 and matches(parts[0], "box") else None
    if not matches(parts[-1], name) or len(parts) != (1 if box is None else 3) or (box and name not in SETTINGS):
        return None
    if name in ("subscribe", "ok") and message.address != f"/formant/{name}":
        return None  # written in full it is no shorter than its answer (feedback.py)
    if touched:
        if name not in SETTINGS:
            return None
        _wanted(message, 1)
        address = message.address.removesuffix("/touched")
        return Touched(address, _number(message.arguments[0], "touched", -math.inf, math.inf) > 0.0)
    made = _NAMES[name](message)
    return Setting(made.name, made.value, box) if isinstance(made, Setting) else made


def matches(pattern: str, name: str) -> bool:
    """Whether a part of an address is this name, or a pattern of it (`*`, `?`, `[a-z]`, `[!a]`, `{one,two}`).

    All ways to read the pattern are followed side by side. One after the other, `{,}{,}{,}` doubles the time each time.
    """
    if pattern == name:
        return True
    tokens = _TOKENS.findall(pattern[: MOST_CHARS + 1])
    if len(pattern) > MOST_CHARS or not 0 < sum(token[0] in "*?[{" for token in tokens) <= MOST_MARKS:
        return False
    ends = {0}
    for token in tokens:
        ends = _ends(token, name, ends)
    return len(name) in ends


def part_of(name: str) -> str:
    """A name as one part of an address: what OSC forbids there becomes `_`."""
    return re.sub(r"[\s#*,/?\[\]{}]|[^\x20-\x7e]", "_", name)[:MOST_CHARS]


_TOKENS = re.compile(r"\*+|\?+|\[!?[^\[\]!][^\[\]]*\]|\{[^{}]*\}|[^*?\[{]+|.", re.S)


def _ends(token: str, name: str, begins: set[int]) -> set[int]:
    """Where in the name a token of a pattern can end, if it begins at one of these places."""
    if token[0] == "*":
        return set(range(min(begins), len(name) + 1)) if begins else begins
    if token[0] == "?":
        return {at + len(token) for at in begins if at + len(token) <= len(name)}
    if token[0] == "[" and len(token) > 1:
        return {at + 1 for at in begins if at < len(name) and _is_in(token[1:-1], name[at])}
    choices = set(token[1:-1].split(",")) if token[0] == "{" and len(token) > 1 else {token}
    return {at + len(one) for at in begins for one in choices if name.startswith(one, at)}


def _is_in(inner: str, letter: str) -> bool:
    """Whether a set, as it stands between brackets, has this letter."""
    ranges = re.findall(r"(.)-(.)|(.)", inner.removeprefix("!"), re.S)
    found = any(low <= letter <= high if low else letter == one for low, high, one in ranges)
    return found != inner.startswith("!")


# --- one address each ------------------------------------------------------------------------------------------------


def _note(message: Message) -> Action:
    _wanted(message, 2, 3)
    finger, vel = _id(message), _vel(message)
    if vel == 0.0:
        return Lift(finger)
    return Play(finger, note=_number(message.arguments[1], "pitch", NOTE_LOW, NOTE_HIGH), vel=vel)


def _freq(message: Message) -> Action:
    _wanted(message, 2, 3)
    finger, vel = _id(message), _vel(message)
    if vel == 0.0:
        return Lift(finger)
    hz = _number(message.arguments[1], "frequency", LOW_HZ, HIGH_HZ)
    return Play(finger, note=69.0 + 12.0 * math.log2(hz / 440.0), vel=vel)


def _vowel(message: Message) -> Action:
    _wanted(message, 2)
    return Play(_id(message), y=_unit(message.arguments[1], "vowel"), begins=False)


def _effort(message: Message) -> Action:
    _wanted(message, 2)
    return Play(_id(message), z=_unit(message.arguments[1], "effort"), begins=False)


def _touch(message: Message) -> Action:
    _wanted(message, 3, 4)
    x, y, *z = (_unit(each, name) for each, name in zip(message.arguments[1:], ("x", "y", "z"), strict=False))
    return Play(_id(message), x=x, y=y, z=z[0] if z else None)


def _off(message: Message) -> Action:
    _wanted(message, 1, 99)  # a button's value may follow
    return Lift(_id(message))


def _alloff(message: Message) -> Action | None:
    released = len(message.arguments) == 1 and message.arguments[0] in (0, 0.0, False)
    return None if released else Lift(None)  # a button sends 1 when it goes down and 0 when it goes up


def _volume(message: Message) -> Action:
    _wanted(message, 1)
    return Setting("volume", _unit(message.arguments[0], "volume"))


def _preset(message: Message) -> Action:
    _wanted(message, 1)
    name = message.arguments[0]
    if not isinstance(name, str) or not 1 <= len(name) <= MOST_CHARS:
        raise AddressError(f"preset {name!r:.40}: write a name of 1 … {MOST_CHARS} characters")
    return Setting("preset", name)


def _power(message: Message) -> Action:
    _wanted(message, 1)
    value = message.arguments[0]
    on = value if isinstance(value, bool) else _number(value, "power", 0.0, 1.0) >= 0.5
    return Setting("power", on)


def _subscribe(message: Message) -> Action:
    _wanted(message, 0, 1)
    return Subscribe(_port(message.arguments))


def _ok(message: Message) -> Action:
    _wanted(message, 1, 2)
    return Confirm(round(_number(message.arguments[0], "number", 0.0, 2.0**31)), _port(message.arguments[1:]))


def _port(arguments: Arguments) -> int | None:
    return round(_number(arguments[0], "port", 1.0, 65_535.0)) if arguments else None


def _t3d(parts: list[str], arguments: Arguments) -> list[Action]:
    """`/t3d/tchN x y z note`, one message a touch and frame; z = 0 lifts it. Its other addresses do nothing."""
    if len(parts) != 1 or not re.fullmatch(r"tch\d{1,4}", parts[0]):
        return []
    if len(arguments) < 4:
        raise AddressError(f"/t3d/{parts[0]} has {len(arguments)} arguments: x, y, z and note are needed")
    finger = "t3d " + parts[0][3:]
    z = _unit(arguments[2], "z")
    if z == 0.0:
        return [Lift(finger)]
    note = _number(arguments[3], "note", NOTE_LOW, NOTE_HIGH)
    return [Play(finger, note=note, y=_unit(arguments[1], "y"), z=z)]


_NAMES: dict[str, Callable[[Message], Action | None]] = {
    "note": _note,
    "freq": _freq,
    "vowel": _vowel,
    "effort": _effort,
    "off": _off,
    "alloff": _alloff,
    "touch": _touch,
    "volume": _volume,
    "preset": _preset,
    "power": _power,
    "subscribe": _subscribe,
    "ok": _ok,
}


# --- arguments -------------------------------------------------------------------------------------------------------


def _wanted(message: Message, least: int, most: int | None = None) -> None:
    most = least if most is None else most
    if not least <= len(message.arguments) <= most:
        count = f"{least}" if least == most else f"{least} … {most}"
        raise AddressError(f"{len(message.arguments)} arguments: it takes {count}")


def _id(message: Message) -> Id:
    """Whole numbers may come as floats: some programs know nothing else."""
    given = message.arguments[0]
    if isinstance(given, str) and len(given) <= MOST_CHARS:
        return given
    if isinstance(given, float) and given.is_integer() and abs(given) < 2**53:
        return int(given)
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    raise AddressError(f"id {given!r:.40}: write a whole number, or a text of up to {MOST_CHARS} characters")


def _vel(message: Message) -> float | None:
    return _unit(message.arguments[2], "velocity") if len(message.arguments) == 3 else None


def _unit(value: Argument, name: str) -> float:
    """A number of a fader: what lies beyond 0…1 is at the end."""
    return min(max(_number(value, name, -math.inf, math.inf), 0.0), 1.0)


def _number(value: Argument, name: str, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise AddressError(f"{name} {value!r:.40}: write a number")
    if not low <= value <= high:
        raise AddressError(f"{name} {value:g}: write a number within {low:g} … {high:g}")
    return float(value)
