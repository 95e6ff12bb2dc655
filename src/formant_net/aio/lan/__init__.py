"""The shells of lan/: this machine's interfaces and addresses, a server's announcement, and how a client dials it."""
