"""On a real JACK server, with a keyboard in a process of its own; both are killed and come back."""

from __future__ import annotations

import asyncio
import importlib
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import ClassVar

import pytest
from support.soundcard.jack import Jack
from support.soundcard.midi_sender import MidiSender
from support.suite.patience import PATIENCE_S
from support.suite.require import require_library

from formant_net.aio.midi.backend import VIRTUAL, MidiError, open_backend
from formant_net.aio.midi.inbox import Batch, Inbox
from formant_net.aio.midi.watcher import LOOK_S, Watcher
from formant_net.hand.outputs import Touches
from formant_net.midi.player import MidiPlayer

IN_TIME_S = 1.5


class Ears:
    """What a synth would have down, from one watcher and its player."""

    made: ClassVar[list[Ears]] = []
    """Those of this test: a client that is left to the garbage collector waits for a server that has ended."""

    def __init__(self, *names: str) -> None:
        self.player = MidiPlayer()
        self.down: dict[int | str, float | None] = {}
        self.words: list[str] = []
        self.looks = 0
        self.heard: set[str] = set()
        loop = asyncio.get_running_loop()
        inbox = Inbox(self._take)
        self.watcher = Watcher(
            lambda: open_backend("jack", inbox.put), names,
            plugged=lambda port: self.player.plug(port, loop.time()),
            unplugged=lambda port: self.player.unplug(port, loop.time()),
            say=lambda text, warning: self.words.append(text),
        )  # fmt: skip
        self.made.append(self)
        self.watcher.start()

    def _take(self, batch: Batch, lost: bool) -> None:
        for port, data in batch:
            self.heard.add(port)
            self.player.feed(port, data, asyncio.get_running_loop().time())

    async def until(self, condition: Callable[[], bool]) -> None:
        """Play on, look every LOOK_S, until the condition holds."""
        loop = asyncio.get_running_loop()
        deadline, look_at = loop.time() + PATIENCE_S, loop.time() + LOOK_S
        while not condition():
            assert loop.time() < deadline, (self.words, self.down)
            if loop.time() >= look_at:
                look_at = loop.time() + LOOK_S
                self.looks += 1
                self.watcher.step()
            while (due := self.player.next_deadline()) is not None and due <= loop.time():
                self.player.on_deadline(loop.time())
            for output in self.player.drain():
                if isinstance(output, Touches):
                    for touch in output.touches:
                        if touch.active:
                            self.down[touch.id] = touch.note
                        else:
                            del self.down[touch.id]
            await asyncio.sleep(0.002)

    async def hear(self, sender: MidiSender, port: str) -> None:
        """Until what the sender says arrives: a new connection counts from some later cycle of the server."""
        self.heard.discard(port)
        while port not in self.heard:
            sender.send("F0 7D 01 F7")
            with suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    await self.until(lambda: port in self.heard)

    async def meet(self, keyboard: MidiSender) -> None:
        """Until the keyboard is connected and heard."""
        await self.until(lambda: keyboard.port in self.watcher.open_ports)
        await self.hear(keyboard, keyboard.port)

    async def hold(self, keyboard: MidiSender) -> None:
        """Meet the keyboard, then one of its keys and the pedal are down."""
        await self.meet(keyboard)
        keyboard.send("90 45 7F", "B0 40 7F")
        await self.until(lambda: len(self.down) == 1)

    async def play_again(self, keyboard: MidiSender) -> None:
        """Meet the keyboard, then another key is down, and it alone."""
        await self.meet(keyboard)
        keyboard.send("90 47 7F")
        await self.until(lambda: list(self.down.values()) == [71.0])

    def close(self) -> None:
        self.made.remove(self)
        if self.watcher._backend is not None:
            self.watcher._backend.close()


@pytest.fixture
def jack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Jack]:
    require_library("jack", "pip install '.[midi]'")
    with Jack(synchronous=True, realtime=True) as server:
        for name, value in server.env.items():
            if name.startswith("JACK"):
                monkeypatch.setenv(name, value)
        yield server
        for ears in list(Ears.made):
            ears.close()


def test_a_keyboard_that_dies_is_lifted_in_time_and_plays_again_when_it_is_back(jack: Jack) -> None:
    async def main() -> None:
        ears = Ears("keyboard")
        with MidiSender(jack, "keyboard") as keyboard:
            await ears.meet(keyboard)
            keyboard.send("90 45 7F", "90 47 7F", "90 48 7F", "B0 40 7F")
            await ears.until(lambda: sorted(map(str, ears.down.values())) == ["69.0", "71.0", "72.0"])
            looks = ears.looks
            keyboard.kill()
            await ears.until(lambda: not ears.down)
            assert (ears.looks - looks) * LOOK_S <= IN_TIME_S
        assert f"{keyboard.port}: gone, its keys are lifted" in ears.words
        with MidiSender(jack, "keyboard") as keyboard:
            await ears.meet(keyboard)
            keyboard.send("90 45 7F")
            await ears.until(lambda: list(ears.down.values()) == [69.0])
            keyboard.send("80 45 00")
            await ears.until(lambda: not ears.down)
        ears.close()

    asyncio.run(main())


