"""The fleet document as a file."""

from __future__ import annotations

import pytest

from formant_net.fleet.document import Box, Document, Master, Scene, Zone, decode, encode

DOCUMENT = Document(
    epoch="e1",
    rev=7,
    master=Master(db=-3.0),
    zones={"z-nave": Zone(name="Nave", db=-1.5, rev=2)},
    boxes={"synth-7k2m9x4q": Box(name="North wall", zone="z-nave", tags=("alto",), delay_ms=11.7, rev=3)},
    scenes={"s-night": Scene(name="Night", ramp_s=8.0, master={"db": -18.0}, boxes={"synth-7k2m9x4q": {"mute": True}})},
)


def test_what_is_written_is_read_again_and_people_can_read_it() -> None:
    written = encode(DOCUMENT)
    assert decode(written) == DOCUMENT
    assert b'\n "master"' in written


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no fleet document"),
        (b"\xff\xfe", "no fleet document"),
        (b'{"epoch": "e1", "rev": -1}', "rev"),
        (b'{"epoch": "e1", "v": 2}', "v"),
        (b'{"epoch": "e1", "boxes": {"a b": {}}}', "boxes"),
        (b'{"epoch": "e1", "boxes": {"synth-1": {"db": 3.0}}}', "db"),
        (b'{"epoch": "e1", "boxes": {"synth-1": {"zone": "z-gone"}}}', "z-gone"),
        (b"[" * 100_000, "no fleet document"),
    ],
)
def test_what_is_no_document_is_refused_with_the_reason(content: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        decode(content)


def test_a_document_that_nobody_has_changed_steers_nobody() -> None:
    assert not Document(epoch="e1").steered
    assert DOCUMENT.steered
