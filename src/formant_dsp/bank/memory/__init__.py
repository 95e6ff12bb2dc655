"""One block of memory: what a bank consists of, where it lies, and which slot a key has."""
