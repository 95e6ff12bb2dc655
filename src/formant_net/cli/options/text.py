"""Checks text from the command line and the environment once, before it is used.

Python keeps bytes that are not UTF-8 as lone surrogates. No encoder accepts those, so they cannot go into JSON, a
terminal or a log. A path may contain them, because a file may have such a name. Names for people are cleaned. All other
texts are refused, because a key or a URL must be exact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import click

from formant_files import shown

NAMES = ("name", "preset", "audio", "input_")
"""Parameters with a name for people. Names that the system gives are cleaned in the same way."""
_PASSED_ON = "synth_options"
"""Parameter of `up` whose texts are not checked here: the synth checks them."""
_PATHS = {
    "preset": re.compile(r".*\.toml", re.DOTALL),
    "audio": re.compile(r"wav:.*", re.DOTALL),
    "tls_fingerprints": re.compile(r".*(?:\.pem|\.crt|\.cert|/.*)", re.DOTALL),
}
"""Parameters that may be a path, and how a path looks there."""
_NOT_OURS = re.compile(r"(?:tcp|udp|sctp)://")
"""Values that Kubernetes and Docker give to variables such as FORMANT_PORT, for a service called `formant`."""


def check_text(parameters: Iterable[click.Parameter], command: str) -> None:
    """Make these parameters of a command check their text. It may be called more than once."""
    for parameter in parameters:
        if isinstance(parameter.type, click.Path | click.File) or parameter.name == _PASSED_ON:
            continue
        if not hasattr(parameter, "_checks_text"):
            _wrap(parameter, cleaned=parameter.name in NAMES and command != "install-service")


def drop_foreign(environment: Any) -> None:
    """Remove variables that only look like ours: `FORMANT_SERVER_PORT=tcp://10.1.2.3:8080`."""
    for name in [name for name, value in environment.items() if name.startswith("FORMANT_")]:
        if name.endswith("_PORT") and _NOT_OURS.match(environment[name]):
            del environment[name]


def label(text: str) -> str:
    """A name for people: printable text on one line."""
    return " ".join("".join(c if c.isprintable() else " " for c in shown(text)).split())


def _wrap(parameter: click.Parameter, *, cleaned: bool) -> None:
    convert = parameter.type_cast_value

    def checked(ctx: click.Context, value: Any) -> Any:
        if isinstance(value, list | tuple):
            value = type(value)(_checked(each, parameter, ctx, cleaned=cleaned) for each in value)
        return convert(ctx, _checked(value, parameter, ctx, cleaned=cleaned))

    parameter.type_cast_value = checked  # type: ignore[method-assign]
    parameter._checks_text = True  # type: ignore[attr-defined]


def _checked(value: Any, parameter: click.Parameter, ctx: click.Context, *, cleaned: bool) -> Any:
    if not isinstance(value, str) or (_is_text(value) and not (cleaned and parameter.name == "name")):
        return value
    if (path := _PATHS.get(parameter.name or "")) is not None and path.fullmatch(value):
        return value
    if cleaned:
        return label(value)
    raise click.BadParameter(
        f"{shown(value)!r} has bytes that are not UTF-8: write it in UTF-8", ctx=ctx, param=parameter
    )


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
