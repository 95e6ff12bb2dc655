"""The parts of an ensemble: a controller, the voices that it plays in time, and the synths that it waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from formant_net.aio.client.controller import ControllerNode, ControllerOptions
from formant_net.aio.client.nearest import nearest_first
from formant_net.aio.client.shell import SentAway
from formant_net.aio.driver import Driver
from formant_net.aio.ensemble.gather import answered, gather
from formant_net.aio.ensemble.settings import Setting, change
from formant_net.client.effects import Notice
from formant_net.controller.core import SynthView
from formant_net.ensemble.errors import CannotSing, Closed, NotReached, SettingRefused, UnknownSynth
from formant_net.ensemble.parts import check, chosen
from formant_net.ensemble.performance import Change, Over, Performance, Tone, Touches
from formant_net.ops.log import configure, configured, get_logger
from formant_net.protocol.gesture import Vowel

BACK_S = 5.0
"""Seconds to wait for a synth that was lost before a note that nobody would hear is an error."""


class Stage:
    """All methods belong to the event loop that `open` was called on, except `drop`."""

    def __init__(self, options: ControllerOptions, patience_s: float) -> None:
        self.left_out = 0
        """Scheduled notes that did not sound."""
        self._options, self._patience_s = options, patience_s
        self._node: ControllerNode | None = None
        self._core = Performance()
        self._driver: Driver | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ends: dict[int, asyncio.Future[None]] = {}
        self._refused: dict[int, str] = {}
        self._lost: dict[str, str] = {}
        self._closed = False

    # --- open and close ------------------------------------------------------------------------------------------

    async def open(self, least: int, named: Collection[str]) -> None:
        """Join and wait for the synths. Raises NotReached, which says what is missing."""
        if self._node is not None or self._closed:
            raise Closed("this ensemble was opened before: make a new one")
        if not configured():
            configure("text", "warning", libraries=False)
        self._loop = asyncio.get_running_loop()
        servers = await nearest_first(self._options.servers)
        node = self._node = ControllerNode(replace(self._options, servers=servers), on_notice=self._noticed)
        self._core = Performance(now=node.client.driver.now)
        self._driver = Driver(self._core, self._perform)
        node.start()
        try:
            if least or named:
                await self.wait_for(least, named, self._patience_s)
            else:
                await self._online()
            async with asyncio.timeout(self._patience_s):
                await node.ready()
        except SentAway as error:
            await self.close()
            raise NotReached(str(error)) from None
        except TimeoutError:
            await self.close()
            raise NotReached(self._no_server(self._patience_s)) from None
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Lift everything, let that go out, and leave. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._driver is not None:
                self._driver.tell(self._core.all_off)
        finally:
            if self._driver is not None:
                self._driver.close()
            if self._node is not None:
                await self._node.finish()
            for end in self._ends.values():
                if not end.done():
                    end.set_result(None)

    @property
    def node(self) -> ControllerNode:
        """The controller. Raises Closed, which says why it plays no more."""
        if self._node is None:
            raise Closed("the ensemble is not open: call open(), or use `with`")
        if self._closed:
            raise Closed("the ensemble is closed: make a new one")
        if self._node.client.stopped.done():
            raise Closed(self._node.client.stopped.result().reason)
        return self._node

    @property
    def now(self) -> float:
        """The clock, s."""
        return self.node.client.driver.now

    # --- synths --------------------------------------------------------------------------------------------------

    def synths(self, names: Collection[str]) -> list[SynthView]:
        """The synths that are known, or those with these names. Raises UnknownSynth."""
        return chosen(self.node.synths(), names)

    async def wait_for(self, least: int, named: Collection[str], patience_s: float) -> None:
        """Return when the synths are there. Raises NotReached."""
        node = self.node
        try:
            expected = await gather(node, patience_s, least=least, named=named)
        except SentAway as error:
            raise NotReached(str(error)) from None
        there = answered(node)
        if not node.core.online:
            raise NotReached(self._no_server(patience_s))
        if missing := sorted(set(named) - {name for synth in there for name in (synth.id, synth.name)}):
            names = ", ".join(sorted(synth.name for synth in there)) or "none"
            raise NotReached(
                f"no synth {' and no '.join(map(repr, missing))} within {patience_s:g} s (linked: {names}): "
                "check that it runs, and its name"
            )
        if len(there) < least:
            if expected == 0:
                raise NotReached("the server has no synth: start `formant-node synth` with the same URL")
            raise NotReached(
                f"{len(there)} of {least} synths within {patience_s:g} s: check that they run, have the same URL and "
                "key, and that this machine reaches them"
            )

    async def change(self, names: Collection[str], setting: Setting) -> None:
        """Change a setting of each of these synths. Raises SettingRefused, which names those that did not take it."""
        there = [synth for synth in await self._audience(names) if synth.open]
        refused = await asyncio.gather(*(change(self.node, synth.id, setting) for synth in there))
        if any(refused):
            raise SettingRefused("; ".join(said for said in refused if said))

    # --- voices --------------------------------------------------------------------------------------------------

    async def start(
        self,
        tones: Iterable[Tone],
        vel: float | None,
        names: Collection[str],
        at: float | None,
        checked: Iterable[Tone],
    ) -> list[int]:
        """Voices begin together, now or at `at`. Returns their numbers.

        checked   what they will sing, so that what no synth can sing is an error before it is sent
        """
        views = self.synths(names) if at is not None else await self._audience(names)
        tones, checked = list(tones), list(checked)
        check(
            [view for view in views if view.open],
            (tone.note for tone in checked),
            (_named(tone.vowel) for tone in checked),
        )
        voices = {self._core.new_voice(): tone for tone in tones}
        for voice in voices:
            self._ends[voice] = asyncio.get_running_loop().create_future()
        ids = tuple(synth.id for synth in views) if names else None
        begin = self.now if at is None else at
        self._tell(lambda now: self._core.start(voices, vel, ids, begin, now))
        refused = [self._refused.pop(voice) for voice in voices if voice in self._refused]
        if refused and at is None:
            for voice in voices:
                self.end_now(voice)
            raise CannotSing(f"{refused[0]}: stop one first")
        return list(voices)

    def glide(self, voice: int, change: Change, seconds: float, at: float) -> None:
        """A voice moves. One that is over does not."""
        if change.vowel is not None or change.note is not None:
            views = [synth for synth in self.node.synths() if synth.open]
            check(views, [] if change.note is None else [change.note], [_named(change.vowel)])
        self._tell(lambda now: self._core.glide(voice, change, seconds, at, now))

    def end(self, voice: int, at: float) -> None:
        """A voice ends at a moment."""
        self._tell(lambda now: self._core.end(voice, at, now))

    def end_now(self, voice: int) -> None:
        """A voice ends now. After the end of the ensemble this does nothing."""
        if self._driver is not None:
            self._driver.tell(lambda now: self._core.end_now(voice, now))

    def drop(self, voice: int) -> None:
        """From any thread: nobody can reach this voice any more. It ends, unless its end is planned."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended, and everything with it
                self._loop.call_soon_threadsafe(self._dropped, voice)

    def all_off(self) -> None:
        """Every voice ends, and nothing is planned any more."""
        self._tell(self._core.all_off)

    def is_over(self, voice: int) -> bool:
        """Whether a voice has ended."""
        return voice not in self._ends

    async def over(self, voice: int) -> None:
        """Return when a voice has ended. Raises Closed when the server sends us away before."""
        if (end := self._ends.get(voice)) is not None:
            stopped: asyncio.Future[Any] = self.node.client.stopped
            await asyncio.wait({end, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not end.done():
                raise Closed(stopped.result().reason)

    async def until(self, at: float) -> None:
        """Return when the clock shows `at`. Raises Closed when the server sends us away before."""
        await self._or_closed(lambda: self.now >= at, at)

    async def idle(self) -> None:
        """Return when nothing is planned any more."""
        await self._or_closed(lambda: not self._core.busy)

    # --- inside --------------------------------------------------------------------------------------------------

    async def _or_closed(self, condition: Callable[[], bool], at: float | None = None) -> None:
        while not condition():
            stopped = self.node.client.stopped
            wait_s = 0.01 if at is None else max(0.0, at - self.now)
            await asyncio.wait({stopped}, timeout=wait_s)

    async def _online(self) -> None:
        async with asyncio.timeout(self._patience_s):
            await self.node.online()

    async def _audience(self, names: Collection[str]) -> list[SynthView]:
        """The synths that are meant, of which one at least is linked; waits a moment for one that was lost."""
        deadline = self.now + BACK_S
        while True:
            with suppress(UnknownSynth):
                views = self.synths(names)
                if any(view.open for view in views):
                    return views
            if self.now >= deadline:
                break
            await asyncio.wait({self.node.client.stopped}, timeout=0.05)
        lost = ", ".join(view.name for view in self.synths(names))
        raise NotReached(
            f"{lost} is lost: check that it runs and that this machine reaches it; it is linked again by itself"
            if lost
            else "no synth is linked: start `formant-node synth` with the same URL"
        )

    def _no_server(self, patience_s: float) -> str:
        within = f"within {patience_s:g} s"
        if not self._lost and not self._options.servers:
            return f"no server was found on this network {within}: check that one runs, or give its URL"
        server = self._lost.get("server") or (self._options.servers[0].ws_url if self._options.servers else "?")
        reason = self._lost.get("reason", "it does not answer")
        return f"no server at {server} {within} ({reason}): check that it runs, and the URL"

    def _noticed(self, notice: Notice) -> None:
        if notice.event == "registered":
            self._lost.clear()
        elif notice.event in ("server not reached", "server lost", "refused"):
            self._lost.update({"server": notice.fields["server"], "reason": notice.fields["reason"]})

    def _tell(self, what: Callable[[float], None]) -> None:
        if self.node is not None and self._driver is not None:  # `node` raises when it is closed
            self._driver.tell(what)

    def _dropped(self, voice: int) -> None:
        if self._driver is not None and not self._core.planned(voice):
            self._driver.tell(lambda now: self._core.end_now(voice, now))

    def _perform(self, effect: Touches | Over) -> None:
        if isinstance(effect, Touches):
            if (node := self._node) is not None:
                node.client.driver.tell(lambda now: node.core.touch(effect.touches, now, effect.synths))
            return
        end = self._ends.pop(effect.voice, None)
        if end is not None and not end.done():
            end.set_result(None)
        if effect.left_out:
            self._refused[effect.voice] = effect.left_out
            self.left_out += 1
            get_logger().warning("note left out", why=effect.left_out)


def _named(vowel: Vowel | None) -> Vowel | None:
    """The vowel if a synth must know it by name."""
    return None if vowel is None or isinstance(vowel, float | int) else vowel
