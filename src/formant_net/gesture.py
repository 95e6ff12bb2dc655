"""The public name of `formant_net.protocol.gesture`: gesture files, read and written."""

from formant_net.protocol.gesture import GestureError, GestureReader, TimedTouch, read_gesture, write_gesture

__all__ = ["GestureError", "GestureReader", "TimedTouch", "read_gesture", "write_gesture"]
