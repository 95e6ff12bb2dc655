/**
 * The synth's own stamp, sent back: it gives the synth an upper bound of the age of our touches.
 *
 * Until its first echo a synth plays no stamped touch. So the page pings again at once when it has the first stamp. It
 * pings out of turn until an answer shows that an echo has arrived.
 */
export class Echo {
  /** The synth's last stamp in ms, and when it came in seconds. @type {{stamp: number, at: number} | null} */
  #last = null;
  /** Timestamp of the first ping that carried one. @type {number | null} */
  #from = null;

  /** What a ping carries. @param {number} timestamp of the ping, ms @param {number} now seconds */
  fields(timestamp, now) {
    if (!this.#last) return {};
    this.#from ??= timestamp;
    return { echo: this.#last.stamp, held: Math.round(1e6 * (now - this.#last.at)) / 1e3 };
  }

  /**
   * A ping of ours was answered.
   * @param {{t?: unknown, timestamp?: any}} pong @param {number} now seconds
   * @returns {"now" | "soon" | "enough"} when the next ping has to follow out of turn
   */
  ponged(pong, now) {
    if (typeof pong.t !== "number") return "enough"; // this synth judges no ages
    this.#last = { stamp: pong.t, at: now };
    if (this.#from === null) return "now";
    return pong.timestamp >= this.#from ? "enough" : "soon";
  }
}
