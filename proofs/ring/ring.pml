/* The index logic of the ring under spin: all interleavings of one producer and one consumer, for ever.

   Full, empty and index are the C functions of the product's own native/ring.h, with 8-bit counters, so that they wrap
   within what can be searched. The steps between them are those of formant_ring_push, _front and _pop, one a shared
   access. Memory order is relacy's part (ring_relacy.cpp); here each step is seen by both at once.

   An item is the number of its push, modulo 256. A discrete item needs one free slot, a continuous one RESERVE more. */

#define CAPACITY 4
#define RESERVE 2

c_decl {
\#include "ring_spin.h"
}

byte tail, head;
byte slot[CAPACITY];

#define USED(t, h) ((t - h) & 255)

active proctype producer() {
    byte t, h, at, room, reserve;
    do
    :: if
       :: reserve = 0
       :: reserve = RESERVE
       fi;
       t = tail;
       h = head;
       c_code {
          Pproducer->room = formant_ring_has_room(Pproducer->t, Pproducer->h, CAPACITY, Pproducer->reserve);
          Pproducer->at = formant_ring_index(Pproducer->t, CAPACITY);
       };
       if
       :: room ->
          slot[at] = t;
          tail = t + 1;
          assert(USED(tail, head) + reserve <= CAPACITY)
       :: else ->
          assert(USED(t, h) + reserve >= CAPACITY)   /* never refused without need */
       fi
    od
}

active proctype consumer() {
    byte t, h, at, item, expected;
    do
    :: h = head;
       t = tail;
       c_code {
          Pconsumer->item = formant_ring_has_item(Pconsumer->t, Pconsumer->h);
          Pconsumer->at = formant_ring_index(Pconsumer->h, CAPACITY);
       };
       if
       :: item ->
          assert(slot[at] == expected);              /* nothing lost, doubled, overwritten or out of order */
          expected++;
progress: head = h + 1                               /* under fair scheduling, again and again */
       :: else ->
          assert(USED(t, h) == 0)
       fi
    od
}
