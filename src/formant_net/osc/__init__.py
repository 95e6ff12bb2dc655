"""OSC as touches: datagrams and the time go in, fingers, settings and answers come out.

Out of scope: OSC over TCP, sound by OSC, synchronising clocks.
"""
