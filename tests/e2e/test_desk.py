"""Two desks in a browser, a real server and a real box: what one does, the other shows and the box follows."""

from __future__ import annotations

from pathlib import Path

from page.mixer.test_desk_page import control
from support.browser.chromium import OpenTab
from support.machine.processes import processes


def test_two_desks_steer_one_box_and_nobody_overwrites_unseen(tmp_path: Path, open_tab: OpenTab) -> None:
    with processes() as start:
        environment = {"FORMANT_STATE_DIR": str(tmp_path)}
        options = ("--host", "127.0.0.1", "--port", "0", "--key", "cantabile")
        url = start("server", *options, environment=environment).wait_for("Join:").split("Join:")[1].strip()
        box = start("synth", url, "--id", "synth-1", "--name", "North wall", "--audio", "none", environment=environment)
        box.wait_for("Ready")
        first, second = (open_tab(url.replace("/#", "/desk#")) for _ in range(2))
        row = "formant.board.zones[0]?.boxes[0]"
        for tab in (first, second):
            tab.until(f"formant.open && {row}?.state === 'it has no sound device'")
        first.click("[aria-label='mute North wall']")
        second.until(f"{row}.because[0]?.text === 'muted'")
        second.click("[aria-label='muted. Unmute North wall']")
        first.until(f"{control('mute North wall')}.getAttribute('aria-pressed') === 'false'")

        for tab in (first, second):
            tab.click("[aria-label='North wall: details']")
        first.fill("#part-name", "Organ loft")
        second.fill("#part-name", "Crypt")
        first.click("#part .main")
        second.until("document.getElementById('part-title').textContent === 'Organ loft'")
        second.click("#part .main")
        second.until("document.querySelector('#part .trouble').checkVisibility()")
        assert "Name is “Organ loft” now" in second.text("#part .trouble")
        assert first.evaluate(f"{row}.name") == "Organ loft"
        second.click("#part .main")
        first.until(f"{row}.name === 'Crypt'")

        first.click("[aria-label='Crypt: details']")
        first.click("#part .foot [aria-pressed]")
        first.until("document.querySelector('#part .foot [aria-pressed]').textContent === 'It sings… stop'")
        box.kill()
        second.until(f"{row}.tone === 'away' && {row}.state.startsWith('away since')")
        assert first.errors == second.errors == []
