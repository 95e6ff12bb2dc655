# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The class Bank: it owns the memory, checks arguments and turns calls into events. core.pyx does the rest."""

from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport int64_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

from formant_dsp.bank.core cimport bank_bytes, bank_init, bank_push, bank_read, bank_waiting
from formant_dsp.bank.queue.event cimport ALL_OFF, NOTE_OFF, NOTE_ON, NOTE_UPDATE, VOLUME, bank_setup_t, event_of, event_t
from formant_dsp.bank.queue.shared cimport bank_shared_t, load_relaxed, store_relaxed
from formant_dsp.bank.memory.state cimport MAX_VOICES
from formant_dsp.kernels.rows cimport CHANNELS, HOP, ROWS
from formant_dsp.kernels.table cimport kernel_table
from formant_dsp.touch.numbers cimport V_ALGORITHM, V_BANDWIDTH, V_FORMANT_DB, V_FREQUENCY, VALUES

from formant_dsp.kernels import dispatch
from formant_dsp.model.params import ALGORITHMS, ROW_TAU_S, VoiceParams, numbers_of
from formant_dsp.model.placement import LAYOUTS


cdef object _numpy = None


cdef object numpy():
    """NumPy, imported by the first render: two thirds of this package's import time, and a sink does not need it."""
    global _numpy
    if _numpy is None:
        import numpy as _numpy
    return _numpy


cdef object _whole(str name, object value):
    """A whole number, given as any numeric type. ValueError for 1.5, which int() would cut to 1 without notice."""
    try:
        number = int(value)
        if number == value:
            return number
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f"{name}={value!r} must be a whole number")


