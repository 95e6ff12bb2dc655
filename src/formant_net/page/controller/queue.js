/**
 * Whether touches queue on their way to a synth, which `bufferedAmount` does not show: the queue is behind it, in the
 * browser's network thread or in the radio. The round trip of the pings shows it.
 */

/** A round trip so much longer than the shortest one means a queue, seconds. */
const LONGER_S = 0.1;
/** Samples in a row that have to be longer: one alone is a radio that was busy for a moment. */
const ENOUGH = 2;
/** How far the shortest one moves to each sample: a path that has become longer for good is accepted in a minute. */
const DRIFT = 0.02;

export class Queue {
  /** @type {number | null} */
  #leastS = null;
  #longer = 0;

  /** A ping was answered. @param {number} rttS */
  measured(rttS) {
    this.#leastS = this.#leastS === null ? rttS : Math.min(rttS, this.#leastS + DRIFT * (rttS - this.#leastS));
    this.#longer = rttS - this.#leastS > LONGER_S ? this.#longer + 1 : 0;
  }

  get grows() {
    return this.#longer >= ENOUGH;
  }
}
