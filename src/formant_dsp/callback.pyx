# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The audio callback: a C function and its state. Nothing here needs the interpreter while sound is being made.

PortAudio calls `play` on its own thread; it reads the bank, hands its channels to those of the device, and counts. Python
reads the counters whenever it likes; every one of them is written by the audio thread alone.
"""

from libc.math cimport ceil, rint
from libc.stdint cimport int32_t, int64_t, uint64_t, uintptr_t
from libc.string cimport memset

from formant_dsp.bank cimport Bank, bank_budget, bank_read, bank_t
from formant_dsp.params cimport CHANNELS, HOP
from formant_dsp.ring cimport atomic_t, load_relaxed, store_relaxed

cdef extern from "native/rt.h" nogil:
    uint64_t now_ns "formant_now_ns"() noexcept
    void say_nothing "formant_say_nothing"(const char*, int, const char*, int, const char*, ...) noexcept
    uint64_t thread_number "formant_thread_number"() noexcept

cdef enum:
    BINS = 64                 # of the render-time histogram, each 1/32 of the block's period; the last takes the rest
    BINS_A_PERIOD = 32
    CHUNK = 512               # frames handed to the channels of the device at a time
    OUTPUT_UNDERFLOW = 4      # paOutputUnderflow
    CONTINUE = 0              # paContinue

cdef double CLOCK_DRIFT = 5e-4  # most that the device's clock differs from the machine's, seconds a second

ctypedef struct schedule_t:
    uint64_t began            # of the first block, ns
    uint64_t seen             # of the latest block, ns
    double earliest           # how far ahead of its place in time a block has come at best, ns; forgets with CLOCK_DRIFT
    double allowed            # how much later one may come until the sound breaks, ns

ctypedef struct stream_t:
    bank_t* bank
    int channels              # of the device
    int sources               # channels of the bank
    bint straight             # the device's channels are the bank's
    float matrix[CHANNELS][CHANNELS]  # [device][bank]
    double sample_rate
    atomic_t blocks
    atomic_t frames
    atomic_t underflows
    atomic_t overruns         # blocks that took longer to make than to play
    atomic_t late             # callbacks that came when the device had nothing left to play
    atomic_t late_ns_max      # most that a callback came after its time
    atomic_t thread           # the kernel's number of the audio thread; 0 before the first block
    schedule_t schedule
    atomic_t zero             # when frame 0 of the bank's clock would have been asked for, ns, as two's complement
    atomic_t render_ns_total
    atomic_t render_ns_max
    atomic_t block_frames     # of the latest block
    atomic_t histogram[BINS]
    float sound[CHUNK * CHANNELS]


cdef inline void add(atomic_t* p, uint64_t n) noexcept nogil:
    store_relaxed(p, load_relaxed(p) + n)


cdef void mapped(stream_t* s, float* out, uint64_t frames) noexcept nogil:
    """frames of the device's channels, each a weighted sum of the bank's."""
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


cdef void make(stream_t* s, float* out, uint64_t frames) noexcept nogil:
    """frames of all channels, interleaved; counted and timed."""
    cdef uint64_t began = now_ns(), spent, bin
    if s.straight:
        bank_read(s.bank, out, frames)
    else:
        mapped(s, out, frames)
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


cdef void watch(stream_t* s, uint64_t now, bint underflow) noexcept nogil:
    """How late this callback comes, against the earliest that any came: bursts and drifting clocks count as on time."""
    cdef schedule_t* at = &s.schedule
    cdef double ahead, behind
    cdef int64_t before = <int64_t>(load_relaxed(&s.bank.counters.frame) - load_relaxed(&s.frames))
    if load_relaxed(&s.blocks) == 0:
        at.began = at.seen = now
    ahead = <double>(now - at.began) - load_relaxed(&s.frames) * 1e9 / s.sample_rate
    at.earliest += <double>(now - at.seen) * CLOCK_DRIFT
    at.seen = now
    if underflow or ahead < at.earliest:   # after an underflow everything is later by what was lost
        at.earliest = ahead
    behind = ahead - at.earliest
    if behind > at.allowed > 0.0:
        add(&s.late, 1)
        at.earliest = ahead
    if behind > load_relaxed(&s.late_ns_max):
        store_relaxed(&s.late_ns_max, <uint64_t>behind)
    store_relaxed(&s.zero, at.began + <uint64_t><int64_t>(at.earliest - before * (1e9 / s.sample_rate)))


cdef int play(const void* input, void* output, unsigned long frames, const void* time_info, unsigned long flags,
              void* user) noexcept nogil:
    """PaStreamCallback of an interleaved float32 output."""
    cdef stream_t* s = <stream_t*>user
    cdef bint underflow = flags & OUTPUT_UNDERFLOW
    if underflow:
        add(&s.underflows, 1)
    if load_relaxed(&s.blocks) == 0:
        store_relaxed(&s.thread, thread_number())
    watch(s, now_ns(), underflow)
    if frames:
        make(s, <float*>output, frames)
    return CONTINUE


def silent_address():
    """Of a C function that takes what ALSA has to say (snd_lib_error_handler_t) and does nothing."""
    return <uintptr_t>&say_nothing


cdef list _matrix(int sources, int channels, channel_map):
    """Rows of weights, one a channel of the device."""
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
    # Folded: the mean of every channel that falls on this one, so nothing is lost and nothing can clip.
    folds = [[float(source % channels == to) for source in range(sources)] for to in range(channels)]
    return [[weight / sum(row) for weight in row] for row in folds]


cdef class StreamState:
    """State of one output stream; owns what the callback points at and keeps the bank alive.

    bank         what is played
    channels     1 … 8 of the device. A bank of one channel sounds in all of them, one of as many in the same order, one of
                 fewer in the first ones; one of more is folded (mean of channels c, c + channels, …)
    channel_map  instead: for each channel of the device the bank's channel that it plays, or -1 for silence
    budget       share of a hop's time that making it may take, 0 < budget ≤ 1; beyond it the quietest voices are shed.
                 0 = never shed. 0.8 leaves a fifth for the driver and for what is fading out
    error        ValueError for another number of channels, a map that does not fit or a budget out of range,
                 RuntimeError when the bank is being played already
    """

    cdef stream_t stream
    cdef readonly Bank bank

    def __cinit__(self, Bank bank, int channels=1, channel_map=None, double budget=0.8):
        cdef int to, source
        if not 1 <= channels <= CHANNELS:
            raise ValueError(f"channels={channels} must be within 1 … {CHANNELS}")
        matrix = _matrix(bank.channels, channels, channel_map)
        if bank.streaming is not None:
            raise RuntimeError("this bank is being played already: stop that sink first")
        memset(&self.stream, 0, sizeof(stream_t))
        self.bank = bank
        self.stream.bank = &bank.bank
        self.stream.channels = channels
        self.stream.sources = bank.channels
        self.stream.sample_rate = bank.sample_rate
        self.stream.straight = channels == bank.channels
        for to in range(channels):
            for source in range(bank.channels):
                self.stream.matrix[to][source] = matrix[to][source]
                self.stream.straight = self.stream.straight and matrix[to][source] == (to == source)
        bank_budget(&bank.bank, 0)
        self.budget = budget
        bank.streaming = True

    def release(self):
        """Give the bank back. The callback must not run any more."""
        bank_budget(&self.bank.bank, 0)
        self.bank.streaming = None

    @property
    def budget(self):
        """Share of a hop's time that making it may take; may be set while it plays."""
        return self.bank.bank.shed.budget_ns * self.bank.sample_rate / (HOP * 1e9)

    @budget.setter
    def budget(self, double budget):
        if not 0.0 <= budget <= 1.0:
            raise ValueError(f"budget={budget} must be within 0 … 1")
        self.bank.bank.shed.budget_ns = <uint64_t>ceil(budget * HOP * 1e9 / self.bank.sample_rate)

    def allow_late(self, double seconds):
        """What the device holds in store, s: callbacks later than that are counted. Before the stream starts."""
        self.stream.schedule.allowed = seconds * 1e9

    @property
    def thread(self):
        """The kernel's number of the thread that calls back, 0 before its first block or where there are none."""
        return load_relaxed(&self.stream.thread)

    @property
    def regions(self):
        """Memory that the audio thread works in: a list of (address, bytes)."""
        return [(<uintptr_t>&self.stream, sizeof(stream_t)), *self.bank.regions]

    @property
    def callback_address(self):
        """Of the PaStreamCallback."""
        return <uintptr_t>&play

    @property
    def user_address(self):
        """Of its user data: this object's state, valid as long as this object lives."""
        return <uintptr_t>&self.stream

    def frame_in(self, double seconds):
        """The frame of the bank's clock that the device asks for in so many seconds; None before the first block.

        The earliest callbacks count (`watch`), so it runs evenly however the device bunches them. A note that is put on
        this frame is heard the sink's latency later.
        """
        cdef stream_t* s = &self.stream
        cdef double ns
        if load_relaxed(&s.blocks) == 0:
            return None
        ns = <double><int64_t>(now_ns() - load_relaxed(&s.zero)) + seconds * 1e9
        return max(0, <int64_t>rint(ns * s.sample_rate / 1e9))

    def render_into(self, float[:, ::1] out):
        """One block as the callback makes it, without the interpreter lock: float32[frames, channels]."""
        cdef uint64_t frames = out.shape[0]
        if out.shape[1] != self.stream.channels:
            raise ValueError(f"out has {out.shape[1]} channels, the stream {self.stream.channels}")
        if frames:
            with nogil:
                watch(&self.stream, now_ns(), False)
                make(&self.stream, &out[0, 0], frames)

    def counters(self):
        """Blocks, frames, underflows, overruns, late callbacks, render times (µs) and their histogram in 1/32 of a block's period."""
        cdef stream_t* s = &self.stream
        blocks = load_relaxed(&s.blocks)
        return {
            "blocks": blocks,
            "frames": load_relaxed(&s.frames),
            "underflows": load_relaxed(&s.underflows),
            "overruns": load_relaxed(&s.overruns),
            "late": load_relaxed(&s.late),
            "late_us_max": load_relaxed(&s.late_ns_max) / 1e3,
            "block_frames": load_relaxed(&s.block_frames),
            "render_us_mean": load_relaxed(&s.render_ns_total) / blocks / 1e3 if blocks else 0.0,
            "render_us_max": load_relaxed(&s.render_ns_max) / 1e3,
            "render_histogram": [load_relaxed(&s.histogram[i]) for i in range(BINS)],
        }
