# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The audio callback: a C function and its state. Nothing here needs the interpreter while sound is being made.

PortAudio calls `play` on its own thread; it reads the bank, spreads the sound over the channels, and counts. Python
reads the counters whenever it likes; every one of them is written by the audio thread alone.
"""

from libc.stdint cimport int32_t, uint64_t, uintptr_t
from libc.string cimport memset

from formant_dsp.bank cimport Bank, bank_read, bank_t
from formant_dsp.ring cimport atomic_t, load_relaxed, store_relaxed

cdef extern from "native/rt.h" nogil:
    uint64_t now_ns "formant_now_ns"() noexcept

cdef enum:
    BINS = 64                 # of the render-time histogram, each 1/32 of the block's period; the last takes the rest
    BINS_A_PERIOD = 32
    CHUNK = 512               # frames spread over the channels at a time
    OUTPUT_UNDERFLOW = 4      # paOutputUnderflow
    CONTINUE = 0              # paContinue

ctypedef struct stream_t:
    bank_t* bank
    int channels
    double sample_rate
    atomic_t blocks
    atomic_t frames
    atomic_t underflows
    atomic_t overruns         # blocks that took longer to make than to play
    atomic_t render_ns_total
    atomic_t render_ns_max
    atomic_t block_frames     # of the latest block
    atomic_t histogram[BINS]
    float mono[CHUNK]


cdef inline void add(atomic_t* p, uint64_t n) noexcept nogil:
    store_relaxed(p, load_relaxed(p) + n)


cdef void make(stream_t* s, float* out, uint64_t frames) noexcept nogil:
    """frames of all channels, interleaved; counted and timed."""
    cdef uint64_t began = now_ns(), spent, left = frames, n, i, bin
    cdef int channel, channels = s.channels
    while left:
        n = left if left < CHUNK else CHUNK
        bank_read(s.bank, s.mono, n)
        for i in range(n):
            for channel in range(channels):
                out[i * channels + channel] = s.mono[i]
        out += n * channels
        left -= n
    spent = now_ns() - began
    add(&s.blocks, 1)
    add(&s.frames, frames)
    add(&s.render_ns_total, spent)
    store_relaxed(&s.block_frames, frames)
    if spent > load_relaxed(&s.render_ns_max):
        store_relaxed(&s.render_ns_max, spent)
    bin = <uint64_t>(spent * s.sample_rate * BINS_A_PERIOD / (frames * 1e9))
    if bin >= BINS_A_PERIOD:
        add(&s.overruns, 1)
    add(&s.histogram[bin if bin < BINS else BINS - 1], 1)


cdef int play(const void* input, void* output, unsigned long frames, const void* time_info, unsigned long flags,
              void* user) noexcept nogil:
    """PaStreamCallback of an interleaved float32 output."""
    cdef stream_t* s = <stream_t*>user
    if flags & OUTPUT_UNDERFLOW:
        add(&s.underflows, 1)
    if frames:
        make(s, <float*>output, frames)
    return CONTINUE


cdef class StreamState:
    """State of one output stream; owns what the callback points at and keeps the bank alive.

    bank        what is played
    channels    1 … 8, each gets the same sound
    error       ValueError for another number of channels, RuntimeError when the bank is being played already
    """

    cdef stream_t stream
    cdef readonly Bank bank

    def __cinit__(self, Bank bank, int channels=1):
        if not 1 <= channels <= 8:
            raise ValueError(f"channels={channels} must be within 1 … 8")
        if bank.streaming is not None:
            raise RuntimeError("this bank is being played already: stop that sink first")
        memset(&self.stream, 0, sizeof(stream_t))
        self.bank = bank
        self.stream.bank = &bank.bank
        self.stream.channels = channels
        self.stream.sample_rate = bank.sample_rate
        bank.streaming = True

    def release(self):
        """Give the bank back. The callback must not run any more."""
        self.bank.streaming = None

    @property
    def callback_address(self):
        """Of the PaStreamCallback."""
        return <uintptr_t>&play

    @property
    def user_address(self):
        """Of its user data: this object's state, valid as long as this object lives."""
        return <uintptr_t>&self.stream

    def render_into(self, float[:, ::1] out):
        """One block as the callback makes it, without the interpreter lock: float32[frames, channels]."""
        cdef uint64_t frames = out.shape[0]
        if out.shape[1] != self.stream.channels:
            raise ValueError(f"out has {out.shape[1]} channels, the stream {self.stream.channels}")
        if frames:
            with nogil:
                make(&self.stream, &out[0, 0], frames)

    def counters(self):
        """Blocks, frames, underflows, overruns, render times (µs) and their histogram in 1/32 of a block's period."""
        cdef stream_t* s = &self.stream
        blocks = load_relaxed(&s.blocks)
        return {
            "blocks": blocks,
            "frames": load_relaxed(&s.frames),
            "underflows": load_relaxed(&s.underflows),
            "overruns": load_relaxed(&s.overruns),
            "block_frames": load_relaxed(&s.block_frames),
            "render_us_mean": load_relaxed(&s.render_ns_total) / blocks / 1e3 if blocks else 0.0,
            "render_us_max": load_relaxed(&s.render_ns_max) / 1e3,
            "render_histogram": [load_relaxed(&s.histogram[i]) for i in range(BINS)],
        }
