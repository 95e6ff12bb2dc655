"""The public name of `formant_net.controller.demo`: a built-in phrase."""

from formant_net.controller.demo import demo

__all__ = ["demo"]
