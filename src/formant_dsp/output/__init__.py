"""Output of a bank to a loudspeaker or a file: devices, streams, the audio callback."""
