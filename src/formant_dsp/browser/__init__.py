"""What a browser needs to sing: the bank as WebAssembly, and presets as numbers."""
