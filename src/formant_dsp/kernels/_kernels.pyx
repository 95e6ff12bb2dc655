# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The sample loops and the control pass, written once and compiled once per instruction set.

Every loop has a fixed length (one hop of 64 frames, or a row of voices), no branch on a parameter, and only inlined
calls. So the compiler vectorises every loop; `make vectorised` checks its report. The sample loops use float32 only.
Each frame is a function of one phase per voice, so frames are independent of each other. The phase is an integer
polynomial of the frame number: it is exact, and it wraps by itself.

Formulas: ModFM (Lazzarini & Timoney, JAES 58(6), 2010) with two neighbouring harmonic carriers, phase-synchronous as
in PAF (Puckette, JAES 43, 1995) and in Chafe's glitch-free voice (2013). Skirt and voicing lobe are Poisson kernels
(Moorer's discrete summation, JAES 24, 1976). Carriers are sines: they have the spectrum of cosines and no DC.
docs/understand/voice.md derives the formulas; reference/ is the same in float64.
"""

from cpython.pycapsule cimport PyCapsule_New

from formant_dsp.kernels.air_loops cimport air, growl, share
from formant_dsp.kernels.breath_loops cimport bands_hop, breathe, floor_hop
from formant_dsp.kernels.colour_loops cimport centre, colour_fm, colour_full, colour_modfm, colour_natural, colour_poisson, mean
from formant_dsp.kernels.control_loops cimport control, pitch, smooth
from formant_dsp.kernels.fm_loops cimport voice_fm, voice_full, voice_modfm, voice_poisson
from formant_dsp.kernels.table cimport ISA_NAME, kernel_table
from formant_dsp.kernels.mix_loops cimport gains, mix, mix_gains, peak, scale
from formant_dsp.kernels.residue_loops cimport poles_at, powers, tones, voice_natural
from formant_dsp.kernels.rows cimport CHOWNING, MODFM, NATURAL, POISSON, VOICE

cdef public void kernels "formant_kernels"(kernel_table* table) noexcept nogil:
    """Fill the table with the functions of this build."""
    table.isa = ISA_NAME
    table.smooth = smooth
    table.pitch = pitch
    table.control = control
    table.voice[VOICE] = voice_full
    table.voice[MODFM] = voice_modfm
    table.voice[CHOWNING] = voice_fm
    table.voice[POISSON] = voice_poisson
    table.voice[NATURAL] = voice_natural
    table.colour[VOICE] = colour_full
    table.colour[MODFM] = colour_modfm
    table.colour[CHOWNING] = colour_fm
    table.colour[POISSON] = colour_poisson
    table.colour[NATURAL] = colour_natural
    table.powers = powers
    table.tones = tones
    table.poles = poles_at
    table.mean = mean
    table.centre = centre
    table.share = share
    table.air = air
    table.growl = growl
    table.floor = floor_hop
    table.bands = bands_hop
    table.breathe = breathe
    table.mix = mix
    table.mix_gains = mix_gains
    table.gains = gains
    table.scale = scale
    table.peak = peak


cdef kernel_table table
kernels(&table)
isa = ISA_NAME.decode("ascii")
capsule = PyCapsule_New(<void*>&table, "formant_dsp.kernels", NULL)
