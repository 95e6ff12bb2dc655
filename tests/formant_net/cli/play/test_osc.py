from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import subprocess
import urllib.request

import pytest
from click.testing import CliRunner
from pythonosc.udp_client import SimpleUDPClient
from support.machine.processes import Process, processes
from support.net.heard import Hall
from support.net.ports import free_port
from support.suite.patience import PATIENCE_S
from support.suite.require import require

from formant_net.aio.server.edge import EdgeOptions, running_edge
from formant_net.cli import main
from formant_net.cli.play.osc import own_name

KEY = "cantabile"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--listen", "9000"], "write HOST:PORT"),
        (["--listen", "127.0.0.1:70000"], "write HOST:PORT"),
        (["--listen", "::1:9000"], "write HOST:PORT"),
        (["--query", "here"], "write HOST:PORT"),
        (["--silence", "0"], "0"),
        (["--scale", "majeur"], "'majeur' is no scale"),
    ],
)
def test_options_that_make_no_sense_are_refused(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(main, ["osc", *arguments])
    assert result.exit_code == 2
    assert words in result.output


def test_its_own_name_is_text_whatever_the_machine_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """OSCQuery and mDNS cannot encode a byte that is not UTF-8: every question was answered by a fault."""
    monkeypatch.setattr(socket, "gethostname", lambda: "K\udcfcche")
    assert own_name() == "Formant on K\N{REPLACEMENT CHARACTER}che"


def test_a_port_that_cannot_be_opened_ends_it_with_words() -> None:
    with processes() as start:
        first = start("osc", "http://127.0.0.1:9", "--listen", "127.0.0.1:0")
        port = _port(first)
        asked = first.wait_for("OSCQuery: ").split()[-1]
        second = start("osc", "http://127.0.0.1:9", "--listen", f"127.0.0.1:{port}")
        assert second.wait() == 1
        assert "Choose another --listen" in second.output()
        info = json.load(urllib.request.urlopen(f"{asked}?HOST_INFO", timeout=PATIENCE_S))
        assert info["OSC_PORT"] == port
        assert first.stop(signal.SIGINT) == 0
        assert "Traceback" not in first.output()


def test_without_oscquery_only_udp_is_open() -> None:
    with processes() as start:
        osc = start("osc", "http://127.0.0.1:9", "--listen", "127.0.0.1:0", "--query", "off")
        osc.wait_for("connecting to")
        assert "OSCQuery" not in osc.output()
        assert osc.stop(signal.SIGINT) == 0


def _port(process: Process) -> int:
    found = re.search(r":(\d+)$", process.wait_for("OSC: UDP "))
    assert found is not None
    return int(found[1])


def test_the_whole_way_from_other_programs_to_a_synth_and_silence_after_their_death() -> None:
    """python-osc and liblo's oscsend, `formant-node osc`, server, WebRTC, synth: every note arrives and ends."""
    require("oscsend", "oscdump")

    async def story() -> None:
        hall = Hall()
        async with running_edge(EdgeOptions(host="127.0.0.1", port=0, key=KEY)) as edge:
            synth = hall.box(edge.local.ws_url, KEY)
            await synth.start()
            with processes() as start:
                url = edge.local.ws_url.replace("ws", "http", 1).removesuffix("/ws") + f"/#key={KEY}"
                # Two of them: to start `oscsend` for each message may take longer than a silence that is waited for.
                patient, osc = (
                    start("osc", url, "--listen", "127.0.0.1:0", "--silence", silence, "--scale", "all")
                    for silence in ("600", "1.5")
                )
                port = await asyncio.to_thread(_port, patient)
                for each in (patient, osc):
                    await asyncio.to_thread(each.wait_for, "Ready: 1 synth linked")

                def oscsend(*words: str) -> None:
                    subprocess.run(["oscsend", "127.0.0.1", str(port), *words], check=True)

                oscsend("/formant/note", "if", "1", "60.5")
                await hall.until(lambda: hall.ons == [60.0], patient)  # on a semitone, as --scale says
                oscsend("/formant/off", "s", "1")  # another id: nothing happens
                oscsend("/formant/note", "iff", "2", "64", "0.5")
                oscsend("/formant/off", "i", "1")
                await hall.until(lambda: (len(hall.ons), hall.offs) == (2, 1), patient)
                oscsend("/formant/alloff", "N")
                await hall.until(lambda: hall.offs == 2, patient)
                assert await asyncio.to_thread(patient.stop, signal.SIGINT) == 0

                client = SimpleUDPClient("127.0.0.1", await asyncio.to_thread(_port, osc))
                client.send_message("/formant/freq", ["voice", 440.0])
                client.send_message("/formant/touch", [7.0, 0.5, 0.25, 0.5])
                await hall.until(lambda: len(hall.ons) == 4, osc)
                assert hall.ons[2:] == [69.0, 63.0]
                await hall.until(lambda: hall.offs == 4, osc)  # it fell silent
                await asyncio.to_thread(osc.wait_for, "was silent for 1.5 s")
                assert osc.stop(signal.SIGINT) == 0
                assert "Traceback" not in osc.output()
            await synth.stop()

    asyncio.run(story())


def test_liblo_hears_of_a_volume_that_was_set() -> None:
    require("oscsend", "oscdump")

    async def story() -> None:
        hall = Hall()
        async with running_edge(EdgeOptions(host="127.0.0.1", port=0, key=KEY)) as edge:
            synth = hall.box(edge.local.ws_url, KEY)
            await synth.start()
            with processes() as start:
                url = edge.local.ws_url.replace("ws", "http", 1).removesuffix("/ws") + f"/#key={KEY}"
                osc = start("osc", url, "--listen", "127.0.0.1:0")
                port = await asyncio.to_thread(_port, osc)
                await asyncio.to_thread(osc.wait_for, "Ready: 1 synth linked")
                heard_at = str(free_port())
                with _dump(heard_at) as dump:
                    lines: list[str] = []
                    reading = asyncio.create_task(asyncio.to_thread(_read, dump, lines))

                    def oscsend(*words: str) -> None:
                        subprocess.run(["oscsend", "127.0.0.1", str(port), *words], check=True)

                    async def asked() -> None:
                        while not lines:  # oscdump listens from some moment on
                            oscsend("/formant/subscribe", "i", heard_at)
                            await asyncio.sleep(0.2)

                    await asyncio.wait_for(asked(), PATIENCE_S)
                    oscsend("/formant/box/a/volume", "f", "0.25")
                    await hall.until(lambda: any("/formant/volume f 0.25" in line for line in lines), osc)
                    dump.terminate()
                    await reading
            await synth.stop()

    asyncio.run(story())


def _dump(port: str) -> subprocess.Popen[str]:
    return subprocess.Popen(["oscdump", "-L", port], stdout=subprocess.PIPE, text=True)


def _read(process: subprocess.Popen[str], lines: list[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
