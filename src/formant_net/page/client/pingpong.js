/**
 * Round trip and loss of one link, measured only from pongs that answer our own pings.
 *
 * Any other pong may carry the time of another clock. As a sample it would show clock skew as latency.
 */
export class PingPong {
  /** Smoothed round trip in seconds; null until the first pong. @type {number | null} */
  rttS = null;
  /** The last round trip, seconds; null until the first pong. @type {number | null} */
  lastS = null;
  /** Wire timestamp to the moment of sending, seconds. @type {Map<number, number>} */
  #sent = new Map();
  /** The last timestamp, µs. */
  #last = -Infinity;
  /** Of the last pings: were they answered? @type {boolean[]} */
  #answered = [];

  /**
   * @param {import("../protocol/numbers.js").Numbers} timing
   * @param {import("../protocol/numbers.js").Numbers} bounds
   */
  constructor(timing, bounds) {
    this.timing = timing;
    this.bounds = bounds;
  }

  /** A ping leaves. @param {number} now seconds @returns {number} its timestamp: ms, unique on this link */
  ping(now) {
    this.#giveUp(now);
    // A clock may stand still between two pings or be set back. The timestamps must still increase.
    this.#last = Math.max(Math.round(now * 1e6), this.#last + 1);
    const stamp = this.#last / 1e3;
    this.#sent.set(stamp, now);
    return stamp;
  }

  /**
   * A pong came.
   * @param {unknown} stamp @param {number} now seconds @returns {boolean} whether it answers a ping of ours
   */
  pong(stamp, now) {
    const sentAt = typeof stamp === "number" ? this.#sent.get(stamp) : undefined;
    if (sentAt === undefined) return false;
    this.#sent.delete(/** @type {number} */ (stamp));
    this.#note(true);
    const sample = (this.lastS = now - sentAt);
    this.rttS = this.rttS === null ? sample : this.rttS + this.bounds.rtt_gain * (sample - this.rttS);
    return true;
  }

  /** Share of the last pings that got no answer in time, 0…1. @param {number} now seconds */
  loss(now) {
    this.#giveUp(now);
    if (this.#answered.length === 0) return 0;
    return this.#answered.filter((answered) => !answered).length / this.#answered.length;
  }

  /** @param {number} now seconds */
  #giveUp(now) {
    for (const [stamp, sentAt] of this.#sent) {
      if (now - sentAt < this.timing.dead_s) continue;
      this.#sent.delete(stamp);
      this.#note(false);
    }
  }

  /** @param {boolean} answered */
  #note(answered) {
    this.#answered.push(answered);
    if (this.#answered.length > this.bounds.pings) this.#answered.shift();
  }
}
