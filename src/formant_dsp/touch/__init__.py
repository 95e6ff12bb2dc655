"""From a touch to the numbers of its voices: one core for Python and for the page."""
