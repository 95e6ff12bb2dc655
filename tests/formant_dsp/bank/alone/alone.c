/* A bank in a program without Python. Run by test_core.py, which compiles it with the bank's and the kernels' C.

   alone SETUP EVENTS BLOCK FRAMES    plays events from a file (formant_event_t, one after the other) as fast as the ring
                                      takes them; writes float[FRAMES][channels] to standard output, BLOCK at a time
   alone SETUP                        writes the bytes that such a bank needs, as text */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "native/bank.h"

enum { GUARD = 4096, JUNK = 0xA5, LINE = 64 };

static void fail(const char *what) {
    fprintf(stderr, "alone: %s\n", what);
    exit(1);
}

static void load(const char *path, void *at, size_t bytes) {
    FILE *file = fopen(path, "rb");
    if (!file || fread(at, 1, bytes, file) != bytes) fail(path);
    fclose(file);
}

int main(int count, char **words) {
    static formant_kernel_table_t kernels;
    static formant_event_t event;
    formant_bank_setup_t setup;
    if (count < 2) fail("no setup");
    load(words[1], &setup, sizeof setup);
    const size_t bytes = formant_bank_bytes(&setup);
    if (count == 2) return printf("%zu\n", bytes) < 0;
    if (count != 5 || !bytes) fail("a setup out of range, or words are missing");

    char *memory = malloc(bytes + 2 * GUARD + LINE);
    memset(memory, JUNK, bytes + 2 * GUARD + LINE);
    char *block = (char *)(((uintptr_t)memory + GUARD + LINE - 1) & ~(uintptr_t)(LINE - 1));
    formant_kernels(&kernels);
    formant_bank_t *bank = formant_bank_init(block, &setup, &kernels);

    FILE *events = fopen(words[2], "rb");
    if (!events) fail(words[2]);
    int waits = fread(&event, sizeof event, 1, events) == 1;
    const uint64_t most = strtoull(words[3], 0, 10);
    float *out = calloc(most * (size_t)setup.channels, sizeof *out);
    for (uint64_t left = strtoull(words[4], 0, 10); left;) {
        const uint64_t frames = left < most ? left : most;
        while (waits && formant_bank_push(bank, &event)) waits = fread(&event, sizeof event, 1, events) == 1;
        formant_bank_read(bank, out, frames);
        fwrite(out, sizeof *out * (size_t)setup.channels, frames, stdout);
        left -= frames;
    }
    if (waits || formant_bank_waiting(bank)) fail("events are left over");
    for (const char *at = memory; at < block; at++)
        if (*at != (char)JUNK) fail("the bank wrote before its block");
    for (const char *at = block + bytes; at < memory + bytes + 2 * GUARD + LINE; at++)
        if (*at != (char)JUNK) fail("the bank wrote behind its block");
    return 0;
}
