/* The input of a bank: its setup, and events. Both are plain numbers without pointers. An event has the same 264 bytes
   on every machine, so it can be recorded, sent to another thread or process, and played again. */
#ifndef FORMANT_EVENT_H
#define FORMANT_EVENT_H

#include <stdint.h>

enum { FORMANT_ROWS = 40 }; /* smoothed parameters of a voice; kernels/rows.pxd lists them with their units */

enum {
    FORMANT_NOTE_ON = 1,     /* start a note, or glide the sounding note of that key to new parameters */
    FORMANT_NOTE_UPDATE = 2, /* glide a held note to new parameters and renew its lease */
    FORMANT_NOTE_OFF = 3,    /* release a note */
    FORMANT_ALL_OFF = 4,     /* release all notes */
    FORMANT_VOLUME = 5       /* set the volume of all sound to `value`, a linear gain */
};

typedef struct {
    uint64_t frame;         /* frame of the bank's clock at which it takes effect; 0: as soon as possible */
    int64_t key;            /* names the note; > 0 */
    double log2_f0;         /* log2 of Hz */
    int32_t kind;           /* FORMANT_NOTE_ON … */
    int32_t algorithm;      /* 0 … 4: kernels/rows.pxd */
    int32_t lease_hops;     /* hops after its last event after which the note is released; 0: never */
    float vibrato_hz;
    float vibrato_delay_s;
    float vibrato_fade_s;   /* > 0 */
    float f0_tau;           /* time constant of a portamento, frames; 0: slides are followed, jumps are sung legato */
    float attack_tau;       /* time constants, frames, > 0; event_times() computes them from seconds */
    float release_tau;
    int32_t delay_frames;   /* from the event to the first frame, ≥ 0 */
    float scoop_cents;
    float scoop_s;          /* > 0 */
    float lead_s;
    float onset_tilt_db;
    float vibrato_drift;    /* share of the vibrato's rate, standard deviation */
    float value;            /* volume of FORMANT_VOLUME, 0 … 1 */
    float vibrato_spread;   /* share 0 … 1 by which the note's vibrato is its own */
    float legato;           /* times the time that a singer takes for a jump of pitch, > 0 */
    float detune_cents;     /* standard deviation of the note's own mistuning */
    float unison_cents;     /* by which it leaves a unison with another note */
    float target[FORMANT_ROWS];
} formant_event_t;
_Static_assert(sizeof(formant_event_t) == 264, "an event has the same bytes everywhere");

typedef struct {
    double sample_rate;     /* Hz, 8,000 … 192,000 */
    uint64_t ring_capacity; /* most events that wait, a power of two, 2 … 65,536 */
    uint64_t ring_reserve;  /* slots that FORMANT_NOTE_UPDATE leaves free; fewer than ring_capacity */
    int32_t voices;         /* most voices that sound at once, 1 … 1024 */
    int32_t channels;       /* 1 … 8 */
    int32_t ring_layout;    /* 1: the channels stand around the room; 0: in a line */
    uint32_t seed;          /* of all randomness */
    double row_tau_s[FORMANT_ROWS]; /* smoothing time constant of each row, s, > 0: ROW_TAU_S of model/params.py */
} formant_bank_setup_t;

#endif
