"""When lost links are remembered, and for how long."""

from __future__ import annotations

import pytest

from formant_net.synth.linking import worked
from formant_net.synth.linking.worked import Worked


def test_the_moment_is_given_back_once() -> None:
    memory = Worked(120.0)
    memory.remember("ctrl-a", 10.0, 11.0)
    assert memory.take("ctrl-a") == 10.0
    assert memory.take("ctrl-a") is None
    assert memory.take("ctrl-never") is None


def test_a_full_memory_has_room_again_when_an_entry_no_longer_shortens_a_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worked, "MOST", 1)
    memory = Worked(120.0)
    memory.remember("ctrl-a", 10.0, 10.0)
    memory.remember("ctrl-b", 10.0, 129.9)
    assert memory.take("ctrl-b") is None, "it was full"
    memory.remember("ctrl-b", 20.0, 130.0)
    assert memory.take("ctrl-a") is None
    assert memory.take("ctrl-b") == 20.0
