"""One voice over one hop, in a bank: its pitch and level, its parts, and its way into the mix."""
