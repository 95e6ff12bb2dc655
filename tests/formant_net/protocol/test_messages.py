"""Wire messages: what a structure says of itself beside its fields."""

from __future__ import annotations

import pytest
from msgspec import UNSET

from formant_net.protocol import messages as m


def test_a_message_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        m.Heartbeat(source="a").source = "b"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("source", "sender_id", "sender"), [("a", "b", "a"), (None, "b", "b"), ("", "b", "b"), (None, UNSET, "")]
)
def test_the_sender_is_the_source_or_else_what_the_server_has_set(
    source: str | None, sender_id: str, sender: str
) -> None:
    assert m.IceCandidate(source=source, target="c", sender_id=sender_id).sender == sender


def test_the_description_is_of_the_kind_of_its_message() -> None:
    with pytest.raises(ValueError, match="not 'answer'"):
        m.Offer(target="a", data=m.Description(type="answer", sdp="v=0"))
    with pytest.raises(ValueError, match="not 'offer'"):
        m.Answer(target="a", data=m.Description(type="offer", sdp="v=0"))


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (m.Kicked(reason="too loud"), "too loud"),
        (m.Kicked(kicked_by="desk-1"), "by desk-1"),
        (m.Kicked(kicked_by="d" * 300), f"by {'d' * 197}"),
        (m.Kicked(kicked_by=None), "it gave no reason"),
        (m.Kicked(), "it gave no reason"),
    ],
)
def test_a_kick_always_has_a_reason_in_words(message: m.Kicked, why: str) -> None:
    assert message.why == why


def test_a_touch_without_id_is_of_finger_0() -> None:
    assert m.Touch(active=True, x=0.5, y=0.25, z=0.5).point() == m.Point(id=0, x=0.5, y=0.25, z=0.5)
    assert m.Touch(active=False, id="left").finger == "left"


def test_a_finger_that_is_down_is_somewhere() -> None:
    with pytest.raises(ValueError, match="`x` and `y` are needed"):
        m.Touch(active=True, x=0.5)
