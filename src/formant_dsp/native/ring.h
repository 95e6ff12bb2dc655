/* Lock-free ring: one producer, one consumer, fixed power-of-two capacity; neither side waits.

   Only the producer writes `tail`, only the consumer writes `head`. Both count all items and have cache lines of
   their own. The producer writes a slot before its release store of tail; the consumer reads the slot after its acquire
   load of tail. The consumer reads a slot before its release store of head; the producer writes it again after its
   acquire load of head. Nothing else orders the two threads.

   This is the only copy of the algorithm. The product compiles it as it is. The proofs (proofs/ring, and the thread
   sanitizer in the tests) include it with atomics and slots that they can observe: they define FORMANT_RING_PARTS, and
   replace the definitions between #ifndef and #endif below. */
#ifndef FORMANT_RING_H
#define FORMANT_RING_H

#ifndef FORMANT_RING_PARTS
#include <string.h>
#include "rt.h"
typedef uint64_t formant_ring_count_t; /* does not wrap in practice; the proofs include a counter that wraps */
typedef formant_atomic_t formant_ring_atomic_t;
typedef char formant_ring_slot_t;
#define FORMANT_RING_LOAD(ring, field, order) formant_load_##order(&(ring)->field)
#define FORMANT_RING_STORE(ring, field, order, value) formant_store_##order(&(ring)->field, value)
#define FORMANT_RING_SLOT(ring, i) ((ring)->slots + (i) * (ring)->slot_bytes)
#define FORMANT_RING_WRITE(slot, item, bytes) memcpy(slot, item, bytes)
#endif

typedef struct {
    formant_ring_slot_t *slots;
    formant_ring_count_t slot_bytes;
    formant_ring_count_t capacity; /* a power of two */
    char pad0[64];
    formant_ring_atomic_t head;
    char pad1[64];
    formant_ring_atomic_t tail;
    char pad2[64];
} formant_ring_t;

static inline int formant_ring_has_room(formant_ring_count_t tail, formant_ring_count_t head,
                                        formant_ring_count_t capacity, formant_ring_count_t reserve) {
    return (formant_ring_count_t)(tail - head) + reserve < capacity;
}

static inline int formant_ring_has_item(formant_ring_count_t tail, formant_ring_count_t head) { return tail != head; }

static inline formant_ring_count_t formant_ring_index(formant_ring_count_t count, formant_ring_count_t capacity) {
    return count & (capacity - 1);
}

/* Puts one item into the ring. Returns 0, and does nothing, with fewer than `reserve` + 1 free slots. Producer only. */
static inline int formant_ring_push(formant_ring_t *ring, const void *item, formant_ring_count_t reserve) {
    const formant_ring_count_t tail = FORMANT_RING_LOAD(ring, tail, relaxed);
    const formant_ring_count_t head = FORMANT_RING_LOAD(ring, head, acquire);
    if (!formant_ring_has_room(tail, head, ring->capacity, reserve)) return 0;
    FORMANT_RING_WRITE(FORMANT_RING_SLOT(ring, formant_ring_index(tail, ring->capacity)), item, ring->slot_bytes);
    FORMANT_RING_STORE(ring, tail, release, tail + 1);
    return 1;
}

/* The oldest item, or NULL when there is none. It stays valid until formant_ring_pop. Consumer only. */
static inline const void *formant_ring_front(formant_ring_t *ring) {
    const formant_ring_count_t head = FORMANT_RING_LOAD(ring, head, relaxed);
    const formant_ring_count_t tail = FORMANT_RING_LOAD(ring, tail, acquire);
    if (!formant_ring_has_item(tail, head)) return 0;
    return FORMANT_RING_SLOT(ring, formant_ring_index(head, ring->capacity));
}

/* Frees the slot of the oldest item. Consumer only, and only after formant_ring_front returned an item. */
static inline void formant_ring_pop(formant_ring_t *ring) {
    const formant_ring_count_t head = FORMANT_RING_LOAD(ring, head, relaxed);
    FORMANT_RING_STORE(ring, head, release, head + 1);
}

#endif
