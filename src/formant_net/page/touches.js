/**
 * Which fingers are down, as state: every message carries all of them, so any one message heals the loss of others.
 *
 * A finger gets a new id at each touch-down: a release that was lost can then never be mistaken for a glide.
 */
import { unit } from "./mapping.js";

/** As many as the protocol allows in one message. */
export const MAX_FINGERS = 32;

/** 5 decimals are 0.04 cents of pitch and keep the message short. @param {number} value */
const rounded = (value) => Math.round(unit(value) * 1e5) / 1e5;

/** `since`: when it came down, as it was first told. @typedef {{id: number, x: number, y: number, z?: number, since?: number}} Point */

export class Touches {
  /** In the order of touching down. @type {Map<number, Point>} */
  #down = new Map();
  #nextId = 1;
  /** The finger that was lifted last. @type {Point} */
  #last = { id: 0, x: 0, y: 0 };

  get size() {
    return this.#down.size;
  }

  /** A finger touches down. @returns {number | null} its id, or null when there are too many already
   * @param {number} x @param {number} y @param {number} [z] */
  down(x, y, z) {
    if (this.#down.size >= MAX_FINGERS) return null;
    const id = this.#nextId++;
    this.#down.set(id, point(id, x, y, z));
    return id;
  }

  /** It moves. @returns {boolean} whether anything changed
   * @param {number} id @param {number} x @param {number} y @param {number} [z] */
  move(id, x, y, z) {
    const old = this.#down.get(id);
    if (!old) return false;
    const now = point(id, x, y, z);
    if (old.x === now.x && old.y === now.y && old.z === now.z) return false;
    this.#down.set(id, old.since === undefined ? now : { ...now, since: old.since });
    return true;
  }

  /** It is lifted. @param {number} id @returns {boolean} whether it was down */
  up(id) {
    const old = this.#down.get(id);
    if (!old) return false;
    this.#last = old;
    return this.#down.delete(id);
  }

  /** All are lifted. @returns {boolean} whether any was down */
  clear() {
    const ids = [...this.#down.keys()];
    for (const id of ids) this.up(id);
    return ids.length > 0;
  }

  /** Full state. @returns {Point[]} */
  points() {
    return [...this.#down.values()];
  }

  /**
   * The wire message. Its own x, y and active follow the newest finger that is down, for peers that play one voice.
   * @param {number} seq @param {number} t milliseconds of this page's clock
   */
  message(seq, t) {
    const stamp = Math.round(t * 10) / 10;
    for (const [id, finger] of this.#down) {
      if (finger.since === undefined) this.#down.set(id, { ...finger, since: stamp });
    }
    const points = this.points();
    const main = points.length ? points[points.length - 1] : this.#last;
    return {
      type: "touch",
      x: main.x,
      y: main.y,
      ...(main.z === undefined ? {} : { z: main.z }),
      active: points.length > 0,
      id: main.id,
      seq,
      t: stamp,
      points,
    };
  }
}

/** @param {number} id @param {number} x @param {number} y @param {number} [z] @returns {Point} */
function point(id, x, y, z) {
  const made = { id, x: rounded(x), y: rounded(y) };
  return z === undefined ? made : { ...made, z: rounded(z) };
}
