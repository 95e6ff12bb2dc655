"""The controller core: fingers, sent to every synth."""
