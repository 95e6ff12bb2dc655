"""How much a core keeps: everything in its dicts, lists, sets and queues, and theirs."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from formant_net.server.hub import Hub
from formant_net.synth.core import Synth

_OURS = Synth.__module__.partition(".")[0]
assert Hub.__module__.startswith(_OURS)


def size(core: Any) -> int:
    """Entries of all containers that can be reached from `core` through objects of the project."""
    seen: set[int] = set()
    todo, entries = [core], 0
    while todo:
        one = todo.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, Mapping):
            entries += len(one)
            todo += one.values()
            todo += one.keys()
        elif isinstance(one, list | set | frozenset | deque | tuple):
            entries += len(one)
            todo += one
        elif type(one).__module__.partition(".")[0] == _OURS:
            slots = [name for kind in type(one).__mro__ for name in getattr(kind, "__slots__", ())]
            todo += [getattr(one, name) for name in slots if hasattr(one, name)]
            todo += vars(one).values() if hasattr(one, "__dict__") else []
    return entries
