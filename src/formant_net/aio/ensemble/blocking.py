"""The ensemble of a program without asyncio: the same names as AsyncEnsemble, and each call returns when it is done."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

from formant_net.aio.ensemble.ensemble import PATIENCE_S, AsyncEnsemble, AsyncPart
from formant_net.aio.ensemble.song import AsyncSong
from formant_net.aio.ensemble.thread import LoopThread
from formant_net.aio.ensemble.voice import AsyncVoice
from formant_net.controller.core import SynthView
from formant_net.ensemble.errors import Closed
from formant_net.ensemble.pitch import Pitch
from formant_net.protocol.gesture import Vowel
from formant_net.protocol.trust import Trust


class Voice:
    """A voice that sounds until it is stopped, or until its planned end.

    Keep it: a voice without a planned end stops when nobody holds it any more. `with` stops it at the end.
    """

    def __init__(self, hall: Part, voice: AsyncVoice) -> None:
        self._hall, self._voice = hall, voice

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._voice.over

    def glide(
        self,
        pitch: Pitch | None = None,
        *,
        hz: float | None = None,
        vowel: Vowel | None = None,
        effort: float | None = None,
        seconds: float,
        at: float | None = None,
    ) -> None:
        """Go to another pitch, vowel or effort in equal steps, a touch every 10 ms. What is not given stays.

        seconds   how long it takes, above 0
        at        when it begins, s of `now`: then the call returns at once. Otherwise it returns when it is there
        raises    CannotSing, ValueError
        """
        self._hall._thread.call(self._voice.glide(pitch, hz=hz, vowel=vowel, effort=effort, seconds=seconds, at=at))

    def move(
        self,
        pitch: Pitch | None = None,
        *,
        hz: float | None = None,
        vowel: Vowel | None = None,
        effort: float | None = None,
        at: float | None = None,
    ) -> None:
        """Another pitch, vowel or effort at once, or at `at`. A new pitch is sung legato."""
        self._hall._thread.call(self._voice.move(pitch, hz=hz, vowel=vowel, effort=effort, at=at))

    def stop(self, at: float | None = None) -> None:
        """End it now, or at `at`. A note sounds for 25 ms at least."""
        if not self.over:
            self._hall._thread.call(self._voice.stop(at))

    def wait(self) -> None:
        """Return when it has ended."""
        self._hall._thread.call(self._voice.wait())

    def __enter__(self) -> Voice:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Song:
    """Plays a MIDI file on all synths; at most 16 notes at once, together with the voices of the program."""

    def __init__(self, hall: Part, song: AsyncSong) -> None:
        self._hall, self._song = hall, song

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self._song.seconds

    @property
    def position(self) -> float:
        """Seconds from its start to where it is; 0 if it is not played."""
        return self._hall._thread.look(lambda: self._song.position)

    def play(self, begin: float = 0.0) -> None:
        """Play it from `begin` (s) on; returns at its end, or when it is stopped. Whatever ends it lifts everything."""
        self._hall._thread.call(self._song.play(begin))

    def seek(self, seconds: float) -> None:
        """Go on at another place. Every note of the file is lifted. For another thread than the one that plays."""
        self._hall._thread.call(self._song.seek(seconds))

    def stop(self) -> None:
        """End it. For another thread than the one that plays."""
        self._hall._thread.call(self._song.stop())


class Part:
    """Some synths of an ensemble, by their names or ids, or all of them. It plays."""

    def __init__(self, part: AsyncPart, thread: LoopThread | None = None, hall: Ensemble | None = None) -> None:
        self._part, self._started, self._hall = part, thread, hall

    @property
    def _thread(self) -> LoopThread:
        if self._started is None:
            raise Closed("the ensemble is not open: call open(), or use `with`")
        if not self._started.alive:
            raise Closed("the ensemble is closed: make a new one")
        return self._started

    @property
    def synths(self) -> tuple[SynthView, ...]:
        """The synths with their last state, round trip and loss. Lost ones are in it for 30 s, with `open` False."""
        return self._thread.look(lambda: self._part.synths)

    def play(
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
    ) -> Voice:
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
        voice = self._thread.call(
            self._part.play(
                pitch, hz=hz, seconds=seconds, vowel=vowel, effort=effort, vel=vel, to=to, to_vowel=to_vowel,
                to_effort=to_effort, at=at,
            )
        )  # fmt: skip
        return Voice(self, voice)

    def chord(
        self,
        pitches: Iterable[Pitch],
        *,
        seconds: float,
        vowel: Vowel | None = None,
        effort: float | None = None,
        vel: float | None = None,
        at: float | None = None,
    ) -> list[Voice]:
        """Sing several notes that begin and end together. Everything else is as in `play`."""
        voices = self._thread.call(
            self._part.chord(pitches, seconds=seconds, vowel=vowel, effort=effort, vel=vel, at=at)
        )
        return [Voice(self, voice) for voice in voices]

    def sing(
        self,
        pitch: Pitch | None = None,
        *,
        hz: float | None = None,
        vowel: Vowel | None = None,
        effort: float | None = None,
        vel: float | None = None,
        at: float | None = None,
    ) -> Voice:
        """Begin a note that is held until its voice is stopped. Arguments as in `play`; the call returns at once."""
        return Voice(self, self._thread.call(self._part.sing(pitch, hz=hz, vowel=vowel, effort=effort, vel=vel, at=at)))

    def volume(self, value: float) -> None:
        """Set the volume, 0…1. Returns when every synth has taken it; raises SettingRefused."""
        self._thread.call(self._part.volume(value))

    def power(self, on: bool) -> None:
        """Switch on or off. Returns when every synth has taken it; raises SettingRefused."""
        self._thread.call(self._part.power(on))

    def preset(self, name: str) -> None:
        """Choose the preset of the next notes; what sounds there ends. Raises SettingRefused."""
        self._thread.call(self._part.preset(name))


class Ensemble(Part):
    """All synths of an ensemble, played from Python. Calls may come from any thread.

    url       join URL, or several in order of preference. Without it, FORMANT_URL, else the server is searched for
    key       join key, if the URL has none. Without it, FORMANT_KEY
    wait      how many synths there must be, or their names; 0 waits for the server alone
    patience  seconds to wait for them
    name      what others see
    trust     how the server proves itself; without it, the fingerprint in the URL, FORMANT_TLS_FINGERPRINT, or the
              authorities of this system
    raises    ValueError for a URL that is none

    The end of `with`, `close()`, Ctrl-C, an error and the end of the program lift everything. If the process is killed,
    the synths end its notes within 250 ms.
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
        self._all = AsyncEnsemble(url, key=key, wait=wait, patience=patience, name=name, trust=trust)
        super().__init__(self._all)
        self._end: weakref.finalize[[LoopThread, AsyncEnsemble], Ensemble] | None = None

    def open(self) -> Ensemble:
        """Join, and return when the synths are there. Raises NotReached, which says what is missing."""
        if self._started is not None:
            raise Closed("this ensemble was opened before: make a new one")
        self._started = LoopThread("formant-ensemble")
        self._end = weakref.finalize(self, _ended, self._started, self._all)  # also when the interpreter ends
        try:
            self._started.call(self._all.open())
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Lift everything and leave."""
        if self._end is not None:
            self._end()

    @property
    def now(self) -> float:
        """The clock of this ensemble, s. `at` is a moment on it."""
        return self._thread.look(lambda: self._all.now)

    @property
    def left_out(self) -> int:
        """Scheduled notes that did not sound, because a synth had no voice left."""
        return self._all.left_out

    def only(self, *names: str) -> Part:
        """The synths with these names or ids, as a part that plays and is set alone."""
        return Part(self._all.only(*names), self._thread, self)

    def wait_for(self, who: int | str | Sequence[str], patience: float = PATIENCE_S) -> None:
        """Return when so many synths, or those with these names, are linked. Raises NotReached."""
        self._thread.call(self._all.wait_for(who, patience))

    def wait_until(self, at: float) -> None:
        """Return when `now` is `at`."""
        self._thread.call(self._all.wait_until(at))

    def wait(self) -> None:
        """Return when everything that was scheduled is over. Voices that are only held go on."""
        self._thread.call(self._all.wait())

    def all_off(self) -> None:
        """End every voice, and drop everything that is scheduled."""
        self._thread.call(self._all.all_off())

    def midi(self, path: str | Path) -> Song:
        """A MIDI file that can be played. Raises ValueError for what is none, OSError."""
        return Song(self, self._all.midi(path))

    def __enter__(self) -> Ensemble:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _ended(thread: LoopThread, ensemble: AsyncEnsemble) -> None:
    thread.stop(ensemble.close())
