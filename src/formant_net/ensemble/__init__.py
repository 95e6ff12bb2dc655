"""An ensemble as a Python program plays it: pitches, voices in time, which synths sing, and what went wrong."""
