"""The sockets and WebRTC connections of a synth or a controller round their cores."""
