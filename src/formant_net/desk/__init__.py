"""The desk: a client that sees the fleet document and changes it."""
