"""What a client says of itself, cut to a bound."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from formant_net.server.meta import cut

FIELDS = st.dictionaries(
    st.text(max_size=64), st.none() | st.booleans() | st.floats(-1e9, 1e9) | st.text(max_size=256), max_size=16
)


def test_what_fits_stays_as_it_is() -> None:
    meta = {"name": "Ann's phone", "run": "7k2m", "takes": True}
    assert cut(meta, 512) == meta
    assert cut(None, 512) == cut({}, 512) == {}


def test_run_and_name_stay_when_the_rest_does_not_fit() -> None:
    meta = {**{f"field{n}": "x" * 200 for n in range(14)}, "name": "Ann", "run": "7k2m"}
    kept = cut(meta, 512)
    assert (kept["run"], kept["name"]) == ("7k2m", "Ann")
    assert len(kept) == 4


def test_a_field_that_is_too_long_does_not_hide_those_after_it() -> None:
    assert cut({"name": "x" * 256, "note": "short"}, 100) == {"note": "short"}


@given(FIELDS, st.integers(2, 1024))
def test_it_is_never_longer_than_allowed_and_nothing_is_changed(meta: dict[str, Any], most: int) -> None:
    kept = cut(meta, most)
    assert len(msgspec.json.encode(kept)) <= most
    assert kept.items() <= meta.items()
