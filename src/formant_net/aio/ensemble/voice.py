"""A voice of an ensemble, for as long as it sounds."""

from __future__ import annotations

from types import TracebackType

from formant_net.aio.ensemble.stage import Stage
from formant_net.ensemble.arguments import change_of, length
from formant_net.ensemble.pitch import Pitch
from formant_net.protocol.gesture import Vowel


class AsyncVoice:
    """A voice that sounds until it is stopped, or until its planned end.

    Keep it: a voice without a planned end stops when nobody holds it any more. `async with` stops it at the end.
    """

    def __init__(self, stage: Stage, number: int) -> None:
        self._stage, self._number = stage, number

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._stage.is_over(self._number)

    async def glide(
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
        change = change_of(pitch, hz, vowel, effort)
        begin = self._stage.now if at is None else at
        self._stage.glide(self._number, change, length(seconds), begin)
        if at is None and not self.over:
            await self._stage.until(begin + seconds)

    async def move(
        self,
        pitch: Pitch | None = None,
        *,
        hz: float | None = None,
        vowel: Vowel | None = None,
        effort: float | None = None,
        at: float | None = None,
    ) -> None:
        """Another pitch, vowel or effort at once, or at `at`. A new pitch is sung legato."""
        self._stage.glide(self._number, change_of(pitch, hz, vowel, effort), 0.0, self._stage.now if at is None else at)

    async def stop(self, at: float | None = None) -> None:
        """End it now, or at `at`. A note sounds for 25 ms at least."""
        if at is None:
            self._stage.end_now(self._number)
        else:
            self._stage.end(self._number, at)

    async def wait(self) -> None:
        """Return when it has ended."""
        await self._stage.over(self._number)

    async def __aenter__(self) -> AsyncVoice:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def __del__(self) -> None:
        self._stage.drop(self._number)
