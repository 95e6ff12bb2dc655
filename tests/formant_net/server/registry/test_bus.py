"""What travels between edges: read as it was written, refused when it was not, and never opened on the way."""

from __future__ import annotations

import msgspec
import pytest

from formant_net.protocol.errors import ProtocolError
from formant_net.server.registry import bus


@pytest.mark.parametrize(
    "envelope",
    [
        bus.Undelivered(source="synth-a", target="ctrl-a", about="offer"),
        bus.Claim(id="ctrl-a", ws_id="run1-7", node="run1"),
        bus.Verdict(id="ctrl-a", ws_id="run1-7", free=False),
    ],
)
def test_what_is_written_is_read(envelope: bus.Envelope) -> None:
    assert bus.decode(bus.encode(envelope)) == envelope


def test_a_frame_is_passed_on_as_it_is() -> None:
    frame = '{"type":"offer",  "data": {"sdp":"größe \\n"}}'
    relay = bus.Relay(source="s", target="c", node="n", about="offer", frame=msgspec.Raw(frame.encode()))
    read = bus.decode(bus.encode(relay))
    assert isinstance(read, bus.Relay)
    assert bytes(read.frame).decode() == frame


@pytest.mark.parametrize(
    "payload", [b"", b"\xff", b"{}", b'{"type":"offer"}', b'{"type":"claim","id":7}', b"[" * 99999]
)
def test_anything_else_is_refused(payload: bytes) -> None:
    with pytest.raises(ProtocolError, match="not a message between edges"):
        bus.decode(payload)


def test_edges_in_one_process_hear_what_is_for_them() -> None:
    memory, heard = bus.MemoryBus(), list[bytes]()
    memory.attach("run1", heard.append)
    assert memory.post("run1", b"a")
    assert not memory.post("run2", b"b")
    memory.detach("run1")
    assert not memory.post("run1", b"c")
    assert heard == [b"a"]
