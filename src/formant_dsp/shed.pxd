# Load shedding: when hops take longer than their budget, the bank sings with fewer voices rather than break off.
#
# The second shortest of the last five hops decides: three that were interrupted by other work change nothing (the median
# would be one of them where many programs want the processor), four that were really too long do. Shedding is followed by a
# pause of some hops, so that its effect is measured before more is done; the limit rises again by a twentieth every tenth of
# a second in which there is room.

from libc.stdint cimport uint64_t

cdef enum:
    WINDOW = 5
    PAUSE_HOPS = 9        # the fade, and a window of its effect
    CALM_HOPS = 75

ctypedef struct shed_t:
    uint64_t budget_ns    # of one hop; 0 = offline, never shed
    uint64_t spent[WINDOW]
    int at
    int pause             # hops before the median counts again
    int calm              # hops in a row with room to spare
    int limit             # voices that may sound; at most what the bank was made for


cdef inline void shed_begin(shed_t* shed, uint64_t budget_ns, int voices) noexcept nogil:
    shed.budget_ns = budget_ns
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


cdef inline int shed_hop(shed_t* shed, uint64_t spent_ns, int sounding, int voices) noexcept nogil:
    """After a hop of so many sounding voices that took so long: how many of them have to go."""
    cdef uint64_t typical
    cdef int keep
    shed.spent[shed.at] = spent_ns
    shed.at = shed.at + 1 if shed.at + 1 < WINDOW else 0
    if shed.pause > 0:
        shed.pause -= 1
        return 0
    typical = shed_typical(shed)
    if typical > shed.budget_ns and sounding > 1:
        keep = <int>(sounding * (<double>shed.budget_ns / <double>typical))
        if keep < 1:
            keep = 1
        if keep >= sounding:
            keep = sounding - 1
        shed.limit = keep
        shed.calm = 0
        shed.pause = PAUSE_HOPS
        return sounding - keep
    shed.calm = shed.calm + 1 if 10 * typical < 8 * shed.budget_ns else 0
    if shed.calm >= CALM_HOPS and shed.limit < voices:
        shed.calm = 0
        shed.limit += 1 + shed.limit // 20
        if shed.limit > voices:
            shed.limit = voices
    return 0
