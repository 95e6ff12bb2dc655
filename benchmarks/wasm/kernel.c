/* How long the plain kernel takes alone: hops of one plain ModFM voice, without the bank around it. run.py compiles it
   with the kernels of bank.wasm, and by itself for the native ones. */
#include <stdint.h>

#include "native/bank.h"
#include "native/vec.h"

enum { HOP = 64, ROWS = 30, NU = 0, INDEX = 5, BELL = 10, FORMANTS = 5, FIRST_VOICE = 4, MODFM = 1 };

/* shared_t and voice_hop_t of kernels/table.pxd. */
typedef struct {
    formant_phase_row_t phase;
    formant_row_t c1, s;
} shared_t;

typedef struct {
    uint32_t phase, increment;
    int32_t increment_step, stride;
    const float *start, *end;
    float gap;
    shared_t *shared;
    const void *harmonics;
} voice_hop_t;

typedef void (*voice_kernel_t)(float *y, const voice_hop_t *hop);

/* So many hops of an a at 220 Hz; returns the sum of the last one, by which two builds can be compared. */
float formant_hops(const formant_kernel_table_t *table, int count) {
    static const float hz[FORMANTS] = {650, 1080, 2650, 2900, 3250}, width[FORMANTS] = {80, 90, 120, 130, 140};
    static shared_t shared;
    static formant_row_t y;
    const voice_kernel_t kernel = (voice_kernel_t)table->entries[FIRST_VOICE + MODFM];
    float start[ROWS] = {0}, end[ROWS] = {0}, sum = 0;
    voice_hop_t hop = {.phase = 1, .increment = 19685267, .increment_step = 100, .stride = 1};
    for (int j = 0; j < FORMANTS; j++) {
        start[NU + j] = hz[j] / 220.0f;
        start[INDEX + j] = 60.0f * 220.0f / width[j] / 100.0f;
        start[BELL + j] = 0.1f;
        end[NU + j] = 1.01f * start[NU + j];
        end[INDEX + j] = 1.01f * start[INDEX + j];
        end[BELL + j] = 0.11f;
    }
    hop.start = start;
    hop.end = end;
    hop.shared = &shared;
    for (int i = 0; i < count; i++) {
        kernel(y, &hop);
        hop.phase += HOP * hop.increment;
    }
    for (int i = 0; i < HOP; i++)
        sum += y[i];
    return sum;
}

#if defined(__wasm__)
__attribute__((export_name("hops"))) float hops(int count) {
    formant_kernel_table_t table;
    formant_kernels(&table);
    return formant_hops(&table, count);
}
#endif
