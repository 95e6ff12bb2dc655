"""A session as in a notebook: each part below is a cell. Jupyter and most editors run them one by one."""

# %% Join. The ensemble stays open from cell to cell.
from __future__ import annotations

import sys

from formant_net import Ensemble

hall = Ensemble(sys.argv[1] if len(sys.argv) > 1 else None).open()

# %% Who is there?
for synth in hall.synths:
    print(synth.name, synth.state["preset"], synth.state["surface"]["vowels"])

# %% A note.
hall.play("A3", vowel="a", seconds=0.6)

# %% A voice that is held while you try things.
voice = hall.sing("C4", vowel="u")

# %% Bend it.
voice.glide("E4", vowel="i", seconds=0.5)

# %% Louder.
voice.move(effort=0.9)

# %% The end of the voice, and of the session.
voice.stop()
hall.close()
