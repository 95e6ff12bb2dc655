# The gains of the channels for one place: the law of model/placement.py for the audio thread.

from libc.math cimport cos, floorf, sin

cdef inline void place_gains(float* gains, float pan, int channels, bint ring) noexcept nogil:
    """Write float[channels] whose squares add up to 1; channels ≥ 2."""
    cdef float way = <float>0.5 * (pan + <float>1.0), place, angle
    cdef int c, near, last
    for c in range(channels):
        gains[c] = <float>0.0
    if ring:
        place = (way - floorf(way)) * channels
        last = channels - 1
    else:
        place = (way if way > <float>0.0 else <float>0.0) * (channels - 1)
        last = channels - 2
    near = <int>place
    if near > last:
        near = last
    angle = (place - near) * <float>1.5707963267948966
    if angle > <float>1.5707963267948966:
        angle = <float>1.5707963267948966
    # In double, then rounded: the last bit of cosf() differs between C libraries, and the sound of a page and of a box
    # would differ with it.
    gains[near] = <float>cos(<double>angle)
    gains[near + 1 if near + 1 < channels else 0] = <float>sin(<double>angle)
