# The envelope of a note: a critically damped follower of the gate, continuous in value for any order of on and off.
#
# It equals two one-pole low-passes in series; the output of the first is x + v τ. Both outputs stay between the
# targets. When τ grows (a short attack is followed by a long release), an unchanged v would make x overshoot, so v is
# scaled down as τ grows.
#
# x' = t + (e + (v + e/τ)·n)·exp(-n/τ), e = x - t. This is exact for any number of frames n.

from formant_dsp.bank.voice.kept cimport exp_kept, kept_t

ctypedef struct gate_t:
    double x          # 0 … 1
    double v          # per frame
    double target     # 0 or 1
    double per_tau    # 1 / time constant in frames
    double decay      # exp(-HOP/tau)


cdef inline void gate_to(gate_t* gate, kept_t* kept, double target, double tau, int hop) noexcept nogil:
    cdef double per_tau = 1.0 / tau
    gate.target = target
    if per_tau == gate.per_tau:
        return
    if per_tau < gate.per_tau:
        gate.v *= per_tau / gate.per_tau
    gate.per_tau = per_tau
    gate.decay = exp_kept(kept, -hop / tau)


cdef inline void gate_step(gate_t* gate, int n, double decay) noexcept nogil:
    """Advance the gate by n frames; decay = exp(-n/tau)."""
    cdef double e = gate.x - gate.target
    cdef double a = gate.v + e * gate.per_tau
    gate.x = gate.target + (e + a * n) * decay
    gate.v = (gate.v - a * n * gate.per_tau) * decay
