/** How far our clock is ahead of one peer's, from messages with stamps of both. synth/clock_offset.py has reasons. */

/** How fast a bound fades, s/s: two crystals drift so much against each other at most. */
const DRIFT = 2e-4;
/** Bounds that cross by so much contradict each other: one of the clocks was set. */
const CROSSED_S = 0.002;

export class ClockOffset {
  /** In what steps the peer's clock may move, seconds. */
  stepS = 0;
  /** @type {number | null} */
  #least = null;
  #leastAt = 0;
  /** @type {number | null} */
  #most = null;
  #mostAt = 0;

  /** A message that the peer stamped is here. All times in seconds. @param {number} stamp @param {number} now */
  came(stamp, now) {
    const most = now - stamp;
    if (this.#most === null || most < this.#most + DRIFT * (now - this.#mostAt)) {
      this.#most = most;
      this.#mostAt = now;
    }
    this.#check(now);
  }

  /**
   * The peer stamped what it sent `held` after it had our message of `echo`.
   * @param {number} stamp @param {number} echo @param {number} held @param {number} now
   */
  echoed(stamp, echo, held, now) {
    const least = echo + held - stamp;
    if (this.#least === null || least > this.#least - DRIFT * (now - this.#leastAt)) {
      this.#least = least;
      this.#leastAt = now;
    }
    this.#check(now);
  }

  /** The estimate of how far our clock is ahead; null before the first message. @param {number} now */
  ahead(now) {
    const [least, most] = this.#bounds(now);
    if (most === null || least === null) return most;
    return (most + Math.min(most, least)) / 2;
  }

  /** Both bounds as of now: each is loosened with time. @param {number} now @returns {[number | null, number | null]} */
  #bounds(now) {
    const least = this.#least === null ? null : this.#least - DRIFT * (now - this.#leastAt);
    const most = this.#most === null ? null : this.#most + DRIFT * (now - this.#mostAt);
    return [least, most];
  }

  /** Bounds that cross contradict each other: the older one is given up. @param {number} now */
  #check(now) {
    const [least, most] = this.#bounds(now);
    if (least === null || most === null || least - most <= CROSSED_S + this.stepS) return;
    if (this.#mostAt > this.#leastAt) this.#least = null;
    else this.#most = null;
  }
}
