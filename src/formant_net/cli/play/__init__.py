"""Commands of people who play: a server and a synth at once, a synth alone, a controller."""
