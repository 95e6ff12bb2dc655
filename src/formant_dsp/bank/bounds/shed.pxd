# Load shedding: when hops take longer than their budget, the bank ends voices so that the sound does not break off.
#
# The second shortest of the last five hops decides. Three hops that other work interrupted change nothing; four hops
# that were really too long do. On a busy processor the median would often be an interrupted hop. After shedding there
# is a pause of nine hops, so that the effect is measured before more voices are ended. The limit rises again by a
# twentieth after every 75 hops (0.1 s at 48 kHz) with room to spare.

from libc.stdint cimport uint64_t

cdef enum:
    WINDOW = 5
    PAUSE_HOPS = 9        # the fade, and a window that measures its effect
    CALM_HOPS = 75

ctypedef struct shed_t:
    uint64_t spent[WINDOW]
    int at
    int pause             # hops until the window decides again
    int calm              # hops in a row with room to spare
    int limit             # voices that may sound; at most what the bank was made for


cdef inline void shed_begin(shed_t* shed, int voices) noexcept nogil:
    shed.limit = voices
    shed.calm = 0
    shed.pause = WINDOW


cdef inline uint64_t shed_typical(const shed_t* shed) noexcept nogil:
    cdef uint64_t least = shed.spent[0], second = <uint64_t>-1
    cdef int i
    for i in range(1, WINDOW):
        if shed.spent[i] < least:
            second = least
            least = shed.spent[i]
        elif shed.spent[i] < second:
            second = shed.spent[i]
    return second


cdef inline int shed_hop(shed_t* shed, uint64_t spent_ns, uint64_t budget_ns, int sounding, int voices) noexcept nogil:
    """Number of voices that have to end after a hop of `sounding` voices that took `spent_ns`."""
    cdef uint64_t typical
    cdef int keep
    shed.spent[shed.at] = spent_ns
    shed.at = shed.at + 1 if shed.at + 1 < WINDOW else 0
    if shed.pause > 0:
        shed.pause -= 1
        return 0
    typical = shed_typical(shed)
    if typical > budget_ns and sounding > 1:
        keep = <int>(sounding * (<double>budget_ns / <double>typical))
        if keep < 1:
            keep = 1
        if keep >= sounding:
            keep = sounding - 1
        shed.limit = keep
        shed.calm = 0
        shed.pause = PAUSE_HOPS
        return sounding - keep
    shed.calm = shed.calm + 1 if 10 * typical < 8 * budget_ns else 0
    if shed.calm >= CALM_HOPS and shed.limit < voices:
        shed.calm = 0
        shed.limit += 1 + shed.limit // 20
        if shed.limit > voices:
            shed.limit = voices
    return 0
