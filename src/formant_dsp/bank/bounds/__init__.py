"""What keeps the sum within its bounds: the limiter in level, load shedding in time. They know no bank."""
