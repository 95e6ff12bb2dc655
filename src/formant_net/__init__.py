"""The network of Formant: discovery, signaling and peer-to-peer touch.

All rooms hold pure cores, except three: `aio` is the asyncio shell around the cores, `cli` the command `formant-node`,
`page` the pages of browsers. A core takes a message and the time, and returns what to send.
docs/understand/architecture.md is the map.

Out of scope: the sound (formant_dsp), audio over the network, accounts, and media servers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from formant_net.aio.ensemble.blocking import Ensemble
    from formant_net.aio.ensemble.ensemble import AsyncEnsemble
    from formant_net.ensemble.errors import EnsembleError

__all__ = ["AsyncEnsemble", "Ensemble", "EnsembleError"]

_PLACES = {
    "AsyncEnsemble": "formant_net.aio.ensemble.ensemble",
    "Ensemble": "formant_net.aio.ensemble.blocking",
    "EnsembleError": "formant_net.ensemble.errors",
}


def __getattr__(name: str) -> object:
    """These names load the network only when they are used: a command that needs none starts without it."""
    if (place := _PLACES.get(name)) is None:
        raise AttributeError(f"module 'formant_net' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(place), name)
