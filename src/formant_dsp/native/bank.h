/* The bank for C, without Python: one block of memory, events in, frames out. bank/core.pyx and kernels/_kernels.pyx
   implement it.

   Memory    The caller owns the block. It has formant_bank_bytes() bytes, starts on a cache line (64 bytes) and must
             not move. The whole bank lies in it. The table of kernels must outlive the bank.
   Threads   One thread pushes and one thread reads; both may be the same. A bank starts with a formant_bank_shared_t
             (shared.h). A second thread may access its fields while the bank is read.
   Errors    formant_bank_bytes() returns 0 for a setup out of range. formant_bank_push() returns 0 when the ring is
             full. The numbers of an event are not checked: they must be finite and in the ranges of model/params.py. */
#ifndef FORMANT_BANK_H
#define FORMANT_BANK_H

#include <stddef.h>
#include <stdint.h>

#include "event.h"

typedef struct formant_bank formant_bank_t;

typedef struct {
    void *entries[64]; /* more than the table has */
} formant_kernel_table_t;

/* Fills the table with the loops of the instruction set that they were compiled for. */
void formant_kernels(formant_kernel_table_t *table);

/* Bytes of the block for this setup; 0: the setup is out of range. */
size_t formant_bank_bytes(const formant_bank_setup_t *setup);

/* Makes a silent bank at the first byte of the block, and overwrites all of the block. */
formant_bank_t *formant_bank_init(void *block, const formant_bank_setup_t *setup, const formant_kernel_table_t *kernels);

/* Puts one event into the ring. Returns 0, and does nothing, when the ring is full. */
int formant_bank_push(formant_bank_t *bank, const formant_event_t *event);

/* Number of events in the ring that no hop has taken yet. */
uint64_t formant_bank_waiting(formant_bank_t *bank);

/* Writes the next frames of all channels, interleaved: float[frames][channels], |y| < 0.85. Any number of frames. */
void formant_bank_read(formant_bank_t *bank, float *out, uint64_t frames);

/* Ends load shedding: sets the limit of voices to that of the setup and removes the budget of a hop. Must not be called
   while another thread reads. */
void formant_bank_unshed(formant_bank_t *bank);

#endif
