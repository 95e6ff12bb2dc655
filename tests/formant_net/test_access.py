"""The join key: made readable, checked in words, never shown."""

from __future__ import annotations

import random
import re

import pytest

from formant_net.access import ALPHABET, Access, make_key
from formant_net.errors import ProtocolError


def test_a_key_is_three_groups_of_letters_that_cannot_be_confused() -> None:
    key = make_key(random.Random(1).choice)
    assert re.fullmatch(rf"[{ALPHABET}]{{4}}(-[{ALPHABET}]{{4}}){{2}}", key)
    assert not set("ilo01") & set(ALPHABET)
    assert key != make_key(random.Random(2).choice)


def test_the_key_opens_and_an_open_server_takes_anything() -> None:
    Access("abcd").check("abcd")
    Access(None).check(None)
    Access(None).check("whatever")
    Access("schlüssel").check("schlüssel")


@pytest.mark.parametrize(
    ("given", "says"), [(None, "asks for"), ("", "asks for"), ("abce", "not the join key"), ("ä", "not the")]
)
def test_anything_else_is_refused_for_good_and_says_where_the_key_is(given: str | None, says: str) -> None:
    with pytest.raises(ProtocolError, match=says) as caught:
        Access("abcd").check(given)
    assert (caught.value.code, caught.value.fatal) == ("bad-key", True)
    assert "join URL" in caught.value.message
    assert "abcd" not in caught.value.message


def test_the_key_is_not_in_the_repr() -> None:
    assert "abcd" not in repr(Access("abcd"))
