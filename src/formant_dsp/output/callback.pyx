# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The audio callback: a C function and its state. It needs no interpreter while sound is being made.

PortAudio calls `play` on its own thread. `play` reads the bank, maps its channels to those of the device, and counts.
Python may read the counters at any time; only the audio thread writes them.
"""

from libc.math cimport ceil, fabsf, rint
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t, uintptr_t
from libc.string cimport memcpy, memset

from formant_dsp.bank.bank cimport Bank
from formant_dsp.bank.core cimport bank_read, bank_unshed
from formant_dsp.kernels.rows cimport CHANNELS, HOP
from formant_dsp.bank.queue.shared cimport add, load_relaxed, store_relaxed, stream_shared_t
from formant_dsp.bank.memory.state cimport bank_t

cdef extern from "native/rt.h" nogil:
    uint64_t now_ns "formant_now_ns"() noexcept
    void say_nothing "formant_say_nothing"(const char*, int, const char*, int, const char*, ...) noexcept
    uint64_t thread_number "formant_thread_number"() noexcept

cdef enum:
    BINS = 64                 # bins of the render-time histogram, each 1/32 of a block's period; the last has the rest
    BINS_A_PERIOD = 32
    CHUNK = 512               # frames that are mapped to the channels of the device at a time
    OUTPUT_UNDERFLOW = 4      # paOutputUnderflow
    CONTINUE = 0              # paContinue

cdef double CLOCK_DRIFT = 5e-4  # greatest relative difference of the device's clock and the machine's clock

ctypedef struct schedule_t:
    uint64_t began            # time of the first block, ns
    uint64_t seen             # time of the latest block, ns
    double earliest           # time of the earliest block relative to its place, ns; rises by CLOCK_DRIFT

ctypedef struct stream_t:
    stream_shared_t shared    # first: proofs/audio finds its fields by their place
    bank_t* bank
    int channels              # of the device
    int sources               # channels of the bank
    bint straight             # the device has the channels of the bank in the same order: nothing to map
    float matrix[CHANNELS][CHANNELS]  # [device][bank]
    double sample_rate
    schedule_t schedule
    uint64_t measured         # the number of the measurement that `peak` belongs to
    float peak
    float sound[CHUNK * CHANNELS]


cdef void mapped(stream_t* s, float* out, uint64_t frames) noexcept nogil:
    """Write the next frames of the device's channels, each a weighted sum of the bank's channels."""
    cdef uint64_t n, i
    cdef int to, source
    cdef float x
    while frames:
        n = frames if frames < CHUNK else CHUNK
        bank_read(s.bank, s.sound, n)
        for i in range(n):
            for to in range(s.channels):
                x = 0.0
                for source in range(s.sources):
                    x += s.matrix[to][source] * s.sound[i * s.sources + source]
                out[i * s.channels + to] = x
        out += n * s.channels
        frames -= n


cdef void measure(stream_t* s, const float* out, uint64_t frames) noexcept nogil:
    """Keep the greatest magnitude of all samples since the measurement that is wanted began."""
    cdef uint64_t wanted = load_relaxed(&s.shared.peak_wanted), i
    cdef float peak = 0.0, magnitude
    cdef uint32_t bits
    if wanted == 0:
        return
    if wanted == s.measured:
        peak = s.peak
    for i in range(frames * <uint64_t>s.channels):
        magnitude = fabsf(out[i])
        if magnitude > peak:
            peak = magnitude
    s.measured = wanted
    s.peak = peak
    memcpy(&bits, &peak, sizeof(bits))
    store_relaxed(&s.shared.peak, wanted << 32 | bits)


cdef void make(stream_t* s, float* out, uint64_t frames) noexcept nogil:
    """Write the next frames of all channels, interleaved; count and time the block."""
    cdef uint64_t began = now_ns(), spent, bin
    if s.straight:
        bank_read(s.bank, out, frames)
    else:
        mapped(s, out, frames)
    measure(s, out, frames)
    spent = now_ns() - began
    add(&s.shared.blocks, 1)
    add(&s.shared.frames, frames)
    add(&s.shared.render_ns_total, spent)
    store_relaxed(&s.shared.block_frames, frames)
    if spent > load_relaxed(&s.shared.render_ns_max):
        store_relaxed(&s.shared.render_ns_max, spent)
    bin = <uint64_t>(spent * s.sample_rate * BINS_A_PERIOD / (frames * 1e9))
    if bin >= BINS_A_PERIOD:
        add(&s.shared.overruns, 1)
    add(&s.shared.histogram[bin if bin < BINS else BINS - 1], 1)


cdef void watch(stream_t* s, uint64_t now, bint underflow) noexcept nogil:
    """Measure how late this callback is, compared with the earliest one. So bursts and drifting clocks are on time."""
    cdef schedule_t* at = &s.schedule
    cdef double ahead, behind, allowed = <double>load_relaxed(&s.shared.allowed_ns)
    cdef int64_t before = <int64_t>(load_relaxed(&s.bank.shared.frame) - load_relaxed(&s.shared.frames))
    if load_relaxed(&s.shared.blocks) == 0:
        at.began = at.seen = now
    ahead = <double>(now - at.began) - load_relaxed(&s.shared.frames) * 1e9 / s.sample_rate
    at.earliest += <double>(now - at.seen) * CLOCK_DRIFT
    at.seen = now
    if underflow or ahead < at.earliest:   # after an underflow every block is later by the time that was lost
        at.earliest = ahead
    behind = ahead - at.earliest
    if behind > allowed > 0.0:
        add(&s.shared.late, 1)
        at.earliest = ahead
    if behind > load_relaxed(&s.shared.late_ns_max):
        store_relaxed(&s.shared.late_ns_max, <uint64_t>behind)
    store_relaxed(&s.shared.zero_ns, at.began + <uint64_t><int64_t>(at.earliest - before * (1e9 / s.sample_rate)))


cdef int play(const void* input, void* output, unsigned long frames, const void* time_info, unsigned long flags,
              void* user) noexcept nogil:
    """PaStreamCallback of an interleaved float32 output."""
    cdef stream_t* s = <stream_t*>user
    cdef bint underflow = flags & OUTPUT_UNDERFLOW
    if underflow:
        add(&s.shared.underflows, 1)
    if load_relaxed(&s.shared.blocks) == 0:
        store_relaxed(&s.shared.thread, thread_number())
    watch(s, now_ns(), underflow)
    if frames:
        make(s, <float*>output, frames)
    return CONTINUE


def silent_address():
    """Address of a C function that drops messages of ALSA (a snd_lib_error_handler_t)."""
    return <uintptr_t>&say_nothing


cdef list _matrix(int sources, int channels, channel_map):
    """Rows of weights, one row for each channel of the device. ValueError for a map that does not fit."""
    if channel_map is not None:
        channel_map = [int(source) for source in channel_map]
        if len(channel_map) != channels:
            raise ValueError(f"channel_map={channel_map} must name a channel of the bank for each of {channels} channels, -1 for none")
        for source in channel_map:
            if not -1 <= source < sources:
                raise ValueError(f"channel_map={channel_map}: the bank has the channels 0 … {sources - 1}; -1 is silence")
        return [[float(source == wanted) for source in range(sources)] for wanted in channel_map]
    if sources <= channels:
        return [[float(sources == 1 or source == to) for source in range(sources)] for to in range(channels)]
    # Folded: each channel of the device is the mean of several channels of the bank. Nothing is lost and nothing clips.
    folds = [[float(source % channels == to) for source in range(sources)] for to in range(channels)]
    return [[weight / sum(row) for weight in row] for row in folds]


cdef class StreamState:
    """State of one output stream. It owns the memory of the callback and keeps the bank alive.

    bank         the bank to play
    channels     1 … 8 channels of the device. A bank of one channel sounds in all of them. Other banks play in the same
                 order, with silence in the channels that are left over. A bank with more channels than the device is
                 folded: channel c is the mean of the channels c, c + channels, …
    channel_map  replaces that rule: for each channel of the device the channel of the bank, or -1 for silence
    budget       share of a hop's time in which the hop shall be made, 0 < budget ≤ 1; when it takes longer, the
                 quietest voices are shed. 0 = never shed. 0.8 leaves a fifth for the driver and for fading voices
    error        ValueError for another number of channels, a map that does not fit or a budget out of range;
                 RuntimeError when a sink or another thread already uses the bank
    """

    cdef stream_t stream
    cdef readonly Bank bank
    cdef uint64_t measurement

    def __cinit__(self, Bank bank, int channels=1, channel_map=None, double budget=0.8):
        cdef int to, source
        if not 1 <= channels <= CHANNELS:
            raise ValueError(f"channels={channels} must be within 1 … {CHANNELS}")
        matrix = _matrix(bank.channels, channels, channel_map)
        if bank.streaming is not None:
            raise RuntimeError("this bank is being played already: stop that sink first")
        if bank.rendering:
            raise RuntimeError("another thread renders this bank: let it end first")
        memset(&self.stream, 0, sizeof(stream_t))
        self.bank = bank
        self.stream.bank = bank.bank
        self.stream.channels = channels
        self.stream.sources = bank.channels
        self.stream.sample_rate = bank.sample_rate
        self.stream.straight = channels == bank.channels
        for to in range(channels):
            for source in range(bank.channels):
                self.stream.matrix[to][source] = matrix[to][source]
                self.stream.straight = self.stream.straight and matrix[to][source] == (to == source)
        bank_unshed(bank.bank)
        self.budget = budget
        bank.streaming = True

    def release(self):
        """Release the bank, so that it can be played or rendered again. The callback must have ended."""
        bank_unshed(self.bank.bank)
        self.bank.streaming = None

    @property
    def budget(self):
        """Share of a hop's time in which the hop shall be made, 0 … 1; it may be set while the stream plays."""
        return load_relaxed(&self.bank.bank.shared.hop_budget_ns) * self.bank.sample_rate / (HOP * 1e9)

    @budget.setter
    def budget(self, double budget):
        if not 0.0 <= budget <= 1.0:
            raise ValueError(f"budget={budget} must be within 0 … 1")
        store_relaxed(&self.bank.bank.shared.hop_budget_ns, <uint64_t>ceil(budget * HOP * 1e9 / self.bank.sample_rate))

    def allow_late(self, double seconds):
        """Set the length of the device's buffer, s: later callbacks are counted. Call it before the stream starts."""
        store_relaxed(&self.stream.shared.allowed_ns, <uint64_t>(seconds * 1e9))

    @property
    def thread(self):
        """The kernel's number of the callback's thread; 0 before its first block or on systems without numbers."""
        return load_relaxed(&self.stream.shared.thread)

    @property
    def regions(self):
        """Memory that the audio thread works in: a list of (address, bytes)."""
        return [(<uintptr_t>&self.stream, sizeof(stream_t)), *self.bank.regions]

    @property
    def callback_address(self):
        """Address of the PaStreamCallback."""
        return <uintptr_t>&play

    @property
    def user_address(self):
        """Address of the callback's user data; valid while this object exists."""
        return <uintptr_t>&self.stream

    def frame_in(self, double seconds):
        """The frame of the bank's clock that the device will request after `seconds`; None before the first block.

        It is computed from the earliest callbacks (`watch`), so it advances evenly even if callbacks come in bursts. A
        note on this frame is heard one latency of the sink later.
        """
        cdef stream_t* s = &self.stream
        cdef double ns
        cdef uint64_t zero_ns = load_relaxed(&s.shared.zero_ns)
        if zero_ns == 0:
            return None
        ns = <double><int64_t>(now_ns() - zero_ns) + seconds * 1e9
        return max(0, <int64_t>rint(ns * s.sample_rate / 1e9))

    def peak(self):
        """The greatest magnitude of a sample in all channels since the last call; 1 is full scale.

        The first call begins to measure, and `stop_measuring` ends it. None: no block was measured since the last call.
        So a device that stands still shows no old level.
        """
        cdef uint64_t wanted = load_relaxed(&self.stream.shared.peak_wanted)
        cdef uint64_t found = load_relaxed(&self.stream.shared.peak)
        cdef uint32_t bits = <uint32_t>found
        cdef float peak
        if wanted and found >> 32 != wanted:
            return None
        self.measurement = self.measurement % 0xFFFFFFFF + 1
        store_relaxed(&self.stream.shared.peak_wanted, self.measurement)
        if wanted == 0:
            return None
        memcpy(&peak, &bits, sizeof(peak))
        return peak

    def stop_measuring(self):
        """Nobody asks for the peak any more: the callback measures nothing."""
        store_relaxed(&self.stream.shared.peak_wanted, 0)

    def render_into(self, float[:, ::1] out):
        """Render one block as the callback does, without the interpreter's lock.

        out     float32[frames, channels]
        error   ValueError for another number of channels
        """
        cdef uint64_t frames = out.shape[0]
        if out.shape[1] != self.stream.channels:
            raise ValueError(f"out has {out.shape[1]} channels, the stream {self.stream.channels}")
        if frames:
            with nogil:
                watch(&self.stream, now_ns(), False)
                make(&self.stream, &out[0, 0], frames)

    def counters(self):
        """Blocks, frames, underflows, overruns, late callbacks, render times (µs), and a histogram of the render times
        in 1/32 of a block's period."""
        cdef stream_t* s = &self.stream
        blocks = load_relaxed(&s.shared.blocks)
        return {
            "blocks": blocks,
            "frames": load_relaxed(&s.shared.frames),
            "underflows": load_relaxed(&s.shared.underflows),
            "overruns": load_relaxed(&s.shared.overruns),
            "late": load_relaxed(&s.shared.late),
            "late_us_max": load_relaxed(&s.shared.late_ns_max) / 1e3,
            "block_frames": load_relaxed(&s.shared.block_frames),
            "render_us_mean": load_relaxed(&s.shared.render_ns_total) / blocks / 1e3 if blocks else 0.0,
            "render_us_max": load_relaxed(&s.shared.render_ns_max) / 1e3,
            "render_histogram": [load_relaxed(&s.shared.histogram[i]) for i in range(BINS)],
        }
