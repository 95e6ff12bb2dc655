"""What a player chose, as parts of an address: what makes no sense is plain."""

from __future__ import annotations

import pytest
from page.conftest import ask
from support.browser.chromium import Tab

PLAIN = {"scale": "", "root": "C", "tuning": "equal", "snap": 100, "octaves": 0, "shift": 0, "vowels": "path",
         "without": []}  # fmt: skip


@pytest.mark.parametrize(
    ("address", "choice"),
    [
        ("key=x", {}),
        ("scale=major&root=Eb&snap=40", {"scale": "major", "root": "Eb", "snap": 40}),
        ("octaves=2&shift=-1", {"octaves": 2, "shift": -1}),
        ("tuning=slendro&scale=0,2,3", {"tuning": "slendro", "scale": "0,2,3"}),
        ("vowels=plane", {"vowels": "plane"}),
        ("tuning=file&without=synth-a+synth-b", {"tuning": "file", "without": ["synth-a", "synth-b"]}),
        ("scale=constructor&root=H&tuning=toString&snap=1e9&octaves=9&shift=0.5&vowels=cone&without=%3Cb%3E", {}),
        ("snap=&octaves=NaN&scale=0,,1", {}),
    ],
)  # fmt: skip
def test_what_an_address_says(tab: Tab, address: str, choice: dict[str, object]) -> None:
    body = (
        f"const choice = m.readChoice(new URLSearchParams('{address}')); const back = new URLSearchParams('key=x');"
        "m.writeChoice(back, choice); const plain = back.toString() === 'key=x';"
        "return [choice, m.readChoice(back), plain];"
    )
    read, again, plain = ask(tab, "play/choice", body)
    assert read == {**PLAIN, **choice}
    assert again == read
    assert plain is (not choice), "what is plain makes no address longer"


def test_as_many_synths_can_be_left_out_as_a_page_can_have(tab: Tab) -> None:
    body = (
        "const ids = Array.from({ length: bounds.most_synths + 1 }, (_, k) => `synth-${k}`);"
        "return [bounds.most_synths, m.checked({ without: ids }).without.length];"
    )
    most, left_out = ask(tab, "play/choice", body)
    assert left_out == most
