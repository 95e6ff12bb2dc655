"""Who may come in, as what, and what one connection, address or key may cost."""
