/* C for a vectorising compiler: restrict, bit casts, a maximum without branches. */
#ifndef FORMANT_VEC_H
#define FORMANT_VEC_H

#include <stdint.h>
#include <string.h>

#if defined(_MSC_VER)
#define FORMANT_RESTRICT __restrict
#else
#define FORMANT_RESTRICT restrict
#endif

typedef float *FORMANT_RESTRICT formant_out_t;
typedef const float *FORMANT_RESTRICT formant_in_t;
typedef const uint32_t *FORMANT_RESTRICT formant_phase_t;
typedef double *FORMANT_RESTRICT formant_dout_t;
typedef const double *FORMANT_RESTRICT formant_din_t;
typedef uint32_t *FORMANT_RESTRICT formant_words_t;

/* A hop of one signal, aligned to cache lines: a vector load never crosses the border of two lines. */
#if defined(_MSC_VER)
#define FORMANT_ALIGNED __declspec(align(64))
typedef FORMANT_ALIGNED float formant_row_t[64];
typedef FORMANT_ALIGNED uint32_t formant_phase_row_t[64];
typedef FORMANT_ALIGNED float formant_rows_t[8 * 64];
#else
typedef float formant_row_t[64] __attribute__((aligned(64)));
typedef uint32_t formant_phase_row_t[64] __attribute__((aligned(64)));
typedef float formant_rows_t[8 * 64] __attribute__((aligned(64))); /* one for each channel */
#endif

/* A constant that neither clang nor V8 knows to be one. V8 makes a known constant anew at each use inside of a loop,
   with three instructions. It keeps the value of a variable. */
#if defined(__wasm__)
static inline float formant_const(float x) {
    __asm__("" : "+r"(x));
    return x;
}
#else
#define formant_const(x) (x)
#endif

static inline int32_t formant_bits(float x) {
    int32_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static inline float formant_float(int32_t b) {
    float x;
    memcpy(&x, &b, sizeof x);
    return x;
}

static inline int64_t formant_bits64(double x) {
    int64_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static inline double formant_double(int64_t b) {
    double x;
    memcpy(&x, &b, sizeof x);
    return x;
}

/* maxps computes a > b ? a : b. fmaxf is not the same: it also orders NaN and signed zeros. */
static inline float formant_max(float a, float b) { return a > b ? a : b; }
static inline float formant_min(float a, float b) { return a < b ? a : b; }
static inline double formant_dmax(double a, double b) { return a > b ? a : b; }
static inline double formant_dmin(double a, double b) { return a < b ? a : b; }
static inline int32_t formant_maxi(int32_t a, int32_t b) { return a > b ? a : b; }

/* Whether the five formants share a loop over frames. With the compiler's scheduling (-fschedule-insns), five
   independent chains fill the pipelines better than one (SSE2 +20 %, AVX2 +7 %). With 512-bit vectors a hop is only
   four passes long, and the spilled ramps cost more (-4 %). */
#if defined(__AVX512F__)
#define FORMANT_JOINED 0
#else
#define FORMANT_JOINED 1
#endif

/* The instruction set for which this translation unit is compiled. */
#if defined(__AVX512F__) && defined(__AVX512DQ__)
#define FORMANT_ISA_NAME "avx512"
#elif defined(__AVX2__)
#define FORMANT_ISA_NAME "avx2"
#elif defined(__aarch64__) || defined(_M_ARM64)
#define FORMANT_ISA_NAME "neon"
#elif defined(__arm__) && defined(__ARM_NEON)
#define FORMANT_ISA_NAME "neon32"
#elif defined(__wasm_simd128__)
#define FORMANT_ISA_NAME "wasm128"
#elif defined(__wasm__)
#define FORMANT_ISA_NAME "wasm"
#elif defined(__x86_64__) || defined(_M_X64)
#define FORMANT_ISA_NAME "sse2"
#else
#define FORMANT_ISA_NAME "generic"
#endif

#endif
