"""The links of a synth: which controllers have one, and when each link is made, tried again and given up.

Out of scope: what comes over a link (touches, settings).
"""