cdef class Bank:
    """A bank of singing voices.

    voices         most voices that sound at once, 1 … 1024; one more note steals the quietest
    sample_rate    Hz, 8,000 … 192,000
    isa            instruction set of the kernels (`formant_dsp.isas()`), None = the best that this processor has
    seed           of all randomness: the same seed and the same notes give the same sound
    ring_capacity  most events that wait, a power of two, 2 … 65,536
    channels       1 … 8 loudspeakers; a voice stands at its `pan` and has the same power at every place
    layout         "line": side by side, two of them are stereo; "ring": around the room (placement.py)
    error          ValueError naming the argument and its range; MemoryError

    The caller names each note by a key > 0. Every call puts an event into a lock-free ring. The thread that renders
    takes it out: the caller of `render`, or the audio thread of a sink. So any thread may make calls while sound is
    being made. A call returns False when the ring is full; it has done nothing then. `frame` places an event on that
    frame of the bank's clock. An event without it takes effect as soon as possible.

    >>> bank = Bank(voices=8, sample_rate=48000)
    >>> bank.note_on(1, VoiceParams(f0_hz=220.0))
    True
    >>> bank.render(48000).shape
    (48000,)
    """

    def __cinit__(self, voices=32, sample_rate=48000, isa=None, seed=0, ring_capacity=1024, channels=1, layout="line"):
        cdef bank_setup_t setup
        cdef uintptr_t at
        cdef int p
        voices = _whole("voices", voices)
        if not 1 <= voices <= MAX_VOICES:
            raise ValueError(f"voices={voices} must be within 1 … {MAX_VOICES}")
        sample_rate = _whole("sample_rate", sample_rate)
        if not 8000 <= sample_rate <= 192000:
            raise ValueError(f"sample_rate={sample_rate} must be within 8000 … 192000 Hz")
        channels = _whole("channels", channels)
        if not 1 <= channels <= CHANNELS:
            raise ValueError(f"channels={channels} must be within 1 … {CHANNELS}")
        if layout not in LAYOUTS:
            raise ValueError(f"layout={layout!r}: choose one of {', '.join(LAYOUTS)}")
        events = _whole("ring_capacity", ring_capacity)
        if not 2 <= events <= 65536 or events & (events - 1):
            raise ValueError(f"ring_capacity={ring_capacity} must be a power of two, 2 … 65536")
        self.voices = voices
        self.channels = channels
        self.layout = layout
        self.sample_rate = sample_rate
        self.seed = _whole("seed", seed) & 0xFFFFFFFF
        self.streaming = None
        module = dispatch.load(isa)
        self._kernels = module
        self.isa = module.isa
        setup.sample_rate = self.sample_rate
        setup.ring_capacity = events
        setup.ring_reserve = events // 4
        setup.voices = self.voices
        setup.channels = self.channels
        setup.ring_layout = layout == "ring"
        setup.seed = self.seed
        for p in range(ROWS):
            setup.row_tau_s[p] = ROW_TAU_S[p]
        self.bank_bytes = bank_bytes(&setup)
        self.memory = calloc(self.bank_bytes + 63, 1)
        if self.memory == NULL:
            raise MemoryError(f"no memory for {voices} voices: {self.bank_bytes:,} bytes are needed")
        at = (<uintptr_t>self.memory + 63) & ~<uintptr_t>63
        self.bank = bank_init(<void*>at, &setup, <const kernel_table*>PyCapsule_GetPointer(module.capsule, "formant_dsp.kernels"))

    def __dealloc__(self):
        free(self.memory)

    # -- producer side

    cdef bint _push_voice(self, int kind, object key, object params, object frame) except -1:
        cdef event_t e
        cdef double v[VALUES]
        cdef int k
        if not isinstance(params, VoiceParams):
            raise TypeError(f"params must be VoiceParams, not {type(params).__name__}")
        memset(&e, 0, sizeof(event_t))
        e.kind = kind
        e.key = _check_key(key)
        e.frame = 0 if frame is None else frame
        vowel = params.vowel
        for k, value in enumerate(numbers_of(params)):
            v[k] = value
        for k in range(5):
            v[V_FREQUENCY + k] = vowel.frequency_hz[k]
            v[V_BANDWIDTH + k] = vowel.bandwidth_hz[k]
            v[V_FORMANT_DB + k] = vowel.level_db[k]
        v[V_ALGORITHM] = ALGORITHMS.index(params.algorithm)
        event_of(&e, v, self.sample_rate)
        return self._push(&e)

    cdef bint _push(self, const event_t* e) noexcept:
        cdef bint done = bank_push(self.bank, e)
        if not done:
            self.dropped += 1
        return done

    cdef bint _push_bare(self, int kind, int64_t key, object frame, float value) except -1:
        cdef event_t e
        memset(&e, 0, sizeof(event_t))
        e.kind = kind
        e.key = key
        e.frame = 0 if frame is None else frame
        e.value = value
        return self._push(&e)

    def note_on(self, key, params, *, frame=None):
        """Start a note, or glide the sounding note of that key to new parameters. False: ring full, nothing done.

        key      1 … 2**63 - 1
        params   VoiceParams
        frame    of the bank's clock; None: as soon as possible
        error    ValueError for another key, TypeError for other parameters
        """
        return bool(self._push_voice(NOTE_ON, key, params, frame))

    def update(self, key, params, *, frame=None):
        """Glide a held note to new parameters and renew its lease; no effect on another key. Else as `note_on`.

        Updates may not use the last quarter of the ring, so that starts and releases find room.
        """
        return bool(self._push_voice(NOTE_UPDATE, key, params, frame))

    def note_off(self, key, *, frame=None):
        """Release a note. False: ring full, nothing done."""
        return bool(self._push_bare(NOTE_OFF, _check_key(key), frame, 0.0))

    def all_off(self, *, frame=None):
        """Release all notes. False: ring full, nothing done."""
        return bool(self._push_bare(ALL_OFF, 0, frame, 0.0))

    def set_volume(self, volume, *, frame=None):
        """Set the master volume, a linear gain 0 … 1, smoothed over about 50 ms. False: ring full, nothing done.

        error   ValueError for another gain
        """
        if not 0.0 <= float(volume) <= 1.0:
            raise ValueError(f"volume={volume} must be within 0 … 1")
        return bool(self._push_bare(VOLUME, 0, frame, float(volume)))

    # -- consumer side, offline

    def render(self, frames, out=None):
        """The next frames of sound: float32[frames] of one channel, float32[frames, channels] of more; |y| < 0.85.

        out     array to write to, of the returned shape; None: a new array
        error   ValueError for `frames` that is negative or not whole, and for an `out` of another shape or type;
                RuntimeError while a sink plays this bank or another thread renders it
        """
        cdef float[::1] view
        cdef uint64_t n = 0
        np = numpy()
        frames = _whole("frames", frames)
        if frames < 0:
            raise ValueError(f"frames={frames} must not be negative")
        if self.streaming is not None:
            raise RuntimeError("this bank is being played by a sink: stop the sink first, or make another bank")
        if self.rendering:
            raise RuntimeError("another thread renders this bank: one thread at a time may, or make another bank")
        shape = (frames,) if self.channels == 1 else (frames, self.channels)
        if out is None:
            out = np.empty(shape, np.float32)
        if not isinstance(out, np.ndarray) or out.dtype != np.float32 or out.shape != shape or not out.flags.c_contiguous:
            raise ValueError(f"out must be a contiguous float32 array of shape {shape}")
        if frames == 0:
            return out
        view = out.reshape(-1)
        n = frames
        self.rendering = True
        with nogil:
            bank_read(self.bank, &view[0], n)
        self.rendering = False
        return out

    # -- state and counters

    @property
    def frame(self):
        """Frame of the bank's clock that is rendered next; 0 before the first render."""
        return load_relaxed(&self.bank.shared.frame)

    @property
    def latency_frames(self):
        """Least number of frames between an event without `frame` and its sound: the look-ahead of the limiter."""
        return HOP

    @property
    def active(self):
        """Number of voices that sound now, including those that fade out."""
        return load_relaxed(&self.bank.shared.active)

    @property
    def address(self):
        """Address of the bank's C structure, for the audio callback."""
        return <uintptr_t>self.bank

    @property
    def regions(self):
        """Memory that the audio thread works in: a list of (address, bytes)."""
        return [(<uintptr_t>self.bank, self.bank_bytes)]

    @property
    def voice_bytes(self):
        """Bytes that one more voice takes, including a slot for fading out."""
        cdef bank_setup_t setup
        memset(&setup, 0, sizeof(bank_setup_t))
        setup.sample_rate, setup.ring_capacity, setup.channels = 48000.0, 2, 1
        setup.voices = MAX_VOICES
        size = bank_bytes(&setup)
        setup.voices = MAX_VOICES // 2
        return (size - bank_bytes(&setup)) // (MAX_VOICES // 2)

    def fade(self, bint audible):
        """Fade all sound in (True) or out (False) within about 0.1 s. A sink does this when it starts and stops."""
        store_relaxed(&self.bank.shared.fade_wanted, 1 if audible else 0)

    def counters(self):
        """Counts since the start, as a dict of integers. native/shared.h documents them.

        Two more are of the ring: `ring_dropped`, events that found it full, and `ring_waiting`, events that wait in it.
        """
        cdef bank_shared_t* c = &self.bank.shared
        return {
            "hops": load_relaxed(&c.hops), "active": load_relaxed(&c.active), "notes": load_relaxed(&c.notes),
            "stolen": load_relaxed(&c.stolen), "shed": load_relaxed(&c.shed), "voices_limit": load_relaxed(&c.limit),
            "expired": load_relaxed(&c.expired), "late": load_relaxed(&c.late),
            "limited": load_relaxed(&c.limited), "invalid": load_relaxed(&c.invalid),
            "ring_dropped": self.dropped, "ring_waiting": bank_waiting(self.bank),
        }


cdef int64_t _check_key(key) except 0:
    cdef object number = _whole("key", key)
    if not 0 < number < 2**63:
        raise ValueError(f"key={key} must be within 1 … 2**63 - 1")
    return number
