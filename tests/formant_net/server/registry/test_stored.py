"""Entries of a shared registry: keys for every id, lengths of time instead of moments."""

from __future__ import annotations

import re

import pytest

from formant_net.server.registry import stored
from formant_net.server.registry.leases import Lease, Place


@pytest.mark.parametrize("id", ["ctrl-a", "touch-ctrl-7k2m", "a.b", "a.", "a..b", "x:y.z_-", "A" * 64])
def test_every_id_has_a_key_that_engines_take(id: str) -> None:
    key = stored.client_key(id)
    assert re.fullmatch(r"clients\.[A-Za-z0-9_=-]+", key)
    assert stored.id_of(key) == id


def test_a_lease_is_read_as_it_was_on_another_clock() -> None:
    place = Place("attic", "run1", "52.52,13.4")
    lease = Lease("ctrl-a", "controller", "run1-7", place, {"name": "Ann", "n": 1}, "proof", since=100.0)
    entry = stored.decode_client(stored.client_entry(lease, now=130.0, seen=125.0))
    assert entry is not None
    assert (entry.age_s, entry.idle_s) == (30.0, 5.0)
    read = entry.lease(now=9000.0, stored_s=2.0)
    assert read == Lease("ctrl-a", "controller", "run1-7", place, {"name": "Ann", "n": 1}, "proof", since=8968.0)


def test_a_secret_is_not_in_the_repr() -> None:
    assert "hush" not in repr(Lease("ctrl-a", "controller", "w", Place("a", "b"), {}, "hush"))


def test_what_is_left_of_one_that_is_gone_says_why_or_nothing() -> None:
    assert stored.decode_gone(stored.encode(stored.Gone("expired"))).reason == "expired"
    assert stored.decode_gone(b"\x00").reason == "closed"
