"""What the synth and the controller share: signaling, peers, ping and pong."""
