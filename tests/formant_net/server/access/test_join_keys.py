"""Join keys: made readable, checked in words, several at a time, never shown."""

from __future__ import annotations

import random
import re

import pytest

from formant_net.protocol.errors import ProtocolError
from formant_net.server.access.grant import ROLES, Grant
from formant_net.server.access.join_keys import ALPHABET, Access, make_key, read_keys, weakness


def refused(access: Access, given: str | None) -> ProtocolError:
    with pytest.raises(ProtocolError) as caught:
        access.admit(given, 0.0)
    assert caught.value.fatal
    return caught.value


def test_a_key_is_three_groups_of_letters_that_cannot_be_confused() -> None:
    key = make_key(random.Random(1).choice)
    assert re.fullmatch(rf"[{ALPHABET}]{{4}}(-[{ALPHABET}]{{4}}){{2}}", key)
    assert not set("ilo01") & set(ALPHABET)
    assert key != make_key(random.Random(2).choice)


def test_the_key_opens_everything_and_an_open_server_takes_anything() -> None:
    everything = Grant(roles=ROLES, ids="", settings=True, until=None, token=False)
    assert Access("abcd").admit("abcd", 0.0) == everything
    assert Access(None).admit(None, 0.0) == everything
    assert Access(None).admit("whatever", 0.0) == everything
    assert Access("schlüssel").admit("schlüssel", 0.0) == everything


@pytest.mark.parametrize(
    ("given", "says"),
    [(None, "asks for"), ("", "asks for"), ("abce", "not the join key"), ("ä", "not the"), ("\ud800", "not")],
)
def test_anything_else_is_refused_for_good_and_says_where_the_key_is(given: str | None, says: str) -> None:
    error = refused(Access("abcd"), given)
    assert error.code == "bad-key"
    assert says in error.message
    assert "join URL" in error.message
    assert "abcd" not in error.message


def test_several_keys_open_and_a_withdrawn_one_no_longer_does() -> None:
    access = Access("abcd", ["efgh"])
    assert access.still("abcd", 0.0)
    assert access.still("efgh", 0.0)
    access.change(more=["jkmn"])
    assert access.still("abcd", 0.0)
    assert access.still("jkmn", 0.0)
    assert refused(access, "efgh").code == "bad-key"


def test_a_server_whose_further_keys_are_all_withdrawn_is_not_open() -> None:
    access = Access(None, ["efgh"])
    access.change(more=[])
    assert not access.open
    assert refused(access, None).code == "bad-key"


def test_what_looks_like_a_token_is_still_only_a_key_where_there_are_no_tokens() -> None:
    assert Access("a.b.c").admit("a.b.c", 0.0) == Grant()
    assert refused(Access("abcd"), "a.b.c").code == "bad-key"


def test_a_key_file_has_a_key_a_line_and_words_for_people() -> None:
    assert read_keys("# since March\nabcd\n\n  efgh  \r\n#old\n") == ["abcd", "efgh"]


def test_the_key_is_not_in_the_repr() -> None:
    assert "abcd" not in repr(Access("abcd", ["efgh"]))
    assert "efgh" not in repr(Access("abcd", ["efgh"]))


@pytest.mark.parametrize("key", ["x", "1234", "123456", "hello", "aaaaaaaaaaaaaaaa", "abc.d"])
def test_a_key_that_can_be_guessed_is_said(key: str) -> None:
    assert "can be guessed" in (weakness(key) or "")
    assert key not in (weakness(key) or "") or len(key) == 1


@pytest.mark.parametrize("key", [None, "", "abcd-efgh-jkmn", "correct horse battery staple", "Tr0ub4dor&3"])
def test_a_key_that_cannot_and_none_at_all_are_not_said(key: str | None) -> None:
    assert weakness(key) is None
