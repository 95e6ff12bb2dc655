"""The loops over samples and voices, compiled once per instruction set. Imports only C headers (`native`)."""
