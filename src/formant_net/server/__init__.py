"""The server core: registration, discovery of controllers, and routing of messages between peers."""
