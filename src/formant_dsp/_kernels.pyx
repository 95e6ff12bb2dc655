# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The sample loops and the control pass, written once and compiled once for each instruction set.

A loop here has a fixed length (one hop of 64 frames, or a row of voices), no branch on a parameter, no double and no
call that is not inlined: the compiler vectorises every one of them (`make vectorised` reads its report).
Everything is a function of one phase a voice, so frames are independent of each other; the only running sum is that
phase, and it is an integer polynomial of the frame number: exact, and it wraps for free.

Formulas: ModFM (Lazzarini & Timoney, JAES 58(6), 2010) with two neighbouring harmonic carriers, phase-synchronous as
in PAF (Puckette, JAES 43, 1995) and in Chafe's glitch-free voice (2013); skirt and voicing lobe are Poisson kernels
(Moorer's discrete summation, JAES 24, 1976). Carriers are sines: same spectrum as cosines, no DC.
docs/voice.md derives them; reference.py is the same in float64.
"""

from cpython.pycapsule cimport PyCapsule_New

from formant_dsp.breath_loops cimport bands_hop, breathe
from formant_dsp.colour_loops cimport centre, colour_fm, colour_full, colour_modfm, colour_natural, colour_poisson, mean
from formant_dsp.control_loops cimport control, pitch, smooth
from formant_dsp.fm_loops cimport voice_fm, voice_full, voice_modfm, voice_poisson
from formant_dsp.kernels cimport ISA_NAME, kernel_table
from formant_dsp.mix_loops cimport gains, mix, mix_gains, peak, scale
from formant_dsp.residue_loops cimport powers, tones, voice_natural
from formant_dsp.params cimport CHOWNING, MODFM, NATURAL, POISSON, VOICE

cdef kernel_table table
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
table.mean = mean
table.centre = centre
table.bands = bands_hop
table.breathe = breathe
table.mix = mix
table.mix_gains = mix_gains
table.gains = gains
table.scale = scale
table.peak = peak

isa = ISA_NAME.decode("ascii")
capsule = PyCapsule_New(<void*>&table, "formant_dsp.kernels", NULL)
