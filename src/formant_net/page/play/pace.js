/**
 * How often each link gets the state of the fingers while no finger comes down or is lifted.
 *
 * Which fingers are down goes to every link at once. What else there is to say (moves, repeats against loss) goes less
 * often when there are many links, and seldom to a link on which touches queue.
 */

/** Ticks and frames come a little early or late: seconds. */
const SLACK_S = 0.002;

/** @typedef {{queued?: boolean}} Paced a link; this device itself has no queue */

export class Pace {
  /** Messages that were left out. */
  spared = 0;
  /** When each link was last sent something, seconds. @type {WeakMap<object, number>} */
  #sentAt = new WeakMap();

  /** @param {import("../protocol/numbers.js").Numbers} timing @param {import("../protocol/numbers.js").Numbers} bounds */
  constructor(timing, bounds) {
    this.timing = timing;
    this.bounds = bounds;
  }

  /** Those of the links whose turn it is. @template {Paced} L @param {L[]} links @param {number} now seconds @returns {L[]} */
  due(links, now) {
    const many = links.length > this.bounds.many_synths;
    const due = links.filter((link) => {
      const { many_resend_s, queued_resend_s } = this.timing;
      const leastS = link.queued === undefined ? 0 : link.queued ? queued_resend_s : many ? many_resend_s : 0;
      return now - (this.#sentAt.get(link) ?? -Infinity) >= leastS - SLACK_S;
    });
    this.spared += links.length - due.length;
    return due;
  }

  /** @param {object} link @param {number} now seconds */
  sent(link, now) {
    this.#sentAt.set(link, now);
  }
}
