"""The loops over samples and voices, compiled once per instruction set. Imports no other room."""
