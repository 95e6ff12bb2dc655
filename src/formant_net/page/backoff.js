/**
 * How long to wait before the next try: 0.25 s doubling to 10 s, full jitter, reset after 30 s of health.
 *
 * Full jitter (a uniform draw between zero and the step) keeps a hundred phones from coming back in one instant
 * when a server restarts. All times are seconds; no clock and no chance of its own, both are passed in.
 */
export class Backoff {
  #step = 0;
  /** @type {number | null} */
  #openedAt = null;

  /** @param {{firstS?: number, maxS?: number, healthyS?: number, random?: () => number}} [options] */
  constructor({ firstS = 0.25, maxS = 10, healthyS = 30, random = Math.random } = {}) {
    this.firstS = firstS;
    this.maxS = maxS;
    this.healthyS = healthyS;
    this.random = random;
  }

  /** The connection stands since `nowS`. @param {number} nowS */
  opened(nowS) {
    this.#openedAt = nowS;
  }

  /** The connection ended or was refused at `nowS`. @param {number} nowS @returns {number} seconds to wait */
  closed(nowS) {
    if (this.#openedAt !== null && nowS - this.#openedAt >= this.healthyS) this.#step = 0;
    this.#openedAt = null;
    const ceiling = Math.min(this.maxS, this.firstS * 2 ** this.#step);
    if (ceiling < this.maxS) this.#step += 1;
    return this.random() * ceiling;
  }
}
