/* The ring as the product compiles it, on two real threads, for the thread sanitizer: exit 66 when it finds a race,
   1 when an item was lost, doubled, torn or out of order. A race counts by the order the code asks for, not by luck. */

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include "ring.h"

enum { CAPACITY = 4, ITEMS = 50000, WORDS = 20 };
typedef struct { uint64_t word[WORDS]; } item_t;

static formant_ring_t ring;

static void *consume(void *unused) {
    uint64_t expected = 0, i;
    (void)unused;
    while (expected < ITEMS) {
        const item_t *item = formant_ring_front(&ring);
        if (item == NULL) {
            sched_yield();
            continue;
        }
        for (i = 0; i < WORDS; i++)
            if (item->word[i] != expected + i) {
                fprintf(stderr, "item %llu holds %llu\n", (unsigned long long)expected, (unsigned long long)item->word[i]);
                exit(1);
            }
        expected++;
        formant_ring_pop(&ring);
    }
    return NULL;
}

int main(void) {
    pthread_t consumer;
    item_t item;
    uint64_t n, i;
    ring.slots = calloc(CAPACITY, sizeof(item_t));
    ring.slot_bytes = sizeof(item_t);
    ring.capacity = CAPACITY;
    if (ring.slots == NULL || pthread_create(&consumer, NULL, consume, NULL)) return 2;
    for (n = 0; n < ITEMS; n++) {
        for (i = 0; i < WORDS; i++) item.word[i] = n + i;
        while (!formant_ring_push(&ring, &item, 0)) sched_yield();
    }
    pthread_join(consumer, NULL);
    free(ring.slots);
    return 0;
}
