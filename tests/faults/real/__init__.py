"""Real processes on a bad cable: what the table in docs/measurements/faults.md measures.

    witness.py   a synth that tells, line by line, what it applied, how old it was, and when it linked
    stage.py     hosts on a cable, processes on them, and what they say
    cases.py     one fault at a time
    run.py       the long run: `make faults`

Linux, as root (namespaces and TAP devices). Out of scope: what sounds (tests/e2e listens to it).
"""
