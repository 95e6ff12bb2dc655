/**
 * Where a link stands: being made, open, silent, given up.
 *
 * A silent link is kept for a while, because its path may come back. Only the synth can make another link; its offer
 * ends this one. Only the time in which the page was awake counts: a phone that slept has not listened.
 */

/** Longest time that one tick may count. Ticks come twice a second, also in a hidden tab. */
const MAX_TICK_S = 1;

export class Life {
  /** @type {"connecting" | "open" | "lost"} */
  state = "connecting";
  /** Seconds in this state without a sign of the other side. */
  silentS = 0;
  #tickedAt;

  /** @param {import("../protocol/numbers.js").Numbers} timing @param {number} now seconds: the offer is here */
  constructor(timing, now) {
    this.timing = timing;
    this.#tickedAt = now;
  }

  /** A path to the synth is found; handshakes may still take their time. @param {number} now seconds */
  reached(now) {
    if (this.state === "connecting") this.#heard(now);
  }

  /** The channel is open. @param {number} now seconds */
  opened(now) {
    if (this.state !== "connecting") return;
    this.state = "open";
    this.#heard(now);
  }

  /** A ping of ours was answered. @param {number} now seconds */
  answered(now) {
    if (this.state === "open") this.#heard(now);
  }

  lost() {
    this.state = "lost";
  }

  /** Time passes. @param {number} now seconds @returns {boolean} whether the link has to be given up now */
  tick(now) {
    this.silentS += Math.min(MAX_TICK_S, Math.max(0, now - this.#tickedAt));
    this.#tickedAt = now;
    const { link_setup_s, abandon_s } = this.timing;
    return this.state !== "lost" && this.silentS >= (this.state === "open" ? abandon_s : link_setup_s);
  }

  /** Its last state may no longer hold. */
  get stale() {
    return this.state === "open" && this.silentS > this.timing.stale_s;
  }

  /** It seems dead, unless its path comes back. */
  get silent() {
    return this.state === "open" && this.silentS >= this.timing.dead_s;
  }

  /** @param {number} now seconds */
  #heard(now) {
    this.silentS = 0;
    this.#tickedAt = now;
  }
}
