/* An audio thread for proofs: calls a PaStreamCallback without ever meeting the interpreter's lock, whose own
   synchronisation would hide a race. */

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

typedef int callback_t(const void *, void *, unsigned long, const void *, unsigned long, void *);
enum { FRAMES = 100, MAX_CHANNELS = 8 }; /* no multiple of the hop */

static callback_t *callback;
static void *user;
static pthread_t thread;
static atomic_int stopping;

static void *run(void *unused) {
    static float out[FRAMES * MAX_CHANNELS];
    (void)unused;
    while (!atomic_load_explicit(&stopping, memory_order_relaxed)) callback(NULL, out, FRAMES, NULL, 0, user);
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
