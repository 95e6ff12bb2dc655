"""One client's WebSocket: it opens, reads in turns beside all others, and ends, without a task."""
