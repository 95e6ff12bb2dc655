"""Signaling beside a bare relay on the same library, in one run."""
