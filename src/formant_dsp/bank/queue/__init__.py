"""The way into a bank: events in a lock-free ring, and the fields that two threads share."""
