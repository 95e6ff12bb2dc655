"""Faults that change nothing anybody could notice, each with the reason."""

from __future__ import annotations

EQUIVALENT: dict[str, str] = {
    "formant_net.client.peer: Peer.__init__: drop 'self.heard_at = 0.0'": (
        "a link sets it when it opens, and it is read only of a link that is open"
    ),
    "formant_net.client.peer: Peer.__init__: drop 'self.opened_at = 0.0'": (
        "a link sets it when it opens, and it is read only of a link that was open"
    ),
    "formant_net.client.peer: Peer.__init__: drop 'self.made_at = 0.0'": (
        "the making of a link sets it, and it is read only of a link that is made"
    ),
    "formant_net.server.registry.shared: SharedRegistry.__init__: drop 'self._first = 1'": (
        "`on_up` sets it, and it is read only while a session is up"
    ),
    "formant_net.synth.age: Age.__init__: drop 'self._ahead_at = 0.0'": (
        "it is set together with `_ahead_s`, and read only when that is not None"
    ),
    "formant_net.synth.clock_offset: ClockOffset.__init__: drop 'self._least_at = 0.0'": (
        "it is set together with `_least`, and read only when that is not None"
    ),
    "formant_net.synth.clock_offset: ClockOffset.__init__: drop 'self._most_at = 0.0'": (
        "it is set together with `_most`, and read only when that is not None"
    ),
    "formant_net.synth.steps: Steps.__init__: drop 'self._since = 0.0'": (
        "the first stamp sets it, and it is read only for a stamp that repeats another"
    ),
}
