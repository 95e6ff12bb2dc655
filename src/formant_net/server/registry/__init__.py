"""Leases of clients: in memory for one server, on a shared engine for several."""
