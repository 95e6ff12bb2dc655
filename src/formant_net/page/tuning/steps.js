/** The pitches that fingers are corrected to. The same rules as in tuning/steps.py. */
import { TuningError, degree, periodOf } from "./scl.js";

/** Range of a note, MIDI numbers. */
export const LOW = 0;
export const HIGH = 135;
const MOST = 20_000;
/** A step is kept until the pitch is so many times nearer to another one: a finger half-way would change its mind. */
const KEEP = 1.5;
const SAME = 1e-6;

export class Steps {
  /** Rising MIDI numbers. @type {number[]} */
  pitches = [];

  /** @param {number[]} pitches at least one, in any order; doubles are one */
  constructor(pitches) {
    for (const pitch of [...pitches].sort((a, b) => a - b)) {
      if (this.pitches.length === 0 || pitch - this.pitches[this.pitches.length - 1] > SAME) this.pitches.push(pitch);
    }
    if (this.pitches.length === 0) {
      throw new TuningError("no step lies within the range of notes: choose another scale or root");
    }
  }

  /** The place in `pitches` of the first step that is not below a pitch. @param {number} pitch */
  at(pitch) {
    let [low, high] = [0, this.pitches.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.pitches[middle] < pitch) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * The nearest step; the lower of two.
   * @param {number} pitch @param {number | null} [kept] the step that held until now
   */
  nearest(pitch, kept = null) {
    const at = this.at(pitch);
    const [low, high] = [this.pitches[at - 1], this.pitches[at]];
    const step = low === undefined || pitch - low > high - pitch ? high : low;
    if (kept !== null && Math.abs(kept - pitch) <= KEEP * Math.abs(step - pitch)) return kept;
    return step;
  }
}

/**
 * The steps of some degrees of a tuning within LOW…HIGH; degree 0 lies at `root` and a period above and below.
 * @param {import("./scl.js").Scale} tuning @param {number[]} degrees @param {number} root MIDI number
 */
export function stepsOf(tuning, degrees, root) {
  const base = degrees.map((one) => degree(tuning, one) / 100);
  const period = Math.abs(periodOf(tuning)) / 100;
  const within = (/** @type {number} */ one) => one >= LOW && one <= HIGH;
  if (period <= SAME) return new Steps(base.map((one) => root + one).filter(within));
  /** @type {number[]} */
  const found = [];
  for (const one of base) {
    const first = -Math.floor((root + one - LOW) / period);
    const last = Math.floor((HIGH - root - one) / period);
    if (found.length + last - first > MOST) {
      throw new TuningError(`more than ${MOST} steps: a period of ${100 * period} cents is too small`);
    }
    for (let number = first; number <= last; number += 1) found.push(root + one + number * period);
  }
  return new Steps(found.filter(within));
}
