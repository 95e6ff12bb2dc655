"""Real sockets: edges, clients, attackers, the engine of several edges, and cables that can be cut."""
