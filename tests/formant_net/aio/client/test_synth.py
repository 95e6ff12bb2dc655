from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.net.loopback import PATIENT, edge, run

from formant_dsp.model.presets import DEFAULT, Preset, load, parse
from formant_net.aio.client import synth as synth_module
from formant_net.aio.client.controller import ControllerNode, ControllerOptions
from formant_net.aio.client.synth import LEASE_S, SynthNode, SynthOptions
from formant_net.aio.driver import clock
from formant_net.client.servers import Server
from formant_net.health.machine import Facts
from formant_net.ops.log import configure
from formant_net.protocol.gesture import TimedTouch
from formant_net.protocol.messages import Command, Param, Point
from formant_net.synth.remote import Kept, SetPreset
from formant_net.synth.touches import NoteOn


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


def test_a_touch_on_a_real_link_sounds_in_the_bank_and_its_release_ends_it() -> None:
    async def main() -> None:
        async with edge(key="k") as server:
            servers = [Server(server.ws_url, "k")]
            said: list[str] = []
            options = SynthOptions("synth-a", "Attic", servers, audio="none", voices=4)
            synth = SynthNode(options, on_note=said.append)
            player = ControllerNode(ControllerOptions("ctrl-a", servers))
            await synth.start()
            player.start()
            await player.wait_for_synths(1)
            await player.play([TimedTouch(0.0, 0, 0.0, 0.0)])
            await until(lambda: synth.bank.active == 1)
            await until(lambda: "name" in player.synths()[0].state)
            (view,) = player.synths()
            assert view.state["name"] == "Attic"
            assert view.state["audio_enabled"] is False
            counted = {"underflows", "late", "overruns", "shed", "ring_dropped"}
            assert view.state["sound"].keys() == counted | {"blocks", "busy_p99", "render_us_max"}
            await player.play([TimedTouch(0.0, 0, 0.0, 0.0, active=False)])
            await until(lambda: synth.bank.active == 0)
            await player.finish()
            await synth.stop()
            assert not synth.output.sink.running
            assert said == []

    run(main())


def test_with_a_play_out_time_two_synths_put_a_touch_on_the_same_moment() -> None:
    """Real links and real output clocks; both are on this machine, so their moments can be compared."""
    timing = replace(PATIENT, play_out_s=0.4)  # so that what stands still for less makes no touch late

    async def main() -> None:
        async with edge(key="k") as server:
            servers = [Server(server.ws_url, "k")]
            synths = [
                SynthNode(SynthOptions(name, name, servers, audio="none", timing=timing), on_note=lambda note: None)
                for name in ("synth-a", "synth-b")
            ]
            player = ControllerNode(ControllerOptions("ctrl-a", servers, timing=PATIENT))
            placed: list[dict[int, float]] = [{}, {}]
            for synth, heard in zip(synths, placed, strict=True):
                await synth.start()
                _listen(synth, heard)
            player.start()
            await player.ready(2)
            pressed = []
            for finger in range(1, 8):
                pressed.append(clock())
                await player.play([TimedTouch(0.0, finger, 0.1, 0.1)])
                await asyncio.sleep(0.1)
                await player.play([TimedTouch(0.0, finger, 0.1, 0.1, active=False)])
                await asyncio.sleep(0.05)
            await until(lambda: all(len(heard) == 7 for heard in placed))
            assert all(synth.core.state()["play_out_ms"] == 400.0 for synth in synths)
            await player.finish()
            for synth in synths:
                await synth.stop()
            first, second = (list(heard.values()) for heard in placed)
            apart = sorted(abs(a - b) for a, b in zip(first, second, strict=True))
            assert apart[3] < 0.02
            after = sorted(a - at for a, at in zip(first, pressed, strict=True))
            assert 0.38 < after[3] < 0.44

    run(main())


