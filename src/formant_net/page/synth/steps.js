/**
 * In what steps another clock moves, found by watching its stamps: browsers coarsen theirs to 0.1, 1, 16.7 or 100 ms.
 *
 * Such a stamp is up to one step too early. All differences between its stamps are multiples of the step.
 * synth/steps.py is the same for boxes.
 */

/** The largest step that is taken into account. */
const MOST_S = 0.1;
/** Smaller steps make no difference. */
const FINE_MS = 2;
/** Stamps are rounded to 0.1 ms, and a difference may be nine steps. */
const WITHIN_MS = 0.6;
/** Longer differences say nothing: the rounding of the step adds up. */
const LONGEST_MS = 150;
/** Differences that have to agree. */
const ENOUGH = 8;
/** A clock that shows the same stamp for this time, in this number of messages, stands still. */
const STILL_S = 1;
const STILL_COUNT = 10;

export class Steps {
  /** Whether the clock stands still: then its stamps say nothing. */
  still = false;
  /** @type {number | null} */
  #lastMs = null;
  #since = 0;
  /** How many stamps in a row were the last one again, from `#since` on. */
  #same = 0;
  /** The greatest length of which all differences so far are multiples. @type {number | null} */
  #commonMs = null;
  #count = 0;

  /** A message with this stamp has come. @param {number} stampMs @param {number} now seconds */
  saw(stampMs, now) {
    const lastMs = this.#lastMs;
    if (lastMs !== null && Math.abs(stampMs - lastMs) <= WITHIN_MS) {
      this.#same += 1;
      this.still = this.#same >= STILL_COUNT && now - this.#since >= STILL_S;
      return;
    }
    this.#lastMs = stampMs;
    this.#since = now;
    this.#same = 0;
    this.still = false;
    if (lastMs === null || this.#fine) return;
    const differenceMs = Math.abs(stampMs - lastMs);
    if (differenceMs > LONGEST_MS) return;
    this.#commonMs = common(differenceMs, this.#commonMs);
    this.#count += 1;
  }

  /** The step that was found, seconds; 0 while it is not known and for a fine clock. */
  get stepS() {
    if (this.#count < ENOUGH || this.#commonMs === null || this.#fine) return 0;
    return Math.min(this.#commonMs / 1000, MOST_S);
  }

  /** How much too early a stamp may be, as far as known, seconds. */
  get doubtS() {
    if (this.#fine) return 0;
    return this.#count >= ENOUGH ? this.stepS : MOST_S;
  }

  /**
   * How far two stamps may be wrong against each other, as far as known, seconds. Firefox does not only round down: it
   * draws a moment in each step, from which on it shows the next step.
   */
  get spreadS() {
    return 2 * this.doubtS;
  }

  get #fine() {
    return this.#commonMs !== null && this.#commonMs < FINE_MS;
  }
}

/** The greatest common measure of two lengths, within `WITHIN_MS` (Euclid). @param {number} a @param {number | null} b */
function common(a, b) {
  while (b !== null && b > WITHIN_MS) [a, b] = [b, Math.abs(a - evenly(a / b) * b)];
  return a;
}

/** To the nearest whole number, halves to the even one, as Python rounds. @param {number} x */
function evenly(x) {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}
