/**
 * Fingers in tune: each finger's pitch gets an offset that puts it on a step, and its own movement stays as it is.
 *
 * The offset is set when the finger comes down. After that it changes only while the finger is slow, and slowly. The
 * same rules as in tuning/snap.py, where each number has its reason.
 */

const SMOOTH_S = 0.15;
const RELAX_S = 0.4;
const SLOW_PER_S = 0.6;
const STILL_PER_S = 0.15;
const TICK_S = 0.02;
const REST_S = 3.0;
const SETTLED = 0.002;

/**
 * @typedef {object} Held
 * @property {number} pitch where the finger is, MIDI number
 * @property {number} once the pitch after one filter
 * @property {number} twice after both
 * @property {number | null} step the step that is kept; null: the finger is on its way
 * @property {number} offset
 * @property {number} at seconds
 */

export class Snap {
  /** @type {Map<unknown, Held>} */
  #held = new Map();

  /** @param {import("./steps.js").Steps} steps @param {number} strength share of the way to the step, 0…1 */
  constructor(steps, strength = 1) {
    this.steps = steps;
    this.strength = strength;
  }

  /**
   * The pitch that a finger sounds with. One that is not known comes down now.
   * @param {unknown} finger @param {number} pitch @param {number} now seconds
   */
  sung(finger, pitch, now) {
    const held = this.#held.get(finger);
    if (held) {
      this.#pass(held, now);
      held.pitch = pitch;
      return pitch + held.offset;
    }
    const step = this.steps.nearest(pitch);
    const offset = this.strength * (step - pitch);
    this.#held.set(finger, { pitch, once: pitch, twice: pitch, step, offset, at: now });
    return pitch + offset;
  }

  /** The finger is up. @param {unknown} finger */
  lift(finger) {
    this.#held.delete(finger);
  }

  /** Fingers whose pitch would change although they do not move. */
  unsettled() {
    return [...this.#held].filter(([, held]) => this.#isUnsettled(held)).map(([finger]) => finger);
  }

  /** @param {Held} held */
  #isUnsettled(held) {
    const resting = Math.abs(held.pitch - held.once) < SETTLED && Math.abs(held.pitch - held.twice) < SETTLED;
    return !resting || Math.abs(this.#wanted(held) - held.offset) >= SETTLED;
  }

  /** @param {Held} held */
  #wanted(held) {
    return this.strength * (this.steps.nearest(held.twice, held.step) - held.twice);
  }

  /** Time passes for a finger that stayed where it was since `held.at`. @param {Held} held @param {number} now */
  #pass(held, now) {
    let leftS = Math.min(Math.max(now - held.at, 0), REST_S);
    held.at = Math.max(now, held.at);
    while (leftS > 0) {
      const stepS = Math.min(leftS, TICK_S);
      leftS -= stepS;
      const share = 1 - Math.exp(-stepS / SMOOTH_S);
      held.once += share * (held.pitch - held.once);
      held.twice += share * (held.once - held.twice);
      const speed = Math.abs(held.once - held.twice) / SMOOTH_S;
      if (speed >= SLOW_PER_S) {
        held.step = null;
        continue;
      }
      const slowness = 1 - speed / SLOW_PER_S;
      held.offset += (1 - Math.exp((-slowness * stepS) / RELAX_S)) * (this.#wanted(held) - held.offset);
      if (held.step !== null || speed < STILL_PER_S) held.step = this.steps.nearest(held.twice, held.step);
    }
  }
}
