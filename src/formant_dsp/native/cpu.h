/* The instruction sets that this processor and its operating system allow, from cpuid and xgetbv.
   (The builtins of compilers return 0 with some toolchains.) */
#ifndef FORMANT_CPU_H
#define FORMANT_CPU_H

#include <stdint.h>

#if defined(__x86_64__) || defined(_M_X64)
#if defined(_MSC_VER) && !defined(__clang__)
#include <immintrin.h>
#include <intrin.h>
static void formant_cpuid(uint32_t leaf, uint32_t r[4]) { __cpuidex((int *)r, (int)leaf, 0); }
static uint64_t formant_xgetbv(void) { return _xgetbv(0); }
#else
#include <cpuid.h>
static void formant_cpuid(uint32_t leaf, uint32_t r[4]) {
    r[0] = r[1] = r[2] = r[3] = 0;
    __get_cpuid_count(leaf, 0, &r[0], &r[1], &r[2], &r[3]);
}
static uint64_t formant_xgetbv(void) {
    uint32_t a, d;
    __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    return ((uint64_t)d << 32) | a;
}
#endif

/* 1 = baseline, 3 = x86-64-v3 (AVX2, FMA, BMI), 4 = x86-64-v4 (AVX-512 F, BW, CD, DQ, VL). */
static int formant_cpu_level(void) {
    uint32_t one[4], seven[4], ext[4];
    formant_cpuid(1, one);
    formant_cpuid(7, seven);
    formant_cpuid(0x80000001u, ext);
    const uint32_t c1 = (1u << 0) | (1u << 9) | (1u << 12) | (1u << 13) | (1u << 19) | (1u << 20) | (1u << 22) |
                        (1u << 23) | (1u << 27) | (1u << 28) | (1u << 29); /* SSE3 … FMA, MOVBE, OSXSAVE, AVX, F16C */
    if ((one[2] & c1) != c1) return 1;
    const uint64_t xcr0 = formant_xgetbv();
    if ((xcr0 & 0x6) != 0x6) return 1;
    const uint32_t b7 = (1u << 3) | (1u << 5) | (1u << 8); /* BMI1, AVX2, BMI2 */
    if ((seven[1] & b7) != b7 || !(ext[2] & (1u << 5)) /* LZCNT */) return 1;
    const uint32_t b512 = (1u << 16) | (1u << 17) | (1u << 28) | (1u << 30) | (1u << 31); /* F DQ CD BW VL */
    if ((seven[1] & b512) == b512 && (xcr0 & 0xe6) == 0xe6) return 4;
    return 3;
}
#elif defined(__arm__) && defined(__linux__)
#include <sys/auxv.h>
/* 1 = baseline, 2 = NEON with fused multiply-add: every 32-bit ARM since the Cortex-A7 (Raspberry Pi 2). */
static int formant_cpu_level(void) {
    const unsigned long wanted = (1ul << 12) | (1ul << 16); /* HWCAP_NEON, HWCAP_VFPv4 */
    return (getauxval(AT_HWCAP) & wanted) == wanted ? 2 : 1;
}
#else
static int formant_cpu_level(void) { return 1; }
#endif

#endif
