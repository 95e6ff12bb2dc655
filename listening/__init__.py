"""The listening page: pairs of sounds that differ in one thing, equally loud, with spectrograms and figures.

`make listen` renders it into a folder that needs no server; `make images` draws the pictures of
docs/understand/images with the same means.
"""
