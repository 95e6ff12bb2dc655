"""The codec: every wire message has a sample that survives, and what is malformed is refused in words."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formant_net.protocol import codec
from formant_net.protocol import messages as m
from formant_net.protocol.errors import ProtocolError

DATA = Path(__file__).parents[2] / "data" / "messages"
SIGNALING = {t.__struct_config__.tag: t for t in codec.Signaling.__args__}
CHANNEL = {t.__struct_config__.tag: t for t in codec.Channel.__args__}
MALFORMED: list[dict[str, Any]] = json.loads((DATA / "malformed" / "malformed.json").read_text())


def decoder(name: str) -> Any:
    return codec.decode_signaling if name in SIGNALING or name == "signaling" else codec.decode_channel


def test_every_wire_message_has_a_sample_and_every_sample_a_message() -> None:
    assert {path.stem for path in DATA.glob("*.json")} == SIGNALING.keys() | CHANNEL.keys()


@pytest.mark.parametrize("name", sorted(SIGNALING | CHANNEL))
def test_the_sample_survives_decoding_and_encoding_unchanged(name: str) -> None:
    text = (DATA / f"{name}.json").read_text()
    message = decoder(name)(text)
    assert type(message) is (SIGNALING | CHANNEL)[name]
    assert codec.wire_name(message) == name
    assert json.loads(codec.encode(message)) == json.loads(text)
    assert decoder(name)(text.encode()) == message


@pytest.mark.parametrize("name", sorted(SIGNALING | CHANNEL))
def test_fields_of_a_later_version_are_ignored(name: str) -> None:
    sample = json.loads((DATA / f"{name}.json").read_text())
    assert decoder(name)(json.dumps(sample | {"new_field": [1]})) == decoder(name)(json.dumps(sample))


@pytest.mark.parametrize("case", MALFORMED, ids=lambda case: f"{case['codec']}: {case['why']}")
def test_malformed_is_refused_in_words(case: dict[str, str]) -> None:
    with pytest.raises(ProtocolError) as caught:
        decoder(case["codec"])(case["text"])
    assert (caught.value.code, caught.value.about) == (case["code"], case["about"])
    assert ": " in caught.value.message
    assert not caught.value.fatal


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"register","client_id":"touch-ctrl-1"}',
        '{"type":"request-controllers"}',
        '{"type":"controllers-list","controllers":["ctrl-a"]}',
        '{"type":"controller-joined","controller_id":"ctrl-a"}',
        '{"type":"heartbeat"}',
        '{"type":"offer","target":"ctrl-a","data":{"type":"offer","sdp":"v=0"}}',
        '{"type":"ice-candidate","target":"ctrl-a","data":null}',
        '{"type":"ice-candidate","target":"ctrl-a","data":{"candidate":""}}',
        '{"type":"touch","x":0,"y":1,"active":true}',
        '{"type":"ping","timestamp":1}',
        '{"type":"ping","timestamp":"any text"}',
        '{"type":"pong"}',
        '{"type":"command","name":"power"}',
    ],
)
def test_a_message_without_its_optional_fields_is_whole(text: str) -> None:
    assert not isinstance(decoder(json.loads(text)["type"])(text), m.Unknown)


def test_a_touch_at_the_very_corner_keeps_its_zeros() -> None:
    touch = codec.decode_channel('{"type":"touch","x":0,"y":0,"active":false}')
    assert isinstance(touch, m.Touch)
    assert (touch.x, touch.y, touch.active) == (0.0, 0.0, False)
    assert json.loads(codec.encode(touch)) == {"type": "touch", "x": 0, "y": 0, "active": False}


def test_the_older_spelling_ice_is_an_ice_candidate_and_can_be_written_either_way() -> None:
    text = '{"type":"ice","source":"ctrl-a","target":"synth-a","data":{"candidate":"c"}}'
    message = codec.decode_signaling(text)
    assert isinstance(message, m.IceCandidate)
    new = codec.spelled(message, ice=False)
    assert new == m.IceCandidate(source="ctrl-a", target="synth-a", data=m.Candidate(candidate="c"))
    assert json.loads(codec.encode(new))["type"] == "ice-candidate"
    assert json.loads(codec.encode(message))["type"] == "ice"
    assert codec.spelled(new, ice=True) == message == codec.spelled(message, ice=True)
    assert json.loads(codec.encode(m.Ice(target="a")))["data"] is None


def test_the_end_of_candidates_is_written_as_null() -> None:
    assert json.loads(codec.encode(m.IceCandidate(source="a", target="b")))["data"] is None


@pytest.mark.parametrize("text", ['{"type":"tempo","bpm":90}', '{"type":"","x":1}'])
def test_an_unknown_type_is_named_and_not_an_error(text: str) -> None:
    name = json.loads(text)["type"]
    assert codec.decode_signaling(text) == m.Unknown(name)
    assert codec.decode_channel(text) == m.Unknown(name)
    assert codec.wire_name(m.Unknown(name)) == name


def test_messages_of_the_other_wire_are_unknown() -> None:
    assert codec.decode_signaling('{"type":"touch","x":0,"y":0,"active":true}') == m.Unknown("touch")
    assert codec.decode_channel('{"type":"heartbeat"}') == m.Unknown("heartbeat")


@pytest.mark.parametrize("fill", ["a", "ä", "\N{MUSICAL SYMBOL G CLEF}"])
def test_a_message_is_measured_in_bytes(fill: str) -> None:
    frame = '{"type":"tempo","x":"%s"}'
    room = codec.MAX_CHANNEL_BYTES - len(frame % "")
    most = frame % (fill * (room // len(fill.encode())))
    most += " " * (codec.MAX_CHANNEL_BYTES - len(most.encode()))
    assert codec.decode_channel(most) == codec.decode_channel(most.encode()) == m.Unknown("tempo")
    for longer in (
        most + " ",
        (most + " ").encode(),
        frame % (fill * (room - 1)) if not fill.isascii() else most + " ",
    ):
        with pytest.raises(ProtocolError, match="too-large"):
            codec.decode_channel(longer)
    exact = frame % (fill + "a" * (codec.MAX_CHANNEL_BYTES - len(frame % fill)))
    assert len(exact) == codec.MAX_CHANNEL_BYTES
    if not fill.isascii():
        with pytest.raises(ProtocolError, match="too-large"):
            codec.decode_channel(exact)


def test_invalid_utf8_is_refused() -> None:
    with pytest.raises(ProtocolError, match="bad-message"):
        codec.decode_signaling(b'{"type":"register","client_id":"\xff\xfe"}')


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = sorted(
    {field.encode_name for t in (*SIGNALING.values(), *CHANNEL.values()) for field in msgspec.structs.fields(t)}
)


@given(
    name=st.sampled_from(sorted(SIGNALING | CHANNEL)),
    change=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=3),
)
def test_any_value_in_any_field_is_read_or_refused_and_nothing_else(name: str, change: dict[str, Any]) -> None:
    sample = json.loads((DATA / f"{name}.json").read_text()) | change
    try:
        message = decoder(name)(json.dumps(sample))
    except ProtocolError:
        return
    assert decoder(name)(codec.encode(message)) == message


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_and_nothing_else(frame: bytes) -> None:
    for decode in (codec.decode_signaling, codec.decode_channel):
        with contextlib.suppress(ProtocolError):
            decode(frame)


# --- a finger that is lifted


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"touch","active":false}',
        '{"type":"touch","active":false,"id":3,"seq":9}',
        '{"type":"touch","x":null,"y":null,"active":false}',
        '{"type":"touch","x":0.5,"active":false}',
    ],
)
def test_a_release_needs_no_coordinates(text: str) -> None:
    touch = codec.decode_channel(text)
    assert isinstance(touch, m.Touch)
    assert not touch.active
    assert touch.point() is None


@pytest.mark.parametrize("fields", ['"x":1.02,"y":-0.3', '"x":"left","y":0', '"x":5,"z":7,"note":500'])
def test_where_a_lifted_finger_was_does_not_matter(fields: str) -> None:
    """A finger that leaves a surface is lifted outside of it."""
    touch = codec.decode_channel(f'{{"type":"touch","active":false,"id":"a","seq":4,"t":20.5,{fields}}}')
    assert touch == m.Touch(active=False, id="a", seq=4, t=20.5)


@pytest.mark.parametrize(
    "fields", ['"x":1.5,"points":[]', '"x":1.5,"seq":-1', '"x":1.5,"id":[]', '"x":1.5,"t":"now"', '"x":1.5,"active":0']
)
def test_what_else_a_release_says_has_to_be_right(fields: str) -> None:
    with pytest.raises(ProtocolError):
        codec.decode_channel(f'{{"type":"touch","active":false,{fields}}}')


def test_fingers_that_stand_in_points_need_not_stand_beside_them() -> None:
    touch = codec.decode_channel('{"type":"touch","active":true,"points":[{"id":1,"x":0.5,"y":0.5,"note":60}]}')
    assert isinstance(touch, m.Touch)
    assert touch.points == [m.Point(id=1, x=0.5, y=0.5, note=60.0)]


def test_thirty_two_fingers_with_every_field_fit_into_a_message() -> None:
    points = [
        m.Point(id=2**53 - n, x=1 / 3, y=2 / 3, z=1 / 7, note=100 / 3, vel=1 / 9, since=1e12 + 1 / 3)
        for n in range(m.MAX_FINGERS)
    ]
    touch = m.Touch(active=True, x=1 / 3, y=2 / 3, seq=2**53, t=1e12 + 1 / 3, points=points)
    assert codec.decode_channel(codec.encode(touch)) == touch
