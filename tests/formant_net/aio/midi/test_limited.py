from __future__ import annotations

import threading

import pytest
from support.suite.patience import PATIENCE_S

from formant_net.aio.midi.limited import Limited


def test_a_call_returns_and_raises_what_the_function_does() -> None:
    limited = Limited(PATIENCE_S)
    assert limited.call(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        limited.call(divmod, 7, 0)


def test_who_hangs_is_given_up_and_nobody_waits_behind_it() -> None:
    limited, answer = Limited(0.01), threading.Event()
    with pytest.raises(TimeoutError, match="no answer"):
        limited.call(answer.wait)
    with pytest.raises(TimeoutError, match="before it"):
        limited.call(divmod, 7, 2)
    assert limited._pending is not None
    answer.set()
    limited._pending.join()
    limited._seconds = PATIENCE_S
    assert limited.call(divmod, 7, 2) == (3, 1)
