"""Packets, with python-osc as a witness on the other side."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder
from support.virtual.osc_hand import bundle

from formant_net.osc.codec import MOST_BYTES, MOST_DEPTH, MOST_MESSAGES, Argument, Message, OscError, decode, encode

FLOATS = st.floats(width=32, allow_nan=False)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
ARGUMENTS = st.lists(
    st.one_of(st.integers(-(2**63), 2**63 - 1), FLOATS, TEXTS, st.binary(max_size=20), st.booleans(), st.none()),
    max_size=8,
)
PIECES = st.sampled_from(
    [
        b"#bundle\0",
        b"\0\0\0\0\0\0\0\1",
        b"/a\0\0",
        b",i\0\0",
        b",",
        b"\0\0\0\x08",
        b"\0\0\0\x10",
        b"\xff\xff\xff\xfc",
        b"[fs]",
    ]
)


@given(ARGUMENTS)
def test_what_is_written_is_read_as_the_same(arguments: list[Argument]) -> None:
    assert decode(encode("/formant/note", *arguments)) == [Message("/formant/note", tuple(arguments))]


@given(
    st.lists(
        st.one_of(
            st.integers(-(2**31), 2**31 - 1), FLOATS, TEXTS, st.binary(min_size=1, max_size=9), st.booleans(), st.none()
        ),
        max_size=8,
    )
)
def test_python_osc_reads_what_we_write_and_we_read_what_it_writes(arguments: list[Argument]) -> None:
    assert OscMessage(encode("/a/b", *arguments)).params == arguments
    builder = OscMessageBuilder("/a/b")
    for each in arguments:
        builder.add_arg(each)
    (message,) = decode(builder.build().dgram)
    assert list(message.arguments) == [pytest.approx(each) if isinstance(each, float) else each for each in arguments]


def test_every_type_of_python_osc_is_read() -> None:
    builder = OscMessageBuilder("/types")
    values: list[tuple[str, object]] = [
        ("i", 7), ("f", 0.5), ("s", "ä"), ("b", b"abc"), ("h", 2**40), ("d", 0.1), ("T", True), ("F", False),
        ("N", None), ("r", 0x11223344),
    ]  # fmt: skip
    for kind, value in values:
        builder.add_arg(value, kind)  # type: ignore[arg-type]
    (message,) = decode(builder.build().dgram)
    assert list(message.arguments) == [value for _, value in values]


def test_types_without_bytes_arrays_characters_and_time_tags() -> None:
    data = b"/a\0\0,[iI]cSt\0\0\0\0" + struct.pack(">i", 5) + b"\0\0\0x" + b"sym\0" + struct.pack(">Q", 2**33)
    assert decode(data) == [Message("/a", (5, True, "x", "sym", 2**33))]


def test_a_message_without_types_has_no_arguments() -> None:
    assert decode(b"/old\0\0\0\0") == [Message("/old")]


def test_a_bundle_of_python_osc_keeps_its_time() -> None:
    inner = OscMessageBuilder("/x")
    inner.add_arg(1)
    builder = OscBundleBuilder(1_700_000_000.25)  # type: ignore[arg-type]
    builder.add_content(inner.build())
    (message,) = decode(builder.build().dgram)
    assert message.tag == pytest.approx(1_700_000_000.25 + 2_208_988_800, abs=1e-3)


def test_nested_bundles_have_the_time_of_the_innermost_and_1_is_at_once() -> None:
    data = bundle(100.0, encode("/a"), bundle(200.5, encode("/b"), bundle(None, encode("/c"))), encode("/d"))
    assert [(each.address, each.tag) for each in decode(data)] == [
        ("/a", 100),
        ("/b", 200.5),
        ("/c", None),
        ("/d", 100),
    ]


def test_a_bundle_with_the_time_tag_0_is_at_once() -> None:
    """ExistentialAudio/SwiftOSC#52: a mixer sends all its state so, and labels without types. Taken for the year 1900,
    such a tag makes the sender's clock wrong, and its dated bundles lose their time."""
    element = b"/1\0\0"
    assert decode(b"#bundle\0" + bytes(8) + struct.pack(">I", len(element)) + element) == [Message("/1", ())]
    dated = bundle(0.0, encode("/a"), bundle(100.0, encode("/b")))
    assert [(each.address, each.tag) for each in decode(dated)] == [("/a", None), ("/b", 100.0)]


def test_bundles_without_a_message_are_a_sign_of_life() -> None:
    """klingtnet/rosc#11: a plug-in of a DAW sends them as heartbeats. adzialocha/osc-js#82: an empty element."""
    assert decode(bundle(None)) == []
    assert decode(bundle(5.0, bundle(None), bundle(None))) == []
    assert decode(bundle(None, b"")) == []
    assert decode(bundle(None, b"", encode("/a"), b"")) == [Message("/a")]


def test_depth_number_and_size_are_bounded() -> None:
    data = encode("/a")
    for _ in range(MOST_DEPTH):
        data = bundle(None, data)
    assert len(decode(data)) == 1
    with pytest.raises(OscError, match="deep"):
        decode(bundle(None, data))
    assert len(decode(bundle(None, *[b"/a\0\0"] * MOST_MESSAGES))) == MOST_MESSAGES
    with pytest.raises(OscError, match="messages"):
        decode(bundle(None, *[b"/a\0\0"] * (MOST_MESSAGES + 1)))
    with pytest.raises(OscError, match="too many"):
        decode(b"/" * (MOST_BYTES + 4))
    with pytest.raises(OscError, match="arguments"):
        decode(b"/a\0\0," + b"T" * 300 + b"\0\0\0")
    with pytest.raises(OscError, match="too many"):
        encode("/a", "x" * MOST_BYTES)
    with pytest.raises(OscError, match="64 bits"):
        encode("/a", 2**63)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"a", b"note\0\0\0\0", b"/a", b"/abc", b"/a\0\0i\0\0\0", b"/a\0\0,i\0\0", b"/a\0\0,i\0\0\0\0\0",
        b"/a\0\0,i\0\0\0\0\0\1\0\0\0\1", b"/a\0\0,s\0\0abcd", b"/a\0\0,b\0\0\0\0\0\x09abcd", b"/a\0\0,x\0\0",
        b"/a\0\0,b\0\0\xff\xff\xff\xff", b"/a\0\0,c\0\0", b"#bundle\0", b"#bundle\0\0\0\0\0\0\0\0",
        b"#bundle\0\0\0\0\0\0\0\0\1\0\0",
        b"#bundle\0\0\0\0\0\0\0\0\1\0\0\0\x08/a\0\0",
        b"#bundle\0\0\0\0\0\0\0\0\1\0\0\0\x03/a\0",
    ],
)  # fmt: skip
def test_what_is_cut_or_unknown_is_refused(data: bytes) -> None:
    with pytest.raises(OscError):
        decode(data)


@given(st.binary(max_size=100) | st.lists(PIECES | st.binary(max_size=4), max_size=20).map(b"".join))
def test_any_bytes_are_messages_or_an_error(data: bytes) -> None:
    try:
        messages = decode(data)
    except OscError:
        return
    assert 0 <= len(messages) <= MOST_MESSAGES
    assert all(message.address.startswith("/") for message in messages)
