"""What goes over a wire, and what both ends must agree on: messages, durations, descriptions, addresses."""
