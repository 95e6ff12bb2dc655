"""The shells of lan/ for a server: this machine's interfaces and addresses, their changes, and its announcement."""
