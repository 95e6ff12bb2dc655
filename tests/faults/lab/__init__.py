"""The deterministic laboratory: every core of an ensemble, a network in memory, one virtual clock, one seed.

    clock.py     the one virtual time, and the clocks of hosts that are wrong and drift
    network.py   routes between hosts: delay, jitter, loss, duplication, partitions; the WebSocket's byte stream
    rtc.py       WebRTC connections as the cores see them: slow to open, silent when dead, late after an outage
    process.py   a process: killed, stopped, continued, started again
    server.py    the hub in a process
    client.py    a synth or controller core in a process
    ensemble.py  all of them together
    witness.py   what may never happen, checked while it runs
    schedule.py  faults drawn from a seed; running, replaying and shrinking them

Nothing here sleeps or reads a clock, and nothing is drawn but from the seed: a seed is the whole story.

Out of scope: sockets, aiortc and audio (tests/faults/real runs them), malformed messages (tests/formant_net).
"""
