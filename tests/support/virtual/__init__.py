"""Cores without sockets on a virtual clock: hubs with raw clients, edges on an engine, a whole ensemble."""
