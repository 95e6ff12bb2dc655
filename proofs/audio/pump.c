/* An audio thread for proofs: calls a PaStreamCallback without ever meeting the interpreter's lock, whose own
   synchronisation would hide a race. */

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

typedef int callback_t(const void *, void *, unsigned long, const void *, unsigned long, void *);
enum { FRAMES = 100, MAX_CHANNELS = 8 }; /* no multiple of the hop */

/* The field that is stored plainly: see TORN in test_audio_proofs.py. */
__attribute__((visibility("default"))) const char *formant_torn;
__attribute__((visibility("default"))) size_t formant_torn_bytes;

static callback_t *callback;
static void *user;
static pthread_t thread;
static atomic_int stopping;

static void *run(void *unused) {
    static float out[FRAMES * MAX_CHANNELS];
    (void)unused;
    unsigned long underflow = 0;
    for (long turn = 1; !atomic_load_explicit(&stopping, memory_order_relaxed); turn++) {
        if (turn % 100 == 0) { /* late, and later each time: on a quiet machine nothing else is ever late */
            const struct timespec pause = {0, turn / 100 * 50000};
            nanosleep(&pause, NULL);
            underflow = 0;
        }
        callback(NULL, out, FRAMES, NULL, underflow, user);
        underflow ^= 4; /* paOutputUnderflow in every second block */
        for (int frame = 0; turn % 100 == 50 && frame < FRAMES; frame++)
            callback(NULL, out, 1, NULL, 0, user); /* a hop takes longer to make than one frame to play */
    }
    return NULL;
}

int pump_start(callback_t *play, void *state) {
    callback = play;
    user = state;
    atomic_store(&stopping, 0);
    return pthread_create(&thread, NULL, run, NULL);
}

void pump_stop(void) {
    atomic_store_explicit(&stopping, 1, memory_order_relaxed);
    pthread_join(thread, NULL);
}
