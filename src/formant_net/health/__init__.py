"""How a box is: facts of its machine, what of them needs attention, and when the server is told."""
