"""This machine as the kernel tells it: the clock, the radio, and where all other facts are read."""
