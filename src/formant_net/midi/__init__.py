"""MIDI as touches: bytes and the time go in, fingers with pitch, vowel and effort come out.

Out of scope: sending MIDI, MIDI clock, MIDI 2.0, General MIDI sounds, percussion.
"""
