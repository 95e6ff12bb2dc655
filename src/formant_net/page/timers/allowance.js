/** An allowance of messages: a token bucket, filled at a steady rate up to a burst. timers/allowance.py is the same. */
export class Allowance {
  #tokens;
  #at;

  /** @param {number} ratePerS tokens that come back a second @param {number} burst tokens when full @param {number} now seconds */
  constructor(ratePerS, burst, now) {
    this.ratePerS = ratePerS;
    this.burst = burst;
    this.#tokens = burst;
    this.#at = now;
  }

  /** One token, if there is one. @param {number} now seconds @returns {boolean} */
  take(now) {
    this.#tokens = Math.min(this.burst, this.#tokens + (now - this.#at) * this.ratePerS);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Take more tokens for an expensive message. May leave a debt. @param {number} tokens */
  charge(tokens) {
    this.#tokens -= tokens;
  }
}
