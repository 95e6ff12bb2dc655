"""Commands about sound on this machine alone: files, presets, devices, speed, latency."""