def _listen(synth: SynthNode, heard: dict[int, float]) -> None:
    """When each note will be heard, from the frame that it is put on."""
    take = synth.singer.take

    def listening(effect: object, frame: int | None = None) -> None:
        take(effect, frame)
        now = synth.output.frame_in(0.0)
        if isinstance(effect, NoteOn):
            assert frame is not None
            assert now is not None
            heard[effect.key] = clock() + (frame - now) / synth.bank.sample_rate

    synth.singer.take = listening  # type: ignore[method-assign]


def test_a_sound_device_that_stops_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("formant_net.aio.client.synth.WATCH_S", 0.02)

    async def main() -> None:
        options = SynthOptions("synth-a", "Attic", [Server("ws://127.0.0.1:9/ws")], audio="none", voices=2)
        synth = SynthNode(options)
        await synth.start()
        pulled_out = synth.output.sink
        await asyncio.to_thread(pulled_out.stop)
        await until(lambda: synth.output.sink is not pulled_out and synth.output.sink.running)
        await synth.stop()

    run(main())


def test_preset_sings_with_all_its_singers_and_keeps_the_lease() -> None:
    async def scene() -> None:
        choir = load("choir")
        node = SynthNode(SynthOptions("synth-a", "A", [Server("ws://nowhere/ws")], audio="none", preset=choir))
        params = node.singer.params(Point(id=0, x=0.5, y=0.0))
        assert len(params) == 6
        assert {each.lease_s for each in params} == {LEASE_S}
        assert node.core.state()["preset"] == "choir"
        node.output.sink.stop()

    run(scene())


def test_a_synth_sings_its_own_preset_again_when_a_player_chooses_it_again() -> None:
    """One that nobody else has, or a shipped one that was changed by options."""

    async def scene(own: Preset) -> None:
        node = SynthNode(SynthOptions("synth-a", "A", [Server("ws://nowhere/ws")], audio="none", preset=own))
        assert own.name in node.core.state()["presets"]
        for name, vibrato in (("glassy", 0.0), (own.name, 77.0)):
            node.sing(SetPreset(name))
            assert {each.vibrato_cents for each in node.singer.params(Point(id=0, x=0.5, y=0.0))} == {vibrato}
        node.output.sink.stop()

    run(scene(parse('title = "T"\ndescription = "D"\n[voice]\nvibrato_cents = 77\n', name="mine")))
    run(scene(load(DEFAULT, voice={"vibrato_cents": 77.0})))


def test_presets_of_a_folder_are_offered_and_sung_as_they_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synth_module, "WATCH_S", 0.02)
    mine = tmp_path / "mine.toml"

    def write(cents: float) -> None:
        draft = tmp_path / "draft"  # the synth reads in a thread: it sees the file whole
        draft.write_text(f'title = "T"\ndescription = "D"\n[voice]\nvibrato_cents = {cents}\n', encoding="utf-8")
        draft.replace(mine)

    async def main() -> None:
        said: list[str] = []
        options = SynthOptions(
            "synth-a", "A", [Server("ws://127.0.0.1:9/ws")], audio="none", voices=2, preset_folder=tmp_path
        )
        synth = SynthNode(options, on_note=said.append)

        def vibrato() -> float:
            return float(synth.singer.params(Point(id=0, x=0.5, y=0.0))[0].vibrato_cents)

        await synth.start()
        assert "mine" not in synth.core.state()["presets"]
        write(33)
        await until(lambda: "mine" in synth.core.state()["presets"])
        synth.sing(SetPreset("mine"))
        assert vibrato() == 33
        write(44.5)
        await until(lambda: vibrato() == 44.5)
        write(9999.5)
        await until(lambda: bool(said))
        assert "0 … 200" in said[0]
        mine.unlink()
        await asyncio.sleep(0.1)
        assert vibrato() == 44.5  # it sings on with what it has
        await synth.stop()

    run(main())


