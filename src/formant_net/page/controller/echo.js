/**
 * The synth's own stamp, sent back: it gives the synth an upper bound of the age of our touches.
 *
 * Until its first echo a synth plays no stamped touch. So the page pings again at once when it has the first stamp. It
 * pings out of turn until an answer shows that an echo has arrived. A stamp that was long under way, as while a page is
 * busy with its start, makes all touches look old. Then the next quick answer is echoed at once as well.
 */

/** Slow answers after which the path itself is slow, and the echo is as good as it gets. */
const MOST_SLOW = 10;

export class Echo {
  /** The synth's last stamp in ms, and when it came in seconds. @type {{stamp: number, at: number} | null} */
  #last = null;
  /** That stamp came quickly. */
  #quick = false;
  #slow = 0;
  /** A stamp was sent back. */
  #echoed = false;
  /** Timestamp of the first ping that carried a stamp that had come quickly. @type {number | null} */
  #from = null;

  /** @param {import("../protocol/numbers.js").Numbers} timing */
  constructor(timing) {
    this.timing = timing;
  }

  /** What a ping carries. @param {number} timestamp of the ping, ms @param {number} now seconds */
  fields(timestamp, now) {
    if (!this.#last) return {};
    this.#echoed = true;
    if (this.#quick) this.#from ??= timestamp;
    return { echo: this.#last.stamp, held: Math.round(1e6 * (now - this.#last.at)) / 1e3 };
  }

  /**
   * A ping of ours was answered.
   * @param {{t?: unknown, timestamp?: any}} pong @param {number} now seconds @param {number} rttS of this ping
   * @returns {"now" | "soon" | "enough"} when the next ping has to follow out of turn
   */
  ponged(pong, now, rttS) {
    if (typeof pong.t !== "number") return "enough"; // this synth judges no ages
    this.#last = { stamp: pong.t, at: now };
    this.#quick = rttS <= this.timing.touch_age_s || ++this.#slow > MOST_SLOW;
    if (this.#from === null) return this.#quick || !this.#echoed ? "now" : "soon";
    return pong.timestamp >= this.#from ? "enough" : "soon";
  }
}
