"""The asyncio shell: sockets, tasks and timers round the pure cores of `formant_net`.

Nothing is decided here; a core is told what happened and when, and what it hands back is carried out. This package
alone imports asyncio, websockets and aiortc.

Out of scope: the sound (formant_dsp); `aio/synth.py` is the one place where both sides meet.
"""
