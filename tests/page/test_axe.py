"""axe-core finds nothing serious, whatever is open."""

from __future__ import annotations

import pytest
from axe_playwright_python.async_playwright import Axe
from page.conftest import Stage


@pytest.mark.parametrize("size", [(390, 844), (1440, 900)])
def test_nothing_serious_is_found(stage: Stage, size: tuple[int, int]) -> None:
    relay = stage.relay()
    for name, key in (("North wall", "synth-n"), ("South wall", "synth-s")):
        stage.synth(relay, name=name, id=key)
    tab = stage.tab(relay, viewport={"width": size[0], "height": size[1]})
    tab.until("formant.links.filter((link) => link.told).length === 2")
    for opens in (None, "#strip-scale", "#panel-toggle"):
        if opens:
            tab.click(opens)
        tab.drawn()
        results = stage.thread.run(Axe().run(tab.page))
        found = {
            (one["id"], one["impact"], node["html"][:120])
            for one in results.response["violations"]
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        }
        assert found == set(), opens
