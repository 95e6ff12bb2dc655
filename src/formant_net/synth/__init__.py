"""The synth core: links to every controller, their touches turned into notes."""
