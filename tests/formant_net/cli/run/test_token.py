"""`formant-node token`: keys that only their owner reads, tokens that open what they say."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from formant_net.cli import main
from formant_net.protocol.join import JoinUrl
from formant_net.server.access.tokens import KeySet


def token(*arguments: object, ok: bool = True) -> Result:
    result = CliRunner().invoke(main, ["token", *map(str, arguments)])
    assert (result.exit_code == 0) == ok, result.output
    return result


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    token("key", tmp_path / "keys.json")
    return tmp_path / "keys.json"


def kids(path: Path) -> list[str]:
    return [entry["kid"] for entry in json.loads(path.read_text())["keys"]]


def test_a_key_file_is_its_owners_and_a_new_key_signs_from_then_on(keys: Path) -> None:
    assert keys.stat().st_mode & 0o777 == 0o600
    (first,) = kids(keys)
    said = token("key", keys).output
    second, old = kids(keys)
    assert old == first
    assert f"signs with {second}" in said
    assert f"also valid: {first}" in said
    assert keys.stat().st_mode & 0o777 == 0o600
    token("key", keys, "--retire", first)
    assert kids(keys) == [second]
    assert "only key" in token("key", keys, "--retire", second, ok=False).output
    assert "has no key" in token("key", keys, "--retire", "x", ok=False).output


def test_no_secret_is_ever_printed(keys: Path) -> None:
    secret = json.loads(keys.read_text())["keys"][0]["k"]
    for arguments in (["key", keys], ["make", "--keys", keys], ["key", keys, "--retire", "x"]):
        result = CliRunner().invoke(main, ["token", *map(str, arguments)])
        assert secret not in result.output


def test_a_server_that_only_reads_gets_the_public_halves(tmp_path: Path) -> None:
    private, public = tmp_path / "private.json", tmp_path / "public.json"
    token("key", private, "--algorithm", "EdDSA", "--public", public)
    assert '"d"' in private.read_text()
    assert '"d"' not in public.read_text()
    made = token("make", "--keys", private).output.strip()
    assert KeySet.parse(public.read_text()).admit(made, time.time()).roles == {"controller"}
    assert "only public keys" in token("make", "--keys", public, ok=False).output
    token("key", tmp_path / "hs.json")
    assert "shared secret" in token("key", tmp_path / "hs.json", "--public", public, ok=False).output


@pytest.mark.parametrize(
    ("options", "roles", "settings", "ids"),
    [
        ([], {"controller"}, False, ""),
        (["--for", "controller"], {"controller"}, True, ""),
        (["--for", "synth", "--id", "synth-kitchen"], {"synth"}, False, "synth-kitchen"),
        (["--for", "audience", "--id", "touch-ctrl-*"], {"controller"}, False, "touch-ctrl-*"),
    ],
)
def test_a_token_opens_what_was_asked_for(
    keys: Path, options: list[str], roles: set[str], settings: bool, ids: str
) -> None:
    made = token("make", "--keys", keys, "--lasts", "15m", *options).output.strip()
    grant = KeySet.parse(keys.read_text()).admit(made, time.time())
    assert (set(grant.roles), grant.settings, grant.ids) == (roles, settings, ids)
    assert grant.until == pytest.approx(time.time() + 900 + 60, abs=30)
    said = token("read", made, "--keys", keys).output
    assert ("may change volume" in said) is settings
    assert f"id {ids or 'any'}" in said


def test_a_join_url_gets_the_token_in_the_place_of_its_key_and_keeps_the_fingerprint(keys: Path) -> None:
    pin = "sha256-" + "A" * 43
    made = token("make", "--keys", keys, "--url", f"https://192.168.1.20:8080/#key=abcd&pin={pin}", "--qr").output
    join = JoinUrl.parse(made.splitlines()[0])
    assert join.pin == pin
    assert join.key is not None
    assert "abcd" not in made
    assert KeySet.parse(keys.read_text()).admit(join.key, time.time()).token
    assert "█" in made
    assert "id any" in token("read", made.splitlines()[0], "--keys", keys).output


def test_a_token_for_phones_leads_to_the_page_that_sings(keys: Path) -> None:
    made = token("make", "--keys", keys, "--url", "http://192.168.1.20:8080/", "--for", "phone").output.strip()
    assert made.startswith("http://192.168.1.20:8080/sing#key=")
    said = token("read", made, "--keys", keys).output
    assert "in a browser only" in said
    assert "may not change volume" in said
    both = token("make", "--keys", keys, "--url", "http://192.168.1.20:8080/", "--for", "both").output
    assert both.startswith("http://192.168.1.20:8080/#key=")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--lasts", "soon"], "90s, 15m, 12h or 7d"),
        (["--lasts", "0s"], "90s, 15m, 12h or 7d"),
        (["--id", "a b"], "up to 64 letters"),
        (["--id", "*"], "up to 64 letters"),
        (["--for", "admin"], "admin"),
        (["--qr"], "--qr needs --url"),
        (["--url", "ftp://x"], "cannot be joined"),
    ],
)
def test_wrong_options_are_refused_in_words(keys: Path, options: list[str], says: str) -> None:
    assert says in token("make", "--keys", keys, *options, ok=False).output


def test_a_file_that_holds_no_keys_is_refused_in_words_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text('{"name": "not keys"}')
    assert "JWK Set" in token("key", file, ok=False).output
    assert "JWK Set" in token("make", "--keys", file, ok=False).output
    assert file.read_text() == '{"name": "not keys"}'


def test_the_key_file_may_come_from_the_environment(keys: Path) -> None:
    result = CliRunner().invoke(main, ["token", "make"], env={"FORMANT_TOKEN_KEYS": str(keys)})
    assert result.exit_code == 0, result.output


def test_a_damaged_token_is_said_in_words(keys: Path) -> None:
    made = token("make", "--keys", keys).output.strip()
    assert "damaged" in token("read", made[:-6] + "AAAAAA", "--keys", keys, ok=False).output
