"""The version of the distribution, looked up on first use."""

from __future__ import annotations

from typing import Any


def look_up(name: str) -> Any:
    """`__getattr__` of the package, for `__version__`. The look-up takes as long as importing the whole package.

    error   AttributeError for any other name
    """
    if name == "__version__":
        from importlib.metadata import version

        return version("formant-synth")
    raise AttributeError(f"module 'formant_dsp' has no attribute {name!r}")
