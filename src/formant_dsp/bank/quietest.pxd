# The quietest voice, which makes room for the next note.
#
# A heap ranks the voices by loudness. It is built at the first steal of a hop and kept until the end of the hop. When
# the loudness of a voice changes, the voice is pushed again; `quietest` skips entries that are out of date.

from formant_dsp.bank.memory.state cimport HELD, RELEASING, bank_t, rank_t, voice_t
from formant_dsp.kernels.rows cimport P_LEVEL


cdef inline double loudness(const bank_t* b, int i) noexcept nogil:
    """Loudness of a voice in the ranking. A held note has its full level, because otherwise a note that has just begun
    would always be the quietest. Of two equal voices the older one is quieter."""
    cdef const voice_t* v = &b.voice[i]
    return b.control.x[P_LEVEL * b.stride + i] * (v.gate.x if v.state == RELEASING else 1.0) - 1e-9 * b.control.seconds[i]


cdef inline void sink(rank_t* heap, int n, int at) noexcept nogil:
    cdef rank_t entry = heap[at]
    cdef int child = 2 * at + 1
    while child < n:
        if child + 1 < n and heap[child + 1].loudness < heap[child].loudness:
            child += 1
        if not heap[child].loudness < entry.loudness:
            break
        heap[at] = heap[child]
        at = child
        child = 2 * at + 1
    heap[at] = entry


cdef inline void rank_again(bank_t* b, int slot) noexcept nogil:
    """Push a voice whose loudness has changed. Does nothing while the heap is not built."""
    cdef int at = b.ranked, above
    cdef double value
    if at < 0:
        return
    if at == 2 * b.slots:
        b.ranked = -1    # full: the next call of `quietest` builds it again
        return
    b.ranked += 1
    value = loudness(b, slot)
    while at > 0:
        above = (at - 1) // 2
        if not value < b.rank[above].loudness:
            break
        b.rank[at] = b.rank[above]
        at = above
    b.rank[at].loudness = value
    b.rank[at].slot = slot


cdef inline int quietest(bank_t* b) noexcept nogil:
    """Slot of the quietest voice, or -1. The voice is removed from the ranking."""
    cdef int i, slot
    if b.ranked < 0:
        b.ranked = 0
        for i in range(b.top):
            if b.voice[i].state == HELD or b.voice[i].state == RELEASING:
                b.rank[b.ranked].loudness = loudness(b, i)
                b.rank[b.ranked].slot = i
                b.ranked += 1
        for i in range(b.ranked // 2 - 1, -1, -1):
            sink(b.rank, b.ranked, i)
    while b.ranked:
        slot = b.rank[0].slot
        i = b.voice[slot].state == HELD or b.voice[slot].state == RELEASING
        if i and b.rank[0].loudness != loudness(b, slot):
            i = False
        b.ranked -= 1
        b.rank[0] = b.rank[b.ranked]
        sink(b.rank, b.ranked, 0)
        if i:
            return slot
    return -1
