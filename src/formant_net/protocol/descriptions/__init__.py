"""Session descriptions (SDP): the number of a link in them, hidden addresses, and what of a stranger's text passes."""
