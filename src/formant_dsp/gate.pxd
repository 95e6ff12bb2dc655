# The envelope of a note: one critically damped follower, so that any on, off and on again bends but never breaks.
#
# It is two one-pole low-passes in a row, the first at x + v τ: both stay between the targets there were. Kept as it is, v
# would throw x far beyond them when τ grows (a short attack let go into a long release), so it shrinks as τ grows.
#
# x' = t + (e + (v + e/τ)·n)·exp(-n/τ), e = x - t: exact for any number of frames n, no step in value or slope.

from libc.math cimport exp

ctypedef struct gate_t:
    double x          # 0 … 1
    double v          # per frame
    double target     # 0 or 1
    double per_tau    # 1 / time constant in frames
    double decay      # exp(-HOP/tau)


cdef inline void gate_to(gate_t* gate, double target, double tau, int hop) noexcept nogil:
    cdef double per_tau = 1.0 / tau
    if per_tau < gate.per_tau:
        gate.v *= per_tau / gate.per_tau
    gate.target = target
    gate.per_tau = per_tau
    gate.decay = exp(-hop / tau)


cdef inline void gate_step(gate_t* gate, int n, double decay) noexcept nogil:
    """n frames onwards; decay = exp(-n/tau)."""
    cdef double e = gate.x - gate.target
    cdef double a = gate.v + e * gate.per_tau
    gate.x = gate.target + (e + a * n) * decay
    gate.v = (gate.v - a * n * gate.per_tau) * decay
