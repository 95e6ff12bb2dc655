"""What a server says of itself on the network, and what is made of what anybody may say there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formant_net.lan.addresses import Interface, candidates
from formant_net.lan.record import Place, Record, by_name, instance_name, is_id, places, zoned

TXT = {b"txtvers": b"1", b"id": b"7k2m9x", b"path": b"/ws", b"tls": b"0", b"v": b"0.2.0"}


def test_the_record_is_short_and_has_nothing_secret() -> None:
    record = Record("7k2m9x", version="0.2.0")
    assert record.txt() == {"txtvers": "1", "id": "7k2m9x", "path": "/ws", "tls": "0", "v": "0.2.0"}
    assert record.host == "formant-7k2m9x.local."
    assert sum(len(key) + len(value) + 2 for key, value in record.txt().items()) < 200


def test_what_is_said_comes_back() -> None:
    for secure in (False, True):
        said = {key.encode(): value.encode() for key, value in Record("7k2m9x", secure).txt().items()}
        assert places(said, ["192.168.1.20"], 8080) == [Place("7k2m9x", "192.168.1.20", 8080, secure)]


def test_every_address_is_a_place_once_and_a_link_local_one_needs_its_zone() -> None:
    said = ["192.168.1.20", "fe80::1%2", "fe80::1", "192.168.1.20", "fd77::3"]
    assert [place.host for place in places(TXT, said, 8080)] == ["192.168.1.20", "fe80::1%2", "fd77::3"]
    assert places(TXT, ["fe80::1%2"], 8080)[0].ws_url == "ws://[fe80::1%2]:8080/ws"
    assert Place("7k2m9x", "192.168.1.20", 443, secure=True).ws_url == "wss://192.168.1.20:443/ws"


@pytest.mark.parametrize(
    ("changes", "port"),
    [
        ({b"txtvers": b"2"}, 8080),
        ({b"txtvers": None}, 8080),
        ({b"id": b""}, 8080),
        ({b"id": b"../../etc"}, 8080),
        ({b"id": b"\xff\xfe\xfd\xfc"}, 8080),
        ({b"id": b"x" * 200}, 8080),
        ({}, 0),
        ({}, 70000),
        ({}, None),
    ],
)
def test_an_announcement_that_makes_no_sense_names_no_place(
    changes: dict[bytes, bytes | None], port: int | None
) -> None:
    assert places({**TXT, **changes}, ["192.168.1.20"], port) == []


def test_addresses_that_lead_nowhere_are_left_out_and_a_thousand_are_not_tried() -> None:
    said = ["127.0.0.1", "::1", "0.0.0.0", "::", "224.0.0.251", "ff02::fb", "no address", "fe80::1"]
    said += ["::ffff:127.0.0.1", "::ffff:192.168.1.20", "255.255.255.255"]
    assert places(TXT, said, 8080) == []
    many = [f"10.0.{n >> 8}.{n & 255}" for n in range(1, 1000)]
    assert len(places(TXT, many, 8080)) == 16


@pytest.mark.parametrize(
    "host", ["", "a" * 64, "\\000\\001.example", "a..b", "x." * 127 + "xx", "a b", "user@host", "[::1]"]
)
def test_a_host_of_dns_that_is_no_host_name_is_left_out_and_takes_no_place_of_another(host: str) -> None:
    """DNS may name any bytes. A resolver of Python raises UnicodeError for some of them."""
    good = [(10, 0, "first.church.example", 8080), (20, 0, "192.168.1.20", 8080)]
    expected = [Place("", host, port) for _, _, host, port in good]
    assert by_name([*[(0, 0, host, 8080)] * 20, *good], secure=False) == expected


def test_ids_are_lower_case_letters_and_digits() -> None:
    assert is_id("7k2m9x")
    assert not any(is_id(text) for text in ("", "abc", "ABCDEF", "a.b.c.d", "ab cd"))


def test_a_link_local_address_without_a_zone_is_tried_on_every_interface() -> None:
    """An answer that came over IPv4 has no zone."""
    own = candidates(
        [
            Interface("eth0", ("192.168.1.30", "fe80::30"), 2),
            Interface("wlan0", ("fe80::31",), 3),
            Interface("eth1", ("10.0.0.1",), 4),
            Interface("eth2", ("fe80::32",), 5, up=False),
        ]
    )
    said = ["192.168.1.20", "fe80::20", "fe80::21%2"]
    assert zoned(said, own) == ["192.168.1.20", "fe80::20%2", "fe80::20%3", "fe80::21%2"]


@pytest.mark.parametrize(
    ("edge", "name"), [("attic", "attic"), ("x" * 64, "x" * 59), ("ü" * 40, "ü" * 29), ("", "formant")]
)
def test_a_name_fits_with_a_number_behind_it(edge: str, name: str) -> None:
    assert instance_name(edge) == name
    assert len(f"{instance_name(edge)}-999".encode()) <= 63


KEYS = st.sampled_from([b"txtvers", b"id", b"tls", b"path", b"v"]) | st.binary(max_size=8)
VALUES = st.sampled_from([b"1", b"7k2m9x", b"0"]) | st.none() | st.binary(max_size=300)
ADDRESSES = st.ip_addresses().map(str) | st.text(max_size=40) | st.sampled_from(["fe80::1", "fe80::1%2", "FE80::1"])


@given(st.dictionaries(KEYS, VALUES), st.lists(ADDRESSES, max_size=30), st.none() | st.integers())
def test_whatever_is_announced_names_places_that_can_be_tried_or_none(
    txt: dict[bytes, bytes | None], addresses: list[str], port: int | None
) -> None:
    own = candidates([Interface("eth0", ("fe80::30",), 2)])
    for place in places(txt, zoned(addresses, own), port):
        assert 1 <= place.port <= 65535
        assert place.ws_url.startswith(("ws://", "wss://"))


@pytest.mark.parametrize("zone", ["2@10.0.0.1", "2/x", "2]:80/", "2 ", "", "é", "x" * 33])
def test_a_zone_that_is_no_name_of_an_interface_gives_no_place(zone: str) -> None:
    """The fuzzer found `wss://[fe80::1%2@10.0.0.1]:8080/ws`."""
    assert places(TXT, [f"fe80::1%{zone}", "192.168.1.20"], 8080) == [Place("7k2m9x", "192.168.1.20", 8080)]
