/* Every field that two threads touch while sound is being made. All of them are in this file and in ring.h.

   Threads    audio     reads the bank: a device's callback, the thread of a paced sink, or the caller of Bank.render
              control   any Python thread; the interpreter's lock lets only one of them run at a time
   Rules      Each field has one writer. Every field is a 64-bit atomic: a plain one is two words on 32-bit ARM, and its
              reader may see half of the old value and half of the new one. All loads and stores are relaxed, because no
              field says anything about other memory. Two fields that are read one after the other may belong to
              different blocks. Only head and tail of the ring order other memory (ring.h: release and acquire). All
              events, including the volume, go through the ring.
   Proof      proofs/audio runs all fields under the thread sanitizer, which finds each one that is stored plainly.

   All other fields of bank_t and stream_t are written before the audio thread starts or after it has ended, or only the
   audio thread uses them. */
#ifndef FORMANT_SHARED_H
#define FORMANT_SHARED_H

#include "rt.h"

typedef struct {
    /* written by control, read by audio */
    formant_atomic_t fade_wanted;    /* 1: fade all sound in; 0: fade it out */
    formant_atomic_t hop_budget_ns;  /* time in which a hop shall be made, ns; 0: no limit */
    /* written by audio, read by control */
    formant_atomic_t frame;          /* frame of the bank's clock that is read next; control writes the first */
    formant_atomic_t hops;           /* hops made */
    formant_atomic_t active;         /* voices that sound, including those that fade out */
    formant_atomic_t notes;          /* notes started */
    formant_atomic_t stolen;         /* voices ended to make room for a note */
    formant_atomic_t shed;           /* voices ended because hops took longer than their budget */
    formant_atomic_t limit;          /* most voices that may sound now; control writes it while nobody reads the bank */
    formant_atomic_t expired;        /* notes released by their lease */
    formant_atomic_t late;           /* events with a frame that came after it */
    formant_atomic_t limited;        /* hops in which the limiter worked */
    formant_atomic_t invalid;        /* hops that were muted because a value was not finite or far too large */
} formant_bank_shared_t;

typedef struct {
    /* written by control, read by audio */
    formant_atomic_t allowed_ns;     /* lateness of a callback that breaks the sound, ns; 0: lateness is not counted */
    formant_atomic_t peak_wanted;    /* number of the measurement that is wanted, 32 bits; 0: nothing is measured */
    /* written by audio, read by control */
    formant_atomic_t blocks;         /* blocks made */
    formant_atomic_t frames;         /* frames made */
    formant_atomic_t underflows;     /* underflows that the device reported */
    formant_atomic_t overruns;       /* blocks that took longer to make than to play */
    formant_atomic_t late;           /* callbacks later than allowed_ns */
    formant_atomic_t late_ns_max;    /* greatest lateness of a callback, ns */
    formant_atomic_t thread;         /* the kernel's number of the audio thread; 0 before the first block */
    formant_atomic_t zero_ns;        /* time at which the device would have requested frame 0 of the bank's clock, ns,
                                        two's complement; 0 before the first block */
    formant_atomic_t render_ns_total; /* time spent making blocks, ns */
    formant_atomic_t render_ns_max;  /* longest block, ns */
    formant_atomic_t block_frames;   /* frames of the latest block */
    formant_atomic_t peak;           /* upper half: the number of a measurement; lower half: the greatest magnitude of a
                                        sample since it began, as the bits of a float. One field, so that a reader who
                                        has asked for a new measurement never takes the result of the old one */
    formant_atomic_t histogram[64];  /* blocks by render time, in 1/32 of their period; the last one has the rest */
} formant_stream_shared_t;

#endif
