/* What a page calls of bank.wasm: one preset, one bank, one buffer of events, one of sound. native/bank.h and
   native/touch.h say what each does. Call _initialize() once before all this: the linker makes it.

   As a map: the page writes a compiled preset at code(), at most code_room() doubles, and calls touch(). The events of
   all voices then lie at event(), one after the other. They are bytes that another instance can push.
   As a bank: the page writes a formant_bank_setup_t at setup(), or calls set_up(); then make(). It writes a
   formant_event_t at event() before each push(), and reads float[frames][channels] at out() after read(frames),
   frames ≤ block(). */
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "native/bank.h"
#include "native/shared.h"
#include "native/touch.h"

#define EXPORT(name) __attribute__((export_name(name)))
enum { CACHE_LINE = 64, PAGE_BYTES = 65536, CHANNELS = 8, BLOCK = 2048, CODE_ROOM = 8192 };

extern char __heap_base;

static formant_bank_setup_t setup;
static formant_event_t event[FORMANT_MOST_SINGERS];
static double code[CODE_ROOM], values[FORMANT_MOST_SINGERS * FORMANT_VALUES];
static formant_kernel_table_t kernels;
static formant_bank_t *bank;
static float out[CHANNELS * BLOCK];

/* What one voice of one hop takes, ns; took() says it. */
static double voice_ns;

/* A page's audio thread has no clock that could time one hop. The page times many blocks and says by took() what they
   took. A hop then takes so long as its voices did, and the bank sheds voices as on a box (bank/bounds/shed.pxd). */
int clock_gettime(clockid_t id, struct timespec *time) {
    static double now_ns;
    const formant_bank_shared_t *b = (const formant_bank_shared_t *)bank;
    const double took_ns = b ? voice_ns * (double)formant_load_relaxed((formant_atomic_t *)&b->active) : 0.0;
    (void)id;
    now_ns += took_ns;
    time->tv_sec = (time_t)(now_ns / 1e9);
    time->tv_nsec = (long)(now_ns - 1e9 * (double)time->tv_sec);
    return 0;
}

EXPORT("setup") void *setup_at(void) { return &setup; }
EXPORT("event") void *event_at(void) { return event; }
EXPORT("out") float *out_at(void) { return out; }
EXPORT("event_bytes") int event_bytes(void) { return sizeof event[0]; }
EXPORT("setup_bytes") int setup_bytes(void) { return sizeof setup; }
EXPORT("block") int block(void) { return BLOCK; }
EXPORT("code") double *code_at(void) { return code; }
EXPORT("code_room") int code_room(void) { return CODE_ROOM; }
EXPORT("singers") int singers(void) { return formant_touch_singers(code); }
EXPORT("values") double *values_at(void) { return values; }

/* The events of all voices of one touch, at event(); returns their number. `kind` is FORMANT_NOTE_ON or
   FORMANT_NOTE_UPDATE. `key` is a whole number below 2^47: a singer's key is key · 64 + singer. A NaN in x, z, note,
   vel or backness, and a number that is not given: not known. */
EXPORT("touch") int touch(int kind, double key, double frame, double x, double y, double z, double note, double lease_s,
                          double width, double sample_rate, double vel, double backness, double openness) {
    const int voices = formant_touch_voices(code, x, y, z, note, backness, openness, vel, lease_s, width, values);
    for (int i = 0; i < voices; i++) {
        event[i].frame = (uint64_t)frame;
        event[i].key = (int64_t)key * FORMANT_MOST_SINGERS + i;
        event[i].kind = kind;
        formant_voice_event(&event[i], values + i * FORMANT_VALUES, sample_rate);
    }
    return voices;
}

/* One event without a voice, at event(): FORMANT_NOTE_OFF of one singer, FORMANT_ALL_OFF, FORMANT_VOLUME. */
EXPORT("bare") void bare(int kind, double key, int singer, double frame, double value) {
    event[0] = (formant_event_t){.frame = (uint64_t)frame, .kind = kind, .value = (float)value};
    event[0].key = kind == FORMANT_NOTE_OFF ? (int64_t)key * FORMANT_MOST_SINGERS + singer : 0;
}

/* Writes a setup at setup(), all but the smoothing times, which the page writes at row_tau_s(): double[rows()]. */
EXPORT("set_up") void set_up(double sample_rate, int voices, int channels, int ring_capacity, uint32_t seed) {
    setup.sample_rate = sample_rate;
    setup.ring_capacity = (uint64_t)ring_capacity;
    setup.ring_reserve = (uint64_t)ring_capacity / 4;
    setup.voices = voices;
    setup.channels = channels;
    setup.ring_layout = 0;
    setup.seed = seed;
}

EXPORT("row_tau_s") double *row_tau_s(void) { return setup.row_tau_s; }
EXPORT("rows") int rows(void) { return FORMANT_ROWS; }

/* A silent bank of that setup. Returns its bytes; 0: the setup is out of range, or there is no memory. */
EXPORT("make") int make(void) {
    const size_t bytes = formant_bank_bytes(&setup);
    const uintptr_t at = ((uintptr_t)&__heap_base + CACHE_LINE - 1) & ~(uintptr_t)(CACHE_LINE - 1);
    const uintptr_t end = at + bytes, have = (uintptr_t)__builtin_wasm_memory_size(0) * PAGE_BYTES;
    if (bytes == 0)
        return 0;
    if (end > have && __builtin_wasm_memory_grow(0, (end - have + PAGE_BYTES - 1) / PAGE_BYTES) == (size_t)-1)
        return 0;
    formant_kernels(&kernels);
    bank = formant_bank_init((void *)at, &setup, &kernels);
    return (int)bytes;
}

EXPORT("push") int push(void) { return bank ? formant_bank_push(bank, event) : 0; }

EXPORT("read") void read_frames(int frames) {
    if (bank && frames > 0 && frames <= BLOCK)
        formant_bank_read(bank, out, (uint64_t)frames);
}

/* Counts of the bank since make(): 0 hops, 1 active, 2 notes, 3 stolen, 4 expired, 5 late, 6 limited, 7 invalid,
   8 shed, 9 limit: the most voices that may sound now (native/shared.h). */
EXPORT("counter") double counter(int which) {
    formant_bank_shared_t *b = (formant_bank_shared_t *)bank;
    if (!b || which < 0 || which > 9)
        return 0.0;
    formant_atomic_t *const fields[] = {&b->hops,    &b->active,  &b->notes, &b->stolen, &b->expired, &b->late,
                                        &b->limited, &b->invalid, &b->shed,  &b->limit};
    return (double)formant_load_relaxed(fields[which]);
}

/* Fades all sound in (1) or out (0) within about 0.1 s. */
EXPORT("fade") void fade(int audible) {
    if (bank)
        formant_store_relaxed(&((formant_bank_shared_t *)bank)->fade_wanted, audible != 0);
}

/* Of late, blocks of so many voices on average took this part of the time in which they play. Voices end, by a short
   fade, until no more than `most` is taken; room comes back by itself. most = 0: there is no bound. */
EXPORT("took") void took(double part, double voices, double most) {
    enum { PART_NS = 1000000 };
    voice_ns = part * PART_NS / (voices > 1.0 ? voices : 1.0);
    if (bank)
        formant_store_relaxed(&((formant_bank_shared_t *)bank)->hop_budget_ns, (uint64_t)(most * PART_NS));
}
