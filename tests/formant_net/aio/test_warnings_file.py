"""The last warnings are there after a power cut, and a card that is written seldom lives long."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from support.suite.patience import PATIENCE_S

from formant_net.aio.warnings_file import MOST_BYTES, SELDOM_S, SOON_S, WarningsFile, keep_warnings
from formant_net.ops import log


class Time:
    """A clock with timers; a timer is called when the time is set to its moment."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.alarms: list[_Alarm] = []

    def timer(self, seconds: float, call: Callable[[], None]) -> _Alarm:
        return _Alarm(self, self.now + seconds, call)

    def passes(self, seconds: float) -> None:
        self.now += seconds
        due, self.alarms = [a for a in self.alarms if a.at <= self.now], [a for a in self.alarms if a.at > self.now]
        for alarm in due:
            alarm.call()


class _Alarm:
    def __init__(self, time: Time, at: float, call: Callable[[], None]) -> None:
        self.time, self.at, self.call, self.daemon = time, at, call, False

    def start(self) -> None:
        assert self.daemon, "it must not keep a process that ends"
        self.time.alarms.append(self)

    def cancel(self) -> None:
        if self in self.time.alarms:
            self.time.alarms.remove(self)


def kept(path: Path, time: Time) -> WarningsFile:
    return WarningsFile(path, clock=lambda: time.now, wall=lambda: 1_700_000_000.0 + time.now, timer=time.timer)


def test_a_warning_after_a_quiet_time_is_on_the_disk_soon(tmp_path: Path) -> None:
    time, path = Time(), tmp_path / "synth-a.warnings.log"
    kept(path, time).add("WARNING the sound broke  underflows=3")
    assert not path.exists(), "the disk is not waited for"
    time.passes(SOON_S)
    first, second = path.read_text().splitlines()
    assert first.endswith("--- first warning since the node was started ---")
    assert second == "2023-11-14T22:30:00Z WARNING the sound broke  underflows=3"


def test_a_storm_of_warnings_writes_seldom_and_loses_none_that_has_room(tmp_path: Path) -> None:
    time, path = Time(), tmp_path / "log"
    log, writes, stamp = kept(path, time), 0, 0
    for n in range(3600):
        log.add(f"line {n}")
        time.passes(1.0)
        if path.exists() and path.stat().st_mtime_ns != stamp:
            writes, stamp = writes + 1, path.stat().st_mtime_ns
    assert writes <= 3600 / SELDOM_S + 1
    log.write()
    assert path.read_text().splitlines()[-1].endswith(" line 3599")
    assert MOST_BYTES - 200 < path.stat().st_size <= MOST_BYTES


def test_what_earlier_runs_kept_stays_as_long_as_there_is_room(tmp_path: Path) -> None:
    time, path = Time(), tmp_path / "log"
    first = kept(path, time)
    first.add("before the power cut")
    first.write()
    path.write_bytes(path.read_bytes() + b"half a li")  # a disk that lies about its writes
    second = kept(path, time)
    second.add("after it")
    second.write()
    said = [line.partition(" ")[2] for line in path.read_text().splitlines()]
    assert said == [
        "--- first warning since the node was started ---",
        "before the power cut",
        "--- first warning since the node was started ---",
        "after it",
    ]


def test_a_power_cut_while_it_writes_leaves_the_file_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    time, path = Time(), tmp_path / "log"
    log = kept(path, time)
    log.add("first")
    log.write()
    before = path.read_bytes()

    def cut(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", cut)
        log.add("second")
        log.write()
    assert path.read_bytes() == before
    log.add("third")
    time.passes(SELDOM_S)
    assert [line.rpartition(" ")[2] for line in path.read_text().splitlines()[1:]] == ["first", "second", "third"]


def test_lines_are_bounded_and_never_two(tmp_path: Path) -> None:
    log = kept(tmp_path / "log", Time())
    log.add("x" * 10 * MOST_BYTES)
    log.add("one\ntwo \ud800")
    log.write()
    lines = (tmp_path / "log").read_bytes().splitlines()
    assert len(lines) == 4
    assert len(lines[1]) <= MOST_BYTES // 4


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"no end of line", bytes(5 * MOST_BYTES)])
def test_a_damaged_file_is_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "log"
    path.write_bytes(content)
    log = kept(path, Time())
    log.add("new")
    log.write()
    assert path.read_text("utf-8", "replace").splitlines()[-1].endswith(" new")


def test_warnings_of_the_log_are_kept_and_lesser_lines_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ends: list[Callable[[], None]] = []
    monkeypatch.setattr(atexit, "register", ends.append)
    log.configure("json", "info")
    keep_warnings(tmp_path, "synth-a")
    try:
        log.get_logger().info("controller registered", id="ctrl-a")
        log.get_logger().warning("the sound broke", underflows=3)
    finally:
        log.tap(None)
    log.get_logger().warning("nobody keeps this")
    for end in ends:
        end()
    (_, line) = (tmp_path / "synth-a.warnings.log").read_text().splitlines()
    assert line.endswith("Z WARNING the sound broke  underflows=3")


def test_a_warning_within_a_warning_is_kept_as_well(tmp_path: Path) -> None:
    """The collector of garbage may log at any moment, on the thread that is just keeping a line."""
    time, moments = Time(), iter(["a task was never awaited"])

    def clock() -> float:
        for line in moments:
            node.add(line)
        return time.now

    def story() -> None:
        node.add("first")
        node.write()
        time.passes(SELDOM_S)

    node = WarningsFile(tmp_path / "log", clock=clock, wall=lambda: 0.0, timer=time.timer)
    writing = threading.Thread(target=story, daemon=True)
    writing.start()
    writing.join(PATIENCE_S)
    assert not writing.is_alive(), "it waits for itself"
    kept = [line.partition(" ")[2] for line in (tmp_path / "log").read_text().splitlines()]
    assert kept[1:] == ["first", "a task was never awaited"]


def test_without_a_thread_for_the_timer_a_line_waits_for_the_next_write(tmp_path: Path) -> None:
    time, path, left = Time(), tmp_path / "log", [False, True]

    class NoThread(_Alarm):
        def start(self) -> None:
            if not left.pop(0):
                raise RuntimeError("can't start new thread")
            super().start()

    node = WarningsFile(
        path,
        clock=lambda: time.now,
        wall=lambda: 0.0,
        timer=lambda seconds, call: NoThread(time, time.now + seconds, call),
    )
    node.add("first")
    assert not time.alarms
    node.add("second")
    time.passes(SOON_S)
    assert [line.rpartition(" ")[2] for line in path.read_text().splitlines()[1:]] == ["first", "second"]
