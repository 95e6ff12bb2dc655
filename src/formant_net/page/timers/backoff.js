/**
 * How long to wait before the next try: the step doubles up to a maximum and starts again after `backoff_healthy_s`.
 *
 * Full jitter (a uniform draw between zero and the step) keeps a hundred phones from coming back in one instant
 * when a server restarts.
 */
export class Backoff {
  #stepS;
  /** @type {number | null} */
  #healthySince = null;

  /** @param {import("../protocol/numbers.js").Numbers} timing @param {() => number} random gives numbers in 0…1 */
  constructor(timing, random) {
    this.timing = timing;
    this.random = random;
    this.#stepS = timing.backoff_first_s;
  }

  /** What is being tried works since `now`. @param {number} now seconds */
  healthy(now) {
    this.#healthySince = now;
  }

  /** It failed, or ended, at `now`. @param {number} now seconds @returns {number} seconds to wait */
  failed(now) {
    const { backoff_first_s, backoff_max_s, backoff_healthy_s } = this.timing;
    if (this.#healthySince !== null && now - this.#healthySince >= backoff_healthy_s) this.#stepS = backoff_first_s;
    this.#healthySince = null;
    const stepS = this.#stepS;
    this.#stepS = Math.min(2 * stepS, backoff_max_s);
    return stepS * this.random();
  }
}
