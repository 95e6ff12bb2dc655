"""The server's shell: sockets, files and timers around its core."""