def test_a_server_that_dies_lifts_everything_and_is_taken_again_when_it_is_back(jack: Jack) -> None:
    async def main() -> None:
        ears = Ears("keyboard")
        with MidiSender(jack, "keyboard") as keyboard:
            await ears.hold(keyboard)
            jack.kill()
            await ears.until(lambda: not ears.down)
        assert any("the JACK server is gone" in text for text in ears.words)
        jack.restart()
        with MidiSender(jack, "keyboard") as keyboard:
            await ears.meet(keyboard)
            keyboard.send("90 45 7F")
            await ears.until(lambda: len(ears.down) == 1)
        ears.close()

    asyncio.run(main())


def test_a_server_that_hangs_lifts_everything_and_holds_nobody_up(jack: Jack) -> None:
    async def main() -> None:
        ears = Ears("keyboard")
        with MidiSender(jack, "keyboard") as keyboard:
            await ears.hold(keyboard)
            jack.tell(signal.SIGSTOP)
            try:
                await ears.until(lambda: not ears.down)
                await ears.until(lambda: ears.watcher._backend is None)
                looks = ears.looks
                await ears.until(lambda: ears.looks >= looks + 3)
            finally:
                jack.tell(signal.SIGCONT)
        assert any("the JACK server is gone" in text for text in ears.words)
        ears.close()

    asyncio.run(main())


def test_a_program_that_connects_itself_plays_and_lets_go(jack: Jack) -> None:
    async def main() -> None:
        library = importlib.import_module("jack")
        ears = Ears()
        client = library.Client("patchbay", no_start_server=True)
        with MidiSender(jack, "sequencer") as sequencer, closing(client) as other:
            other.connect(sequencer.port, f"{VIRTUAL}:in")
            await ears.hear(sequencer, VIRTUAL)
            sequencer.send("90 45 7F", "F0 7D 01 F7", "91 47 7F")
            await ears.until(lambda: len(ears.down) == 2)
            other.disconnect(sequencer.port, f"{VIRTUAL}:in")
            await ears.until(lambda: not ears.down)
        assert ears.words[0].startswith("No MIDI device is plugged in yet; other programs can connect to Formant")
        ears.close()

    asyncio.run(main())


def test_a_connection_that_is_cut_in_a_patchbay_lifts_the_keys_and_is_made_again(jack: Jack) -> None:
    async def main() -> None:
        ears = Ears("keyboard")
        with MidiSender(jack, "keyboard") as keyboard:
            await ears.hold(keyboard)
            with closing(importlib.import_module("jack").Client("patchbay", no_start_server=True)) as patchbay:
                (ours,) = patchbay.get_all_connections(keyboard.port)
                patchbay.disconnect(keyboard.port, ours)
            await ears.until(lambda: not ears.down)
            await ears.play_again(keyboard)
        ears.close()

    asyncio.run(main())


def test_a_keyboard_that_is_back_before_anybody_looked_is_lifted_and_heard_again(jack: Jack) -> None:
    async def main() -> None:
        ears = Ears("keyboard")
        with MidiSender(jack, "keyboard") as keyboard:
            await ears.hold(keyboard)
            keyboard.kill()
        with closing(importlib.import_module("jack").Client("other", no_start_server=True)) as other:
            async with asyncio.timeout(PATIENCE_S):
                while other.get_ports(keyboard.port):
                    await asyncio.sleep(0.01)
        assert len(ears.down) == 1  # nobody has looked meanwhile
        with MidiSender(jack, "keyboard") as keyboard:
            await ears.until(lambda: not ears.down)
            await ears.play_again(keyboard)
        ears.close()

    asyncio.run(main())


def test_two_keyboards_are_told_apart(jack: Jack) -> None:
    async def main() -> None:
        ears = Ears("left", "right")
        with MidiSender(jack, "left") as left, MidiSender(jack, "right") as right:
            await ears.until(lambda: len(ears.watcher.open_ports) == 2)
            await ears.hear(left, left.port)
            await ears.hear(right, right.port)
            left.send("90 45 7F")
            right.send("90 45 7F")
            await ears.until(lambda: len(ears.down) == 2)
            right.kill()
            await ears.until(lambda: len(ears.down) == 1)
        ears.close()

    asyncio.run(main())


def test_no_server_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    require_library("jack", "pip install '.[midi]'")
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "formant-none")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    with pytest.raises(MidiError, match=r"no JACK server is running\. Start one"):
        open_backend("jack", lambda port, data: None)
