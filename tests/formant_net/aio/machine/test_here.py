"""This machine's clock, and one look at this machine."""

from __future__ import annotations

import ctypes
import errno
import sys
from pathlib import Path
from typing import Any

import pytest

from formant_net.aio.machine import here
from formant_net.health.machine import Facts


class Kernel:
    """A kernel whose adjtimex answers this."""

    def __init__(self, state: int, status: int = 0, refusal: int = 0) -> None:
        self.state, self.status, self.refusal = state, status, refusal

    def adjtimex(self, asked: Any) -> int:
        assert bytes(asked[:4]) == bytes(4), "no mode is set: the clock stays as it is"
        ctypes.c_int.from_buffer(asked, here._STATUS).value = self.status
        ctypes.set_errno(self.refusal)
        return self.state


@pytest.mark.parametrize(
    ("kernel", "synchronised"),
    [(Kernel(0, 0x2001), True), (Kernel(5, 0x40), False), (Kernel(0, 0x40), False), (Kernel(1, 0), True)],
)
def test_the_kernel_says_whether_the_clock_is_set(
    monkeypatch: pytest.MonkeyPatch, kernel: Kernel, synchronised: bool
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: kernel)
    assert here.synchronised() is synchronised


def test_where_the_kernel_may_not_be_asked_the_time_service_says_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Kernel(-1, refusal=errno.EPERM))
    monkeypatch.setattr(here, "TIMESYNC", tmp_path / "timesync")
    assert here.synchronised() is None, "no service that we know of"
    (tmp_path / "timesync").mkdir()
    assert here.synchronised() is False
    (tmp_path / "timesync/synchronized").touch()
    assert here.synchronised() is True


def test_a_look_at_this_machine_raises_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FORMANT_STATE_DIR", str(tmp_path))
    assert here.facts().memory_bytes != 0


def test_other_systems_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert here.synchronised() is None
    assert here.facts() == Facts()
