"""Standard MIDI files: read whatever is in circulation, and play it."""
