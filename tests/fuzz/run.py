"""Coverage-guided fuzzing of one target: `python tests/fuzz/run.py hub -runs=100000` (options of libFuzzer).

New inputs that reach new code go into the first folder given; without one, nothing is kept.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

HERE = Path(__file__).resolve()
# Of an editable install the plain source first: its loader builds on import, and cannot be instrumented. It comes
# last, because only it finds what is compiled. A plain install has both in one place.
BUILDS = [finder for finder in sys.meta_path if "scikit" in f"{type(finder).__module__}{type(finder).__name__}".lower()]
sys.meta_path[:] = [finder for finder in sys.meta_path if finder not in BUILDS] + BUILDS
sys.path[:0] = [*([str(HERE.parents[2] / "src")] if BUILDS else []), str(HERE.parents[1])]

with atheris.instrument_imports(
    include=[
        *("formant_net", "formant_dsp.model", "aiortc.sdp", "aiortc.rtcsctptransport", "aiortc.rtp"),
        *("aioice.candidate", "aioice.stun", "websockets.frames", "websockets.protocol", "websockets.http11"),
    ]
):
    from fuzz.targets import TARGETS


def main() -> None:
    target = TARGETS[sys.argv[1]]

    def one(data: bytes) -> None:
        try:
            target(data)
        except RecursionError:
            raise AssertionError("the depth of an input became ours") from None

    atheris.Setup([sys.argv[0], *sys.argv[2:]], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
