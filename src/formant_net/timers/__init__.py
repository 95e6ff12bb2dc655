"""Time passed in as an argument: deadlines, back-off, allowances."""
