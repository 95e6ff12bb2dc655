"""Small makers: a list is put in order, and what need not move keeps its focus and its finger."""

from __future__ import annotations

import random
from typing import Any

from page.conftest import ask
from support.browser.chromium import Tab

ARRANGE = """
const cases = %s;
return cases.map(([before, after]) => {
  const list = document.createElement("ul");
  const items = new Map([...before, ...after].map((id) => [id, Object.assign(document.createElement("li"), { id })]));
  list.append(...before.map((id) => items.get(id)));
  const moved = [];
  const insert = list.insertBefore;
  list.insertBefore = (item, next) => (moved.push(item.id), insert.call(list, item, next));
  m.arrange(list, after.map((id) => items.get(id)));
  return { order: [...list.children].map((item) => item.id), moved: moved.sort() };
});
"""


def arranged(tab: Tab, *cases: tuple[str, str]) -> Any:
    return ask(tab, "mixer/make", ARRANGE % [[list(before), list(after)] for before, after in cases])


def test_only_what_changes_its_place_among_the_others_moves(tab: Tab) -> None:
    cases = [("abcd", "abcd"), ("abcd", "bcda"), ("abcd", "dabc"), ("abcd", "bd"), ("bd", "abcd"), ("abcd", "axcbd")]
    found = arranged(tab, *cases)
    assert ["".join(each["order"]) for each in found] == [after for _, after in cases]
    assert ["".join(each["moved"]) for each in found] in (
        ["", "a", "d", "", "ac", "bx"],
        ["", "a", "d", "", "ac", "cx"],
    )


def test_any_order_is_reached(tab: Tab) -> None:
    rng = random.Random(4)
    letters = "abcdefghij"
    cases = [
        ("".join(rng.sample(letters, rng.randrange(11))), "".join(rng.sample(letters, rng.randrange(11))))
        for _ in range(200)
    ]
    found = arranged(tab, *cases)
    assert ["".join(each["order"]) for each in found] == [after for _, after in cases]
