"""Desks: they change the fleet document, and every box is told what follows for it.

Out of scope: what a change means (formant_net/fleet), where the document is kept (aio/server/desk_file.py).
"""
