"""The limits as options: names, kinds and ranges."""

from __future__ import annotations

from dataclasses import fields

import pytest

from formant_net.protocol.settings import SettingError
from formant_net.server.access.limits import Limits


def test_settings_change_what_they_name_and_nothing_else() -> None:
    limits = Limits.parse(["clients=100", "rate-per-s = 50.5"])
    assert limits == Limits(clients=100, rate_per_s=50.5)
    assert Limits.parse([]) == Limits()


@pytest.mark.parametrize(
    "setting",
    [
        *(
            "clients",
            "=1",
            "clints=1",
            "clients=",
            "clients=many",
            "clients=1.5",
            "clients=0",
            "clients=-1",
            "clients=1e3",
        ),
        *("rate_per_s=nan", "rate_per_s=inf", "message_bytes=65537", "sdp_chars=99999", "handshake_s=601"),
    ],
)
def test_a_bad_setting_is_refused_in_words(setting: str) -> None:
    with pytest.raises(SettingError) as caught:
        Limits.parse([setting])
    assert any(one.name in str(caught.value) for one in fields(Limits))


def test_every_limit_can_be_set() -> None:
    for one in fields(Limits):
        assert getattr(Limits.parse([f"{one.name}=1"]), one.name) == 1
