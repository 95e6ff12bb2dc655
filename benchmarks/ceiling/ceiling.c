/* The most that plain ModFM can do on a core: its arithmetic with all data in place and no bank around it.
 *
 * A voice of five formants over a hop of 64 frames: ramps of centre, index and gain, two neighbouring harmonic carriers
 * of one uint32 phase, sine of degree 9 (and its cosine of degree 8, of the half angle), 2^x of degree 5. No notes, no
 * formant model, no smoothing, no level, no limiter. compile.py builds it once per instruction set and variant:
 *
 *   TOGETHER     formants in one loop over frames: 1, 3 (then 2) or 5. One is kind to the registers, more share loads.
 *   INTERLEAVED  a flag, not seen here: the compiler may mix the formants of one loop (-fschedule-insns).
 */
#include <stdint.h>
#include <string.h>

#define HOP 64
#define FORMANTS 5
#define INLINE static inline __attribute__((always_inline))
#define ROW __attribute__((aligned(64)))

typedef struct {
    uint32_t phase, increment;
    int32_t increment_step;
    float nu[2][FORMANTS];    /* centre in harmonics at the start and the end of the hop */
    float index[2][FORMANTS]; /* k log2 e */
    float gain[2][FORMANTS];
} voice_t;

typedef struct {
    float nu, nu_step, index, index_step, gain, gain_step;
} formant_t;

INLINE int32_t bits(float x) {
    int32_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

INLINE float from_bits(int32_t b) {
    float x;
    memcpy(&x, &b, sizeof x);
    return x;
}

INLINE float turns(uint32_t phase) { return (float)(int32_t)phase * 2.3283064365386963e-10f; }

/* sin πt and cos πt for |t| <= 1/2: no folding, and they share t². */
INLINE float sin_half(float t, float t2) {
    return t * (3.14159258f + t2 * (-5.167706879f + t2 * (2.550031377f + t2 * (-0.5980451742f + t2 * 0.07722012904f))));
}

INLINE float cos_half(float t2) {
    return 0.9999999535f + t2 * (-4.934792859f + t2 * (4.058411914f + t2 * (-1.331880161f + t2 * 0.2196967987f)));
}

/* 2^t for t <= 0, at least 2^-125; the integer part goes straight into the exponent of the polynomial. */
INLINE float exp2_poly(float t) {
    float x = t > -125.0f ? t : -125.0f;
    float m = x + 12582912.0f;
    float f = x - (m - 12582912.0f);
    float p = 1.00000007f + f * (0.693146967f + f * (0.240221197f + f * (0.0555071327f + f * (0.00967554133f + f * 0.00132764715f))));
    return from_bits(bits(p) + (int32_t)((uint32_t)bits(m) << 23));
}

INLINE formant_t ramps(const voice_t *v, int j) {
    formant_t f = {v->nu[0][j],    (v->nu[1][j] - v->nu[0][j]) * (1.0f / HOP),
                   v->index[0][j], (v->index[1][j] - v->index[0][j]) * (1.0f / HOP),
                   v->gain[0][j],  (v->gain[1][j] - v->gain[0][j]) * (1.0f / HOP)};
    return f;
}

/* gain e^{k(cos θ - 1)} ((1-w) sin Nθ + w sin (N+1)θ), with c1 = cos θ - 1, s = sin θ */
INLINE float formant(formant_t f, float i, uint32_t phase, float c1, float s) {
    float nu = f.nu + i * f.nu_step;
    int32_t n = (int32_t)nu;
    float w = nu - (float)n;
    float pulse = (f.gain + i * f.gain_step) * exp2_poly((f.index + i * f.index_step) * c1);
    float t = turns((uint32_t)n * phase), t2 = t * t;
    float a = sin_half(t, t2), b = cos_half(t2), q = w * s;
    return pulse * (q + (a + a) * (b * (1.0f + w * c1) - a * q));
}

INLINE void fill_phase(uint32_t *restrict phase, const voice_t *v) {
    uint32_t start = v->phase, inc = v->increment, step = (uint32_t)v->increment_step;
    for (uint32_t i = 0; i < HOP; i++)
        phase[i] = start + i * inc + ((i * (i - 1)) >> 1) * step;
}

INLINE void fill_shared(float *restrict c1, float *restrict s, const uint32_t *restrict phase) {
    for (int i = 0; i < HOP; i++) {
        float t = turns(phase[i]), t2 = t * t, a = sin_half(t, t2);
        c1[i] = -2.0f * a * a;
        s[i] = 2.0f * a * cos_half(t2);
    }
}

#define SHARED const uint32_t *restrict phase, const float *restrict c1, const float *restrict s
#define FORMANT(f) formant(f, (float)i, phase[i], c1[i], s[i])

INLINE void add_1(float *restrict y, SHARED, formant_t f) {
    for (int i = 0; i < HOP; i++)
        y[i] += FORMANT(f);
}

INLINE void add_2(float *restrict y, SHARED, formant_t f, formant_t g) {
    for (int i = 0; i < HOP; i++)
        y[i] += FORMANT(f) + FORMANT(g);
}

INLINE void add_3(float *restrict y, SHARED, formant_t f, formant_t g, formant_t h) {
    for (int i = 0; i < HOP; i++)
        y[i] += FORMANT(f) + FORMANT(g) + FORMANT(h);
}

INLINE void add_5(float *restrict y, SHARED, formant_t f, formant_t g, formant_t h, formant_t k, formant_t l) {
    for (int i = 0; i < HOP; i++)
        y[i] += FORMANT(f) + FORMANT(g) + FORMANT(h) + FORMANT(k) + FORMANT(l);
}

INLINE void add_voice(float *restrict y, const voice_t *v) {
    ROW uint32_t phase[HOP];
    ROW float c1[HOP];
    ROW float s[HOP];
    fill_phase(phase, v);
    fill_shared(c1, s, phase);
#if TOGETHER == 1
    for (int j = 0; j < FORMANTS; j++)
        add_1(y, phase, c1, s, ramps(v, j));
#elif TOGETHER == 3
    add_3(y, phase, c1, s, ramps(v, 0), ramps(v, 1), ramps(v, 2));
    add_2(y, phase, c1, s, ramps(v, 3), ramps(v, 4));
#else
    add_5(y, phase, c1, s, ramps(v, 0), ramps(v, 1), ramps(v, 2), ramps(v, 3), ramps(v, 4));
#endif
}

/* `hops` hops of `n` voices; y holds the last. Phases move on, the ramps are the same in each hop. */
void ceiling(float *restrict y, voice_t *voices, int n, int hops) {
    for (int h = 0; h < hops; h++) {
        memset(y, 0, HOP * sizeof(float));
        for (int i = 0; i < n; i++) {
            voice_t *v = voices + i;
            add_voice(y, v);
            v->phase += HOP * v->increment + HOP * (HOP - 1) / 2 * (uint32_t)v->increment_step;
        }
    }
}
