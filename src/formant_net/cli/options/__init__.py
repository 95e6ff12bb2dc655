"""What several commands share: options, their checks, and what they print."""
