"""How a running synth is: its sound, its links and its machine, gathered for the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import UNSET, UnsetType

import formant_dsp
from formant_dsp import Bank
from formant_dsp.output.hotplug import Output
from formant_net.aio.machine.here import facts
from formant_net.health.machine import Facts
from formant_net.health.reporter import Reporter
from formant_net.protocol.steering import Health
from formant_net.synth.core import Synth
from formant_net.synth.strain import COUNTED, busy

Value = TypeVar("Value")


class Wellbeing:
    """Says what is to be told of one synth, and when.

    look   reads the facts of the machine; blocking
    now    s of a monotonic clock, at the start of the synth
    """

    def __init__(self, bank: Bank, output: Output, core: Synth, now: float, look: Callable[[], Facts] = facts) -> None:
        self.look = look
        self._bank, self._output, self._core = bank, output, core
        self._started = now
        self._reporter = Reporter()
        self._past: list[int] = []
        """The histogram of render times when the server was told last."""

    def news(self, of: Facts, late_notes: int, rtt_s: float | None, now: float) -> Health | None:
        """The message to send now, if any. `late_notes`: notes that came too late; `rtt_s`: to the server."""
        figures = self.figures(of, late_notes, rtt_s, now)
        news = self._reporter.report(figures, self._core.registrations, self._core.health_s, now)
        if news is not None:
            self._past = list(self._output.counters().get("render_histogram", ()))
        return news

    def figures(self, of: Facts, late_notes: int, rtt_s: float | None, now: float) -> Health:
        """How the synth is now."""
        stream, bank, core = self._output.counters(), self._bank.counters(), self._core
        histogram = list(stream.get("render_histogram", ()))
        past = self._past if len(self._past) == len(histogram) else [0] * len(histogram)
        lately = [max(0, count - before) for count, before in zip(histogram, past, strict=True)]
        counted: dict[str, Any] = {name: int(stream.get(name, bank.get(name, 0))) for name in COUNTED}
        return Health(
            version=formant_dsp.__version__[:32],
            uptime_s=round(now - self._started, 1),
            model=_or_unset(of.model),
            device=self._output.describe()[:200],
            audible=self._output.audible,
            sample_rate=self._bank.sample_rate,
            latency_ms=round(1000.0 * self._output.latency_s, 1),
            busy=round(busy(lately, 0.99) / 100.0, 3) if sum(lately) else UNSET,
            render_ms=round(stream.get("render_us_max", 0.0) / 1000.0, 2),
            blocks=int(stream.get("blocks", 0)),
            **counted,
            late_notes=late_notes,
            registrations=core.registrations,
            links=len(core.open_peers),
            voices=self._bank.active,
            gain=round(core.loudness(now), 4),
            rtt_ms=round(1000.0 * rtt_s, 1) if rtt_s else UNSET,
            temperature_c=_or_unset(of.temperature_c),
            undervoltage=_or_unset(of.undervoltage),
            throttled=list(of.throttled.now) if of.throttled is not None else UNSET,
            throttled_before=list(of.throttled.before) if of.throttled is not None else UNSET,
            wifi_dbm=_or_unset(of.wifi_dbm),
            wifi_power_save=_or_unset(of.wifi_power_save),
            clock_synchronised=_or_unset(of.clock_synchronised),
            written_bytes=_or_unset(of.written_bytes),
            overlay=_or_unset(of.overlay),
            state_writable=_or_unset(of.state_writable),
            memory_bytes=_or_unset(of.memory_bytes),
        )


def _or_unset(value: Value | None) -> Value | UnsetType:
    return UNSET if value is None else value
