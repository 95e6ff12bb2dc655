"""The asyncio shell: sockets, tasks and timers around the pure cores of `formant_net`.

Nothing is decided here. A shell tells its core what happened and when, and carries out what the core returns. Only this
package imports websockets and aiortc. Besides it, only cli/ imports asyncio.

Out of scope: the sound (formant_dsp). In a running synth three modules know both packages: `aio/client/singer.py`
hands notes to the bank, `aio/client/synth.py` starts the bank, its output and the network, `aio/client/wellbeing.py`
reads the counters of the output. `aio/soak.py` runs such a synth.
"""
