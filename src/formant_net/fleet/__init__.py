"""The fleet: what is wanted of every box, kept by the server, and what follows from it for one box."""
