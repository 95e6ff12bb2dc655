"""Ids that stay, and are never shared."""

from __future__ import annotations

import errno
import itertools
import os
from pathlib import Path

import pytest
from support.machine.processes import processes
from support.machine.small_disk import fill_up, small_disk

from formant_net.aio.identity import numbered, take_place


def test_a_node_has_the_same_id_after_every_start(tmp_path: Path) -> None:
    ids = map("synth-{}".format, itertools.count()).__next__
    first = take_place(tmp_path, "synth-", ids)
    assert (first.id, first.number) == ("synth-0", 1)
    first.lock.close()
    again = take_place(tmp_path, "synth-", ids)
    assert again.id == "synth-0"
    again.lock.close()


def test_two_nodes_at_once_are_two_and_each_finds_its_own_again(tmp_path: Path) -> None:
    ids = map("synth-{}".format, itertools.count()).__next__
    first, second = take_place(tmp_path, "synth-", ids), take_place(tmp_path, "synth-", ids)
    assert (first.id, second.id) == ("synth-0", "synth-1")
    assert (first.number, second.number) == (1, 2)
    second.lock.close()
    assert take_place(tmp_path, "synth-", ids).id == "synth-1"
    first.lock.close()
    assert take_place(tmp_path, "synth-", ids).id == "synth-0"


def test_what_is_no_id_is_made_anew_and_a_folder_that_cannot_be_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "synth-1.id").write_text("no id\n of mine")
    assert take_place(tmp_path, "synth-", lambda: "synth-new").id == "synth-new"
    assert (tmp_path / "synth-1.id").read_text() == "synth-new\n"
    (tmp_path / "file").write_text("")
    place = take_place(tmp_path / "file" / "folder", "synth-", lambda: "synth-x")
    assert place.id == "synth-x"
    assert "Not a directory" in place.unkept


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"\0" * 512, b"synth-", b"ctrl-of-another-kind\n", b"x" * 10_000], ids=repr
)
def test_a_damaged_id_is_replaced_and_said_once(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "synth-1.id").write_bytes(content)
    place = take_place(tmp_path, "synth-", lambda: "synth-new")
    assert (place.id, place.unkept) == ("synth-new", "")
    assert str(tmp_path / "synth-1.id") in place.damaged
    place.lock.close()
    again = take_place(tmp_path, "synth-", lambda: "synth-other")
    assert (again.id, again.damaged) == ("synth-new", "")
    again.lock.close()


def test_a_pipe_in_place_of_the_id_is_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "synth-1.id")
    assert take_place(tmp_path, "synth-", lambda: "synth-new").damaged.endswith("it is a pipe, not a file")
    assert (tmp_path / "synth-1.id").read_text() == "synth-new\n"


def test_a_pipe_in_place_of_a_lock_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "synth-1.lock")
    place = take_place(tmp_path, "synth-", lambda: "synth-new")
    assert (place.id, place.lock) == ("synth-new", None)
    assert str(tmp_path) in place.unkept


def test_an_id_in_a_loop_of_links_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "synth-1.id").symlink_to("synth-1.id")
    place = take_place(tmp_path, "synth-", lambda: "synth-new")
    assert str(tmp_path / "synth-1.id") in place.damaged
    assert (tmp_path / "synth-1.id").read_text() == "synth-new\n"


def test_an_id_with_a_byte_order_mark_is_known(tmp_path: Path) -> None:
    (tmp_path / "synth-1.id").write_bytes(b"\xef\xbb\xbfsynth-old\r\n")
    assert take_place(tmp_path, "synth-", lambda: "synth-new").id == "synth-old"


def test_an_id_that_met_a_full_disk_is_kept_when_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        full = fill_up(disk)
        place = take_place(disk, "synth-", lambda: "synth-x")
        assert place.unkept == f"{disk}: No space left on device"
        assert not place.keep()
        full.unlink()
        assert place.keep()
        assert place.unkept == ""
        place.lock.close()
        again = take_place(disk, "synth-", lambda: "synth-y")
        assert again.id == "synth-x"
        again.lock.close()


def test_an_id_that_cannot_be_kept_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    made = iter([full, lambda: "synth-x"])
    place = take_place(tmp_path, "synth-", lambda: next(made)())  # type: ignore[no-untyped-call]
    assert (place.id, place.number) == ("synth-x", 1)
    assert place.unkept == f"{tmp_path}: No space left on device"
    monkeypatch.setattr("formant_net.aio.identity.PLACES", 1)
    held = take_place(tmp_path, "synth-", lambda: "synth-y")
    assert (held.number, held.unkept) == (1, "")
    assert "1 places are taken" in take_place(tmp_path, "synth-", lambda: "synth-z").unkept


def test_a_node_says_that_its_id_cannot_be_kept_and_sings(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with processes() as start:
        unkept = {"FORMANT_STATE_DIR": f"{tmp_path}/file/x"}
        synth = start("synth", "http://127.0.0.1:9", "--audio", "none", "--voices", "2", environment=unkept)
        assert "give --id" in synth.wait_for("cannot be kept")
        synth.wait_for("Formant synth")


def test_a_node_whose_id_was_damaged_says_so_and_has_a_new_one(tmp_path: Path) -> None:
    """A power cut left zeros where the id was: every start ended with a traceback."""
    (tmp_path / "synth-1.id").write_bytes(b"\xff\xfe\0\0")
    with processes() as start:
        synth = start(
            "synth", "http://127.0.0.1:9", "--audio", "none", "--voices", "2",
            environment={"FORMANT_STATE_DIR": str(tmp_path)},
        )  # fmt: skip
        said = synth.wait_for("this node has a new id")
        assert "synth-1.id" in said
        assert (tmp_path / "synth-1.id").read_text().strip() in said
        synth.wait_for("Formant synth")
        assert "Traceback" not in synth.output()


def test_the_second_node_has_a_name_of_its_own() -> None:
    assert [numbered("attic", n) for n in (1, 2, 3)] == ["attic", "attic 2", "attic 3"]
    assert len(numbered("x" * 80, 2)) <= 64


def test_two_synths_of_one_machine_do_not_share_an_id_and_a_new_start_has_the_old_one() -> None:
    arguments = ("synth", "http://127.0.0.1:9", "--audio", "none", "--voices", "2")

    def id_of(process: object) -> str:
        return process.wait_for("Formant synth").split()[2].rstrip(":")  # type: ignore[attr-defined, no-any-return]

    with processes() as start:
        one, two = start(*arguments), start(*arguments)
        first, second = id_of(one), id_of(two)
        assert first != second
        assert one.stop() == 0
        assert id_of(start(*arguments)) == first
