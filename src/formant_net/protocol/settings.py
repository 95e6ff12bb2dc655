"""Settings written as NAME=VALUE: read into the fields of a dataclass, and checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any


class SettingError(ValueError):
    """An unknown setting or an invalid value. The text lists what is allowed."""


def read_settings(defaults: Any, settings: Iterable[str]) -> dict[str, Any]:
    """Reads `NAME=VALUE` texts.

    defaults   an instance of a dataclass: it gives the names, and the type of each value
    settings   `["clients=100", "rate-per-s = 50"]`; `-` in a name means `_`
    returns    the named fields with their values
    error      SettingError
    """
    types = {one.name: type(getattr(defaults, one.name)) for one in fields(defaults)}
    values: dict[str, Any] = {}
    for setting in settings:
        name, found, text = setting.partition("=")
        name = name.strip().replace("-", "_")
        if not found or name not in types:
            raise SettingError(f"{setting!r} is not NAME=VALUE with one of {', '.join(types)}")
        try:
            values[name] = types[name](text)
        except ValueError:
            whole = "a whole number" if types[name] is int else "a number"
            raise SettingError(f"{name} takes {whole}, not {text!r}") from None
    return values


def check_range(name: str, value: object, top: float) -> None:
    """Raises SettingError unless 0 < value <= top."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= top:
        raise SettingError(f"{name}={value} must be above 0 and at most {top:g}")
