"""Messages of desks and boxes: what is out of range is refused. Samples of each are in tests/data/messages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from formant_net.protocol import steering as s
from formant_net.protocol.codec import decode_signaling, encode
from formant_net.protocol.errors import ProtocolError


def test_null_deletes_and_stands_on_the_wire() -> None:
    assert '"set":null' in encode(s.DeskSet(path="zones/z-nave", set=None))


@pytest.mark.parametrize(
    "fields",
    [
        {"gain_db": 1.0},
        {"gain_db": -61.0},
        {"ramp_ms": -1.0},
        {"ramp_ms": 1e9},
        {"delay_ms": -0.1},
        {"because": ["x"] * 9},
        {"preset": "x" * 65},
    ],
)
def test_settings_out_of_range_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError, match="settings"):
        decode_signaling(encode(s.BoxSettings(epoch="e", rev=1, **fields)))


@pytest.mark.parametrize("peak_db", [-90.1, 60.1, 1e300, None, "loud", True])
def test_a_level_that_no_sound_has_is_refused(peak_db: Any) -> None:
    for text in ({"type": "level", "peak_db": peak_db}, {"type": "desk-levels", "peak_db": {"synth-a": peak_db}}):
        with pytest.raises(ProtocolError, match=str(text["type"])):
            decode_signaling(json.dumps(text))
