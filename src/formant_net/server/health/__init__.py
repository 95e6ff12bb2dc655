"""The newest that each box has said of how it is, for desks and for metrics."""
