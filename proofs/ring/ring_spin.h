/* The ring with plain 8-bit counters and slots, for ring.pml. */
#include <stdint.h>
#define FORMANT_RING_PARTS
typedef uint8_t formant_ring_count_t;
typedef uint8_t formant_ring_atomic_t;
typedef uint8_t formant_ring_slot_t;
#define FORMANT_RING_LOAD(ring, field, order) ((ring)->field)
#define FORMANT_RING_STORE(ring, field, order, value) ((ring)->field = (value))
#define FORMANT_RING_SLOT(ring, i) ((ring)->slots + (i))
#define FORMANT_RING_WRITE(slot, item, bytes) (*(slot) = *(const uint8_t *)(item))
#include "ring.h"
