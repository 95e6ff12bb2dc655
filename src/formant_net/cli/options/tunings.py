"""Options of tuning, scale and snap, and what they give: pitches of keys, and the law that puts fingers in tune."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from formant_files import read_bytes, shown
from formant_net.cli.options.ranges import FloatRange
from formant_net.tuning.kbm import Keys, doubts, keys_of, parse_kbm, rooted
from formant_net.tuning.scales import ALL, SCALES, degrees_of, root_of
from formant_net.tuning.scl import MOST_BYTES, Scale, TuningError, parse_scl
from formant_net.tuning.shipped import NAMES, shipped
from formant_net.tuning.snap import Snap
from formant_net.tuning.steps import Steps, steps_of

Command = TypeVar("Command", bound=Callable[..., Any])
T = TypeVar("T")

_OPTIONS = (
    click.option(
        "--tuning",
        metavar="NAME|FILE.scl",
        help=f"Tuning: {', '.join(NAMES)}, or a Scala file.  [default: equal]",
    ),
    click.option(
        "--kbm",
        metavar="FILE.kbm",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Scala keyboard mapping: which key plays which degree, instead of --root.",
    ),
    click.option(
        "--scale",
        metavar="NAME|DEGREES",
        help=f"Steps that fingers are corrected to: {ALL}, {', '.join(SCALES)}, or degrees such as 0,2,4,7.",
    ),
    click.option(
        "--root", metavar="NOTE", help="First degree of tuning and scale, such as D, F# or Bb3.  [default: C]"
    ),
    click.option(
        "--snap",
        metavar="SHARE",
        type=FloatRange(0.0, 1.0),
        help="How far fingers are put on the steps, 0 … 1.  [default: 1 with --scale; for osc and controller also with "
        "--tuning]",
    ),
)


def tuning_options(command: Command) -> Command:
    """Adds the options of `tuning_of` to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def tuning_of(options: dict[str, Any], *, keyboard: bool = True) -> tuple[Keys | None, Snap | None]:
    """Takes the tuning options out of `options`. Warnings go to standard error.

    keyboard  whether keys are played. They are tuned already; other fingers get a tuning only by the snap
    returns   the pitches of keys, None for equal temperament; and the law, None if fingers stay where they are
    raises    click.BadParameter, click.UsageError
    """
    tuning, kbm, scale, root, snap = (options.pop(name) for name in ("tuning", "kbm", "scale", "root", "snap"))
    if kbm is not None and (root is not None or scale is not None):
        raise click.UsageError("leave out --root and --scale with --kbm: the file says which degrees are played")
    scl = _tuning(tuning or "equal")
    pitch = _checked("--root", root_of, root or "C")
    keys: Keys | None = None
    if kbm is not None:
        mapping = _checked("--kbm", parse_kbm, _read(kbm, "--kbm"), name=shown(kbm))
        keys = _checked("--kbm", keys_of, scl, mapping, name=shown(kbm))
        _warn(shown(kbm), doubts(scl, mapping))
    elif tuning is not None:
        keys = _checked("--tuning", keys_of, scl, rooted(pitch))
    wanted = scale is not None or (not keyboard and keys is not None)
    strength = float(wanted) if snap is None else snap
    if not strength:
        return keys, None
    if keys is not None and kbm is not None:
        steps = _checked("--kbm", Steps, [each for each in keys if each is not None])
    else:
        degrees = _checked("--scale", degrees_of, scale or ALL, scl)
        steps = _checked("--scale", steps_of, scl, degrees, pitch)
    return keys, Snap(steps, strength)


def _tuning(text: str) -> Scale:
    if not text.lower().endswith(".scl"):
        return _checked("--tuning", shipped, text)
    path = Path(text)
    scale = _checked("--tuning", parse_scl, _read(path, "--tuning"), name=shown(path))
    _warn(shown(path), scale.warnings)
    return scale


def _read(path: Path, option: str) -> bytes:
    try:
        return read_bytes(path, MOST_BYTES)
    except OSError as error:
        raise click.BadParameter(f"cannot read {shown(path)}: {error.strerror}", param_hint=option) from error


def _checked(option: str, make: Callable[..., T], *arguments: object, name: str = "") -> T:
    try:
        return make(*arguments)
    except TuningError as error:
        raise click.BadParameter(f"{name}: {error}" if name else str(error), param_hint=option) from error


def _warn(name: str, warnings: Iterable[str]) -> None:
    for each in warnings:
        click.echo(f"{name}: {each}", err=True)
