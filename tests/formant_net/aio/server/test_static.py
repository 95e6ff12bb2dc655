"""The page's files: found by the path of a request, with the type and the tag that a browser needs."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from formant_net.aio.server.static import NUMBERS, find, page_numbers, read_page
from formant_net.protocol.bounds import BOUNDS
from formant_net.protocol.timing import Timing
from formant_net.tuning.shipped import FOLDER, NAMES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "net").mkdir()
    for name, text in {
        "index.html": "<p>", "main.js": "1", "net/link.js": "2", "style.css": "3", "voice.wasm": "4", "LICENSE": "5",
        ".secret": "no", "__init__.py": "no", "server.py": "no",
    }.items():  # fmt: skip
        (tmp_path / name).write_text(text)
    return tmp_path


def test_what_is_in_the_folder_is_found_by_its_path_and_nothing_else_is(folder: Path) -> None:
    assets = read_page(folder)
    assert sorted(assets) == ["/", "/LICENSE", "/index.html", "/main.js", "/net/link.js", "/style.css", "/voice.wasm"]
    assert find(assets, "/") is assets["/index.html"]
    assert find(assets, "/net%2Flink.js") is assets["/net/link.js"]
    for path in ("", "/net", "/net/", "//main.js", "/../main.js", "/net/../main.js", "/%2e%2e/main.js", "/main.js%00"):
        assert find(assets, path) is None, path


def test_what_comes_into_the_folder_later_is_not_served(folder: Path) -> None:
    assets = read_page(folder)
    (folder / "late.js").write_text("6")
    assert find(assets, "/late.js") is None


@pytest.mark.parametrize(
    ("path", "type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/main.js", "text/javascript; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/voice.wasm", "application/wasm"),
        ("/LICENSE", "application/octet-stream"),
    ],
)
def test_each_has_the_type_that_a_browser_insists_on(folder: Path, path: str, type: str) -> None:
    assert read_page(folder)[path].content_type == type


def test_the_tag_changes_with_the_content_and_with_nothing_else(folder: Path) -> None:
    before, again = read_page(folder), read_page(folder)
    assert before == again
    (folder / "main.js").write_text("changed")
    after = read_page(folder)
    assert {path for path in after if after[path].etag != before[path].etag} == {"/main.js"}
    assert before["/main.js"].etag.startswith('"')
    assert before["/main.js"].etag.endswith('"')


def test_the_page_is_told_every_duration_and_bound_of_its_server() -> None:
    timing = Timing(ttl_s=90.0, heartbeat_s=30.0)
    html = read_page(timing=timing)["/index.html"].body.decode()
    found = re.search(r'<script id="numbers" type="application/json">(.*?)</script>', html)
    assert found is not None
    assert json.loads(found[1]) == {"timing": asdict(timing), "bounds": asdict(BOUNDS), "sings": ""}


WASM = b"\0asm\1\0\0\0"


def sung(voice: dict[str, bytes]) -> tuple[str, dict[str, bytes]]:
    """The version that a page is told, and the files of `sing/` as they are served."""
    assets = read_page(voice=voice)
    found = re.search(r'"sings": "(\w+)"', assets["/"].body.decode())
    assert found is not None
    return found[1], {path.removeprefix("/sing/"): a.body for path, a in assets.items() if path.startswith("/sing/")}


def test_all_that_sings_in_the_page_carries_one_version() -> None:
    version, files = sung({"bank.wasm": WASM, "voices.json": b'{"presets": {}}'})
    assert files["bank.wasm"] == WASM + bytes([0, 24, 7]) + b"formant" + version.encode()
    assert json.loads(files["voices.json"]) == {"version": version, "presets": {}}
    assert f'VERSION = "{version}"' in files["version.js"].decode()
    assert len(version) == 16


def test_another_file_of_what_sings_is_another_version() -> None:
    one, _ = sung({"bank.wasm": WASM, "voices.json": b'{"presets": {}}'})
    assert sung({"bank.wasm": WASM + b"\0", "voices.json": b'{"presets": {}}'})[0] != one
    assert sung({"bank.wasm": WASM, "voices.json": b'{"presets": {"a": 1}}'})[0] != one
    assert sung({"bank.wasm": WASM, "voices.json": b'{"presets": {}}'})[0] == one


def test_no_file_is_served_with_the_mark_unfilled() -> None:
    assert not [path for path, asset in read_page().items() if NUMBERS in asset.body]


def test_a_page_with_other_numbers_has_another_etag() -> None:
    assert read_page()["/"].etag != read_page(timing=Timing(ping_s=2.0))["/"].etag


def test_numbers_cannot_end_the_script_that_they_stand_in() -> None:
    assert b"<" not in page_numbers(Timing())


def test_the_page_gets_the_tunings_of_the_package() -> None:
    assets = read_page()
    for name in NAMES:
        asset = assets[f"/tuning/shipped/{name}.scl"]
        assert asset.body == (FOLDER / f"{name}.scl").read_bytes()
        assert asset.content_type.startswith("text/plain")
