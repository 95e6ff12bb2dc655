# Slots of the bank: which slot holds a key, and which slots are free.
#
# A hash table (open addressing, linear probing) finds keys. A bitmap finds free slots, the lowest first. Nothing here
# searches all slots.

from libc.stdint cimport int64_t, uint64_t

from formant_dsp.bank.memory.state cimport FREE, STOLEN, bank_t, voice_t

cdef extern from * nogil:
    int lowest_bit "__builtin_ctzll"(unsigned long long) noexcept


cdef inline int home(const bank_t* b, int64_t key) noexcept nogil:
    return <int>((<uint64_t>key * <uint64_t>0x9E3779B97F4A7C15) >> 32) & b.slot_of_mask


cdef inline int find_slot(const bank_t* b, int64_t key) noexcept nogil:
    """The slot of a key that is HELD or RELEASING, or -1."""
    cdef int at = home(b, key)
    while b.slot_of[at]:
        if b.key[b.slot_of[at] - 1] == key:
            return b.slot_of[at] - 1
        at = (at + 1) & b.slot_of_mask
    return -1


cdef inline voice_t* find(bank_t* b, int64_t key) noexcept nogil:
    """The voice of a key, or NULL. Tries the slot after the last one found first: events mostly come in that order."""
    cdef int i = b.found + 1
    if i >= b.top or b.key[i] != key:
        i = find_slot(b, key)
        if i < 0:
            return NULL
    b.found = i
    return &b.voice[i]


cdef inline void take_key(bank_t* b, int slot, int64_t key) noexcept nogil:
    cdef int at = home(b, key)
    while b.slot_of[at]:
        at = (at + 1) & b.slot_of_mask
    b.slot_of[at] = slot + 1
    b.key[slot] = key


cdef inline void drop_key(bank_t* b, int slot) noexcept nogil:
    """Remove the key of a slot from the table, if it has one. Entries that its place had displaced move up."""
    cdef int at, hole, mask = b.slot_of_mask
    if b.key[slot] == 0:
        return
    hole = home(b, b.key[slot])
    while b.slot_of[hole] != slot + 1:
        hole = (hole + 1) & mask
    at = hole
    while True:
        at = (at + 1) & mask
        if b.slot_of[at] == 0:
            break
        if ((at - home(b, b.key[b.slot_of[at] - 1])) & mask) >= ((at - hole) & mask):
            b.slot_of[hole] = b.slot_of[at]
            hole = at
    b.slot_of[hole] = 0
    b.key[slot] = 0


cdef inline int free_slot(const bank_t* b) noexcept nogil:
    """The lowest free slot, or -1."""
    cdef int word
    for word in range((b.slots + 63) // 64):
        if b.free[word]:
            return 64 * word + lowest_bit(b.free[word])
    return -1


cdef inline void set_free(bank_t* b, int slot) noexcept nogil:
    """Free the slot of a voice that has ended."""
    if b.voice[slot].state != STOLEN:
        b.sounding -= 1
    drop_key(b, slot)
    b.voice[slot].state = FREE
    b.free[slot // 64] |= <uint64_t>1 << (slot & 63)
