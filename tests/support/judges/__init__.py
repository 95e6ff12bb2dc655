"""The requirements of the sound: judges, their test signals and their table."""
