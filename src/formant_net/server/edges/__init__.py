"""What an edge knows of the others beside their clients: how their boxes are, and which of them have a desk."""
