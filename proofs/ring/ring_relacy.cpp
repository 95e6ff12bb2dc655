// The ring under relacy: every load and store as weak as the C++ memory model allows it, in all orders of two threads.
//
// Exit 0 when every execution was right. A read of a slot that is not ordered after its write, or the other way round,
// is a data race and ends the run with exit 1, as does a value lost, doubled or out of order. Two searches: one slot,
// where every execution is tried, and two slots, where all executions with few changes of thread are.

#include <relacy/relacy.hpp>

#define FORMANT_RING_PARTS
#define ORDER_relaxed rl::mo_relaxed
#define ORDER_acquire rl::mo_acquire
#define ORDER_release rl::mo_release
typedef unsigned formant_ring_count_t;
typedef rl::atomic<unsigned> formant_ring_atomic_t;
typedef rl::var<unsigned> formant_ring_slot_t;
#define FORMANT_RING_LOAD(ring, field, order) (ring)->field.load(ORDER_##order, RL_INFO)
#define FORMANT_RING_STORE(ring, field, order, value) (ring)->field.store(value, ORDER_##order, RL_INFO)
#define FORMANT_RING_SLOT(ring, i) ((ring)->slots + (i))
#define FORMANT_RING_WRITE(slot, item, bytes) (*(slot))(RL_INFO) = *(const unsigned *)(item)
#include "ring.h"

template <unsigned CAPACITY, unsigned TRIES>
struct RingTest : rl::test_suite<RingTest<CAPACITY, TRIES>, 2> {
    rl::var<unsigned> slots[CAPACITY];
    formant_ring_t ring;
    unsigned pushed, popped;

    void before() {
        ring.slots = slots;
        ring.slot_bytes = 1;
        ring.capacity = CAPACITY;
        ring.head.store(0, rl::mo_relaxed, RL_INFO);
        ring.tail.store(0, rl::mo_relaxed, RL_INFO);
        pushed = popped = 0;
    }

    void thread(unsigned index) {
        for (unsigned i = 0; i < TRIES; i++) {
            if (index == 0) {
                const unsigned value = 100 + pushed;
                if (formant_ring_push(&ring, &value, 0)) pushed++;
            } else {
                const void *front = formant_ring_front(&ring);
                if (front == 0) continue;
                const unsigned value = (*(rl::var<unsigned> *)front)(RL_INFO);
                RL_ASSERT(value == 100 + popped);
                formant_ring_pop(&ring);
                popped++;
            }
        }
    }

    void after() {
        RL_ASSERT(popped <= pushed && pushed <= popped + CAPACITY);
        RL_ASSERT(pushed >= (TRIES < CAPACITY ? TRIES : CAPACITY));
    }
};

template <typename Test>
static bool passes(rl::scheduler_type_e how, unsigned changes) {
    std::ostringstream progress;
    rl::test_params search;
    search.search_type = how;
    search.context_bound = changes;
    search.progress_stream = &progress;
    const bool passed = rl::simulate<Test>(search);
    std::cout << (unsigned long)search.stop_iteration << " executions" << std::endl;
    return passed;
}

int main() {
    const bool one = passes<RingTest<1, 3> >(rl::fair_full_search_scheduler_type, 0);
    const bool two = one && passes<RingTest<2, 5> >(rl::fair_context_bound_scheduler_type, 4);
    return one && two ? 0 : 1;
}
