"""The server core: who is here, who is told of whom, what is passed from peer to peer."""
