"""Commands of people who run boxes: server, tokens, settings, checks, the service."""
