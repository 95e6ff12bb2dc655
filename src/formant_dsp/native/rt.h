/* The machine for the audio thread: a monotonic clock, flush-to-zero for the duration of a call, atomics. */
#ifndef FORMANT_RT_H
#define FORMANT_RT_H

#include <stdatomic.h>
#include <stdint.h>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>
static inline uint64_t formant_now_ns(void) {
    LARGE_INTEGER f, c;
    QueryPerformanceFrequency(&f);
    QueryPerformanceCounter(&c);
    return (uint64_t)((double)c.QuadPart * 1e9 / (double)f.QuadPart);
}
/* Yields the core for a moment. For tests, never on the audio thread. */
static inline void formant_pause(void) { SwitchToThread(); }
#else
#include <time.h>
/* Yields the core for a moment, also to a thread of lower weight (sched_yield may wait for all others). For tests. */
static inline void formant_pause(void) {
    const struct timespec moment = {0, 1000};
    nanosleep(&moment, 0);
}
static inline uint64_t formant_now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}
#endif

/* The kernel's number of this thread, needed to set its priority; 0 on systems without such numbers. */
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
static inline uint64_t formant_thread_number(void) { return (uint64_t)syscall(SYS_gettid); } /* gettid(): glibc 2.30 */
#else
static inline uint64_t formant_thread_number(void) { return 0; }
#endif

#if defined(__SSE2__) || defined(_M_X64)
#include <xmmintrin.h>
static inline uint64_t formant_ftz_on(void) {
    const unsigned old = _mm_getcsr();
    _mm_setcsr(old | 0x8040u); /* FTZ and DAZ */
    return old;
}
static inline void formant_ftz_restore(uint64_t old) { _mm_setcsr((unsigned)old); }
#elif defined(__aarch64__)
static inline uint64_t formant_ftz_on(void) {
    uint64_t old;
    __asm__ volatile("mrs %0, fpcr" : "=r"(old));
    __asm__ volatile("msr fpcr, %0" ::"r"(old | (1ull << 24)));
    return old;
}
static inline void formant_ftz_restore(uint64_t old) { __asm__ volatile("msr fpcr, %0" ::"r"(old)); }
#elif defined(_M_ARM64)
#include <intrin.h>
static inline uint64_t formant_ftz_on(void) {
    const uint64_t old = (uint64_t)_ReadStatusReg(ARM64_FPCR);
    _WriteStatusReg(ARM64_FPCR, (int64_t)(old | (1ull << 24)));
    return old;
}
static inline void formant_ftz_restore(uint64_t old) { _WriteStatusReg(ARM64_FPCR, (int64_t)old); }
#elif defined(__arm__) && defined(__ARM_FP)
static inline uint64_t formant_ftz_on(void) {
    uint32_t old;
    __asm__ volatile("vmrs %0, fpscr" : "=r"(old));
    __asm__ volatile("vmsr fpscr, %0" ::"r"(old | (1u << 24)));
    return old;
}
static inline void formant_ftz_restore(uint64_t old) { __asm__ volatile("vmsr fpscr, %0" ::"r"((uint32_t)old)); }
#else
static inline uint64_t formant_ftz_on(void) { return 0; }
static inline void formant_ftz_restore(uint64_t old) { (void)old; }
#endif

/* A handler that drops messages of sound libraries, which would write to a file from the audio thread. */
static inline void formant_say_nothing(const char *file, int line, const char *function, int error, const char *text, ...) {
    (void)file, (void)line, (void)function, (void)error, (void)text;
}

/* Loads memory that will be written soon into the cache; a hint that may do nothing. */
#if defined(__GNUC__)
static inline void formant_prefetch(const char *p, int bytes) {
    for (int i = 0; i < bytes; i += 64) __builtin_prefetch(p + i, 1);
}
#else
static inline void formant_prefetch(const char *p, int bytes) { (void)p, (void)bytes; }
#endif

typedef _Atomic uint64_t formant_atomic_t;
static inline uint64_t formant_load_relaxed(formant_atomic_t *p) { return atomic_load_explicit(p, memory_order_relaxed); }
static inline uint64_t formant_load_acquire(formant_atomic_t *p) { return atomic_load_explicit(p, memory_order_acquire); }
static inline void formant_store_relaxed(formant_atomic_t *p, uint64_t v) { atomic_store_explicit(p, v, memory_order_relaxed); }
static inline void formant_store_release(formant_atomic_t *p, uint64_t v) { atomic_store_explicit(p, v, memory_order_release); }

#endif
