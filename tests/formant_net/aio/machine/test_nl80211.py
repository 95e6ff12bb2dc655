"""Whether a radio sleeps, asked of the kernel: the messages, and a machine that has no Wi-Fi."""

from __future__ import annotations

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formant_net.aio.machine import nl80211 as n

NLCTRL = bytes.fromhex(
    "8800000010000000010000009f470000010200000b0002006e6c6374726c0000060001001000000008000300020000000800040000000000"
    "08000500000000002c000600140001000800010003000000"
)
"""The beginning of the kernel's answer about its family `nlctrl`."""


def test_a_question_has_one_attribute_padded_to_four_bytes() -> None:
    message = n.request(n.CONTROL, n.GET_FAMILY, n.FAMILY_NAME, b"nl80211\0")
    assert len(message) == struct.unpack_from("=I", message)[0] == 16 + 4 + 4 + 8
    assert n.answer(message) == {n.FAMILY_NAME: b"nl80211\0"}
    assert len(n.request(1, 2, 3, b"abcde")) == 16 + 4 + 4 + 8


def test_a_recorded_answer_of_the_kernel_is_read_as_far_as_it_goes() -> None:
    found = n.answer(NLCTRL)
    assert found[n.FAMILY_NAME] == b"nlctrl\0"
    assert int.from_bytes(found[n.FAMILY_ID], "little") == 0x10


@pytest.mark.parametrize("cut", [0, 3, 15, 16, 20, 22, 25])
def test_an_answer_that_ends_early_says_nothing(cut: int) -> None:
    assert n.answer(NLCTRL[:cut]) == {}


def test_a_refusal_says_nothing() -> None:
    refusal = struct.pack("=IHHIIi", 36, n.ERROR, 0, 1, 0, -2) + bytes(16)
    assert n.answer(refusal) == {}


@pytest.mark.parametrize(("state", "asleep"), [(1, True), (0, False)])
def test_the_state_of_the_radio(monkeypatch: pytest.MonkeyPatch, state: int, asleep: bool) -> None:
    """A kernel that has nl80211, as another end of a socket."""
    ours, kernel = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    kernel.send(n.request(n.CONTROL, 1, n.FAMILY_ID, struct.pack("=H", 0x1C)))
    kernel.send(n.request(0x1C, 1, n.POWER_SAVE, struct.pack("=I", state)))
    monkeypatch.setattr(socket, "socket", lambda *_: ours)
    assert n.power_save("lo") is asleep
    asked = [n.answer(kernel.recv(4096)) for _ in range(2)]
    assert asked == [{n.FAMILY_NAME: b"nl80211\0"}, {n.INTERFACE: struct.pack("=I", socket.if_nametoindex("lo"))}]
    kernel.close()


def test_an_interface_that_is_no_radio_or_not_there_is_unknown() -> None:
    assert n.power_save("lo") is None
    assert n.power_save("no-such-one") is None


@given(st.binary(max_size=200))
def test_whatever_a_kernel_says_is_read_or_left(message: bytes) -> None:
    assert all(0 <= attribute < 0x4000 for attribute in n.answer(message))
