"""Real MIDI ports: their names, what comes out of them, and that they come and go."""