def test_a_choir_that_is_larger_than_the_bank_is_said() -> None:
    async def scene(voices: int) -> list[str]:
        said: list[str] = []
        options = SynthOptions(
            "synth-a", "A", [Server("ws://nowhere/ws")], audio="none", voices=voices, preset=load("choir")
        )
        SynthNode(options, on_note=said.append).output.sink.stop()
        return said

    assert run(scene(5)) == ["choir has 6 singers a finger, more than --voices 5: not all of them are heard."]
    assert run(scene(6)) == []


def test_what_players_set_outlives_a_restart_until_the_options_are_others(tmp_path: Path) -> None:
    async def scene(volume: float, said: list[str]) -> dict[str, Any]:
        options = SynthOptions(
            "synth-a", "A", [Server("ws://127.0.0.1:9/ws")], audio="none", voices=2, volume=volume,
            settings=tmp_path / "s.json",
        )  # fmt: skip
        node = SynthNode(options, on_note=said.append)
        await node.start()
        began = {name: node.core.state()[name] for name in ("volume", "powered_on", "preset")}
        low_hz = node.core.state()["surface"]["low_hz"]
        assert low_hz == load(began["preset"]).f0_low_hz
        node.core.remote.take("a player", Param(name="volume", value=0.25), remember=True)
        change_to = Command(name="preset", value="bass")
        for change in node.core.remote.take("a player", change_to, remember=True) or ():
            node.sing(change)
        await node.stop()
        return began

    said: list[str] = []
    assert run(scene(1.0, said)) == {"volume": 1.0, "powered_on": True, "preset": "plain"}
    assert said == []
    assert run(scene(1.0, said)) == {"volume": 0.25, "powered_on": True, "preset": "bass"}
    assert said == ["Settings that players had made: volume 25%, preset bass."]
    assert run(scene(0.5, said)) == {"volume": 0.5, "powered_on": True, "preset": "plain"}


def test_sound_that_broke_is_seen_from_afar_and_stands_in_the_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(synth_module, "WATCH_S", 0.01)
    configure("json", "warning", sys.stderr)

    async def main() -> None:
        options = SynthOptions("synth-a", "Attic", [Server("ws://127.0.0.1:9/ws")], audio="none", voices=2)
        synth = SynthNode(options, on_note=lambda note: None)
        counted = synth.output.counters
        broke = {"underflows": 3, "late": 1, "overruns": 0}  # whatever this machine does to the real sound
        monkeypatch.setattr(synth.output, "counters", lambda: counted() | broke)
        await synth.start()
        await until(lambda: synth.core.state()["sound"]["underflows"] == 3)
        await asyncio.sleep(0.05)
        await synth.stop()

    run(main())
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "the sound broke" in line]
    assert (json.loads(line)["underflows"], json.loads(line)["late"]) == (3, 1)
    assert "--latency" in json.loads(line)["why"]


def test_a_machine_that_cannot_be_looked_at_stops_neither_the_memory_nor_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(synth_module, "WATCH_S", 0.0)
    configure("json", "warning", sys.stderr)

    async def main() -> None:
        servers, path = [Server("ws://127.0.0.1:9/ws")], tmp_path / "settings.json"
        options = SynthOptions("synth-a", "Attic", servers, audio="none", voices=2, settings=path)
        synth = SynthNode(options, on_note=lambda note: None)
        looks = 0

        def look() -> Facts:
            nonlocal looks
            looks += 1
            raise ValueError("a strange number")

        synth.wellbeing.look = look
        watcher = asyncio.create_task(synth._watch())
        await until(lambda: looks >= 3 or watcher.done())
        synth.core.remote.resume(Kept(0.25, True, "plain", False, True))
        await until(lambda: path.exists() or watcher.done())
        assert not watcher.done()
        watcher.cancel()
        synth.output.sink.stop()

    run(main())
    assert len([line for line in capsys.readouterr().err.splitlines() if "a strange number" in line]) == 1
