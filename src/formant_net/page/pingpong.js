/**
 * Round trip, loss and silence of one link, from pongs that answer our own pings and from nothing else.
 *
 * A pong that answers nothing carries a foreign clock: taken for a sample, it would show clock skew as latency.
 */

const DEAD_S = 3;
/** A link that seems dead is kept so long: its path may come back, and only the synth can make another. */
const ABANDON_S = 30;
const STALE_S = 2;
/** Longest time that one tick may count as silence: a page that slept has not listened, so nobody was silent. */
const MAX_TICK_S = 1;
/** Smoothing as in RFC 6298: an eighth of each new sample. */
const GAIN = 1 / 8;
const WINDOW = 20;

export class PingPong {
  /** Wire timestamp to the moment of sending, seconds. @type {Map<number, number>} */
  #waiting = new Map();
  /** Of the last pings: were they answered? @type {boolean[]} */
  #results = [];
  #tickedAt;
  /** @type {number | null} smoothed, seconds */
  rttS = null;
  /** Seconds without an answer, counted only while the page was awake. */
  silentS = 0;

  /** @param {number} nowS */
  constructor(nowS) {
    this.#tickedAt = nowS;
  }

  /** A ping leaves now. @param {number} nowS @returns {number} the timestamp to send: whole milliseconds */
  sent(nowS) {
    let stamp = Math.round(nowS * 1000);
    while (this.#waiting.has(stamp)) stamp += 1;
    this.#waiting.set(stamp, nowS);
    return stamp;
  }

  /** A pong came. @param {unknown} stamp @param {number} nowS @returns {boolean} whether it answers a ping of ours */
  received(stamp, nowS) {
    if (typeof stamp !== "number") return false;
    const sentAt = this.#waiting.get(stamp);
    if (sentAt === undefined) return false;
    this.#waiting.delete(stamp);
    const sample = Math.max(0, nowS - sentAt);
    this.rttS = this.rttS === null ? sample : this.rttS + GAIN * (sample - this.rttS);
    this.silentS = 0;
    this.#tickedAt = nowS;
    this.#note(true);
    return true;
  }

  /** Time passes. @param {number} nowS */
  tick(nowS) {
    this.silentS += Math.min(MAX_TICK_S, Math.max(0, nowS - this.#tickedAt));
    this.#tickedAt = nowS;
    for (const [stamp, sentAt] of this.#waiting) {
      if (nowS - sentAt < DEAD_S) continue;
      this.#waiting.delete(stamp);
      this.#note(false);
    }
  }

  get stale() {
    return this.silentS >= STALE_S;
  }

  get dead() {
    return this.silentS >= DEAD_S;
  }

  get gone() {
    return this.silentS >= ABANDON_S;
  }

  /** Part of the last pings that got no answer, 0…1. */
  get loss() {
    if (this.#results.length === 0) return 0;
    return this.#results.filter((answered) => !answered).length / this.#results.length;
  }

  /** @param {boolean} answered */
  #note(answered) {
    this.#results.push(answered);
    if (this.#results.length > WINDOW) this.#results.shift();
  }
}
