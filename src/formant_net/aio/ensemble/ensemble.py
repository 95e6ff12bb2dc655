"""The ensemble of a program that uses asyncio. `Ensemble` in blocking.py has the same names without `await`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from formant_net.aio.client import join
from formant_net.aio.client.controller import ControllerOptions
from formant_net.aio.ensemble import settings
from formant_net.aio.ensemble.song import AsyncSong
from formant_net.aio.ensemble.stage import Stage
from formant_net.aio.ensemble.voice import AsyncVoice
from formant_net.aio.host import make_id
from formant_net.controller.core import SynthView
from formant_net.ensemble.arguments import change_of, changed, length, tone_of, unit
from formant_net.ensemble.performance import Change
from formant_net.ensemble.pitch import Pitch, note_of
from formant_net.protocol.gesture import Vowel
from formant_net.protocol.join import JoinUrlError
from formant_net.protocol.trust import Trust, TrustError

PATIENCE_S = 10.0
"""Seconds to wait for a server and its synths."""


class AsyncPart:
    """Some synths of an ensemble, by their names or ids, or all of them. It plays."""

    def __init__(self, stage: Stage, names: tuple[str, ...]) -> None:
        self._stage, self._names = stage, names

    @property
    def synths(self) -> tuple[SynthView, ...]:
        """The synths with their last state, round trip and loss. Lost ones are in it for 30 s, with `open` False."""
        return tuple(self._stage.synths(self._names))

    async def play(
        self,
        pitch: Pitch | None = None,
        *,
        hz: float | None = None,
        seconds: float,
        vowel: Vowel | None = None,
        effort: float | None = None,
        vel: float | None = None,
        to: Pitch | None = None,
        to_vowel: Vowel | None = None,
        to_effort: float | None = None,
        at: float | None = None,
    ) -> AsyncVoice:
        """Sing one note.

        pitch, hz   a name ("A3"), a MIDI number (57.0), or Hz: one of the two
        seconds     how long, above 0
        vowel       a name such as "a", or a place on the surface from 0 to 1. Without it, the first vowel
        effort      0…1; without it, that of the preset, or by `vel`
        vel         how hard it is struck, 0…1: the onset
        to, to_vowel, to_effort   where it glides meanwhile
        at          when it begins, s of `now`. Without it, the note begins now and the call returns at its end. With
                    it, the call returns at once; a moment that is past counts as now, and the end stays where it was
        raises      CannotSing if no synth can sing it, NotReached if none is linked, ValueError
        """
        (voice,) = await self._notes(
            [note_of(pitch, hz)], seconds, vowel, effort, vel, change_of(to, None, to_vowel, to_effort, some=False), at
        )
        return voice

    async def chord(
        self,
        pitches: Iterable[Pitch],
        *,
        seconds: float,
        vowel: Vowel | None = None,
        effort: float | None = None,
        vel: float | None = None,
        at: float | None = None,
    ) -> list[AsyncVoice]:
        """Sing several notes that begin and end together. Everything else is as in `play`."""
        notes = [note_of(pitch) for pitch in pitches]
        return await self._notes(notes, seconds, vowel, effort, vel, Change(), at)

    async def sing(
        self,
        pitch: Pitch | None = None,
        *,
        hz: float | None = None,
        vowel: Vowel | None = None,
        effort: float | None = None,
        vel: float | None = None,
        at: float | None = None,
    ) -> AsyncVoice:
        """Begin a note that is held until its voice is stopped. Arguments as in `play`; the call returns at once."""
        tone = tone_of(note_of(pitch, hz), vowel, effort)
        (number,) = await self._stage.start([tone], unit("vel", vel), self._names, at, [tone])
        return AsyncVoice(self._stage, number)

    async def volume(self, value: float) -> None:
        """Set the volume, 0…1. Returns when every synth has taken it; raises SettingRefused."""
        await self._stage.change(self._names, settings.volume(unit("volume", value) or 0.0))

    async def power(self, on: bool) -> None:
        """Switch on or off. Returns when every synth has taken it; raises SettingRefused."""
        await self._stage.change(self._names, settings.power(on))

    async def preset(self, name: str) -> None:
        """Choose the preset of the next notes; what sounds there ends. Raises SettingRefused."""
        await self._stage.change(self._names, settings.preset(name))

    async def _notes(
        self,
        notes: Sequence[float],
        seconds: float,
        vowel: Vowel | None,
        effort: float | None,
        vel: float | None,
        change: Change,
        at: float | None,
    ) -> list[AsyncVoice]:
        seconds = length(seconds)
        tones = [tone_of(note, vowel, effort) for note in notes]
        last = [changed(tone, change) for tone in tones]
        numbers = await self._stage.start(tones, unit("vel", vel), self._names, at, [*tones, *last])
        begin = self._stage.now if at is None else at
        for number in numbers:
            if change != Change():
                self._stage.glide(number, change, seconds, begin)
            self._stage.end(number, begin + seconds)
        voices = [AsyncVoice(self._stage, number) for number in numbers]
        if at is None:
            try:
                for voice in voices:
                    await voice.wait()
            except BaseException:  # cancelled, or sent away: what it began, it ends
                for number in numbers:
                    self._stage.end_now(number)
                raise
        return voices


class AsyncEnsemble(AsyncPart):
    """All synths of an ensemble, played from Python.

    url       join URL, or several in order of preference. Without it, FORMANT_URL, else the server is searched for
    key       join key, if the URL has none. Without it, FORMANT_KEY
    wait      how many synths there must be, or their names; 0 waits for the server alone
    patience  seconds to wait for them
    name      what others see
    trust     how the server proves itself; without it, the fingerprint in the URL, FORMANT_TLS_FINGERPRINT, or the
              authorities of this system
    raises    ValueError for a URL that is none
    """

    def __init__(
        self,
        url: str | Sequence[str] | None = None,
        *,
        key: str | None = None,
        wait: int | str | Sequence[str] = 1,
        patience: float = PATIENCE_S,
        name: str = "Python",
        trust: Trust | None = None,
    ) -> None:
        self._wait, self._patience = wait, patience
        super().__init__(Stage(options_of(url, key, name, trust), patience), ())

    async def open(self) -> AsyncEnsemble:
        """Join, and return when the synths are there. Raises NotReached, which says what is missing."""
        await self._stage.open(*_waited(self._wait))
        return self

    async def close(self) -> None:
        """Lift everything and leave."""
        await self._stage.close()

    @property
    def now(self) -> float:
        """The clock of this ensemble, s. `at` is a moment on it."""
        return self._stage.now

    @property
    def left_out(self) -> int:
        """Scheduled notes that did not sound, because a synth had no voice left."""
        return self._stage.left_out

    def only(self, *names: str) -> AsyncPart:
        """The synths with these names or ids, as a part that plays and is set alone."""
        return AsyncPart(self._stage, names)

    async def wait_for(self, who: int | str | Sequence[str], patience: float = PATIENCE_S) -> None:
        """Return when so many synths, or those with these names, are linked. Raises NotReached."""
        await self._stage.wait_for(*_waited(who), patience)

    async def wait_until(self, at: float) -> None:
        """Return when `now` is `at`."""
        await self._stage.until(at)

    async def wait(self) -> None:
        """Return when everything that was scheduled is over. Voices that are only held go on."""
        await self._stage.idle()

    async def all_off(self) -> None:
        """End every voice, and drop everything that is scheduled."""
        self._stage.all_off()

    def midi(self, path: str | Path) -> AsyncSong:
        """A MIDI file that can be played. Raises ValueError for what is none, OSError."""
        return AsyncSong(self._stage, Path(path))

    async def __aenter__(self) -> AsyncEnsemble:
        return await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def options_of(
    url: str | Sequence[str] | None,
    key: str | None,
    name: str,
    trust: Trust | None,
    environment: Mapping[str, str] = os.environ,
) -> ControllerOptions:
    """What the controller of an ensemble is started with. Raises ValueError."""
    urls = [url] if isinstance(url, str) else list(url or environment.get("FORMANT_URL", "").split())
    key = key or environment.get("FORMANT_KEY")
    try:
        if trust is None:
            trust = Trust.make(tuple(environment.get("FORMANT_TLS_FINGERPRINT", "").split()), None)
        servers = join.servers_of(urls, key, trust)
    except (JoinUrlError, TrustError) as error:
        raise ValueError(str(error)) from None
    search = None if urls else join.search_for(key, trust)
    return ControllerOptions(make_id("ctrl-"), servers, name=name[:64], search=search)


def _waited(who: int | str | Sequence[str]) -> tuple[int, tuple[str, ...]]:
    """How many at least, and which."""
    if isinstance(who, int):
        return who, ()
    return 1, (who,) if isinstance(who, str) else tuple(who)
