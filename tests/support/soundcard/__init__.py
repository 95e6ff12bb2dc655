"""Private JACK and PulseAudio servers without a sound card."""
