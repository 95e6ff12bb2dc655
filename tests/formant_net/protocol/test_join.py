"""The join URL: what is accepted, what is refused in words, and where the key may show."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formant_net.protocol.join import JoinUrl, JoinUrlError


@pytest.mark.parametrize(
    ("text", "ws_url", "http_url", "key"),
    [
        ("http://192.168.1.20:8080/#key=abcd", "ws://192.168.1.20:8080/ws", "http://192.168.1.20:8080/", "abcd"),
        ("https://box.example/#key=k", "wss://box.example/ws", "https://box.example/", "k"),
        ("ws://h:9000/ws?key=k", "ws://h:9000/ws", "http://h:9000/", "k"),
        ("wss://h/ws", "wss://h/ws", "https://h/", None),
        (f"ws://{'a' * 63}.b./ws", f"ws://{'a' * 63}.b./ws", f"http://{'a' * 63}.b./", None),
        ("http://h:80", "ws://h/ws", "http://h/", None),
        ("localhost", "ws://localhost:8080/ws", "http://localhost:8080/", None),
        ("  box.local:9000  ", "ws://box.local:9000/ws", "http://box.local:9000/", None),
        ("box.local:9000/#key=k", "ws://box.local:9000/ws", "http://box.local:9000/", "k"),
        ("[::1]:9000", "ws://[::1]:9000/ws", "http://[::1]:9000/", None),
        ("http://h/?key=query#key=fragment", "ws://h/ws", "http://h/", "fragment"),
        ("http://h/#key=", "ws://h/ws", "http://h/", None),
        ("HTTP://Box.Local:81/#key=A%2Bb%20c", "ws://box.local:81/ws", "http://box.local:81/", "A+b c"),
    ],
)
def test_accepted_spellings(text: str, ws_url: str, http_url: str, key: str | None) -> None:
    assert JoinUrl.parse(text) == JoinUrl(ws_url, http_url, key)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no host name"),
        ("http://", "no host name"),
        ("ftp://h/", "ftp://"),
        ("http://h:port/", "not an address"),
        ("http://h:99999/", "not an address"),
        ("http://h:0/", "not a port"),
        ("http://h/page", "/page"),
        ("http://me:secret@h/", "user name"),
        ("http://[::1/", "not an address"),
        ("two words", "no host name"),
        ("http://a..b:8080/", "no host name"),
        ("http://../", "no host name"),
        (f"http://{'a' * 64}.example/", "no host name"),
        (f"http://{'a.' * 127}b/", "no host name"),
        ("http://h/#key=" + "k" * 2100, "longer than"),
    ],
)
def test_refused_in_words_that_say_what_to_give(text: str, says: str) -> None:
    with pytest.raises(JoinUrlError) as caught:
        JoinUrl.parse(text)
    assert says in str(caught.value)


def test_the_key_shows_in_the_join_line_and_nowhere_else() -> None:
    url = JoinUrl.make("10.0.0.7", 8080, "secret-key")
    assert str(url) == "http://10.0.0.7:8080/#key=secret-key"
    assert "secret-key" not in repr(url) + url.ws_url + url.http_url
    with pytest.raises(JoinUrlError) as caught:
        JoinUrl.parse("http://h/wrong#key=secret-key")
    assert "secret-key" not in str(caught.value)


@given(
    host=st.from_regex(r"[a-z0-9]([a-z0-9-]{0,9}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,9}[a-z0-9])?){0,2}", fullmatch=True),
    port=st.integers(1, 65535),
    key=st.none()
    | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).map(str.strip).filter(bool),
    secure=st.booleans(),
)
def test_parsing_what_was_made_gives_it_back(host: str, port: int, key: str | None, secure: bool) -> None:
    made = JoinUrl.make(host, port, key, secure=secure)
    assert JoinUrl.parse(str(made)) == made


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused_and_nothing_else(text: str) -> None:
    with contextlib.suppress(JoinUrlError):
        JoinUrl.parse(text)


def test_the_fingerprint_of_a_self_made_certificate_travels_in_the_fragment_too() -> None:
    pin = "sha256-" + "Ab-_" * 10 + "xyz"
    url = JoinUrl.make("192.168.1.20", 8443, "abcd", secure=True, pin=pin)
    assert str(url) == f"https://192.168.1.20:8443/#key=abcd&pin={pin}"
    assert JoinUrl.parse(str(url)) == url
    assert str(JoinUrl.make("h", 443, None, secure=True, pin=pin)) == f"https://h/#pin={pin}"
    with pytest.raises(JoinUrlError, match="damaged"):
        JoinUrl.parse("https://h/#pin=sha256-short")


@pytest.mark.parametrize("zone", ["%25eth0", "%eth0", "%25wlan0.1", "%253"])
def test_the_zone_of_a_link_local_address_is_read_as_urls_and_as_people_write_it(zone: str) -> None:
    join = JoinUrl.parse(f"http://[fe80::1{zone}]:8099/#key=abcd-efgh-jkmn")
    plain = "%" + zone.removeprefix("%25").removeprefix("%")
    assert join.ws_url == f"ws://[fe80::1{plain}]:8099/ws"
    assert join.key == "abcd-efgh-jkmn"
    assert JoinUrl.parse(str(join)) == join
