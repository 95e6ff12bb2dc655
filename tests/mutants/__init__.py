"""Small faults planted at random into the pure cores: how many of them the tests find."""
