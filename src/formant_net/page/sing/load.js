/**
 * What part of its time the making of sound takes, as a mean over many blocks.
 *
 * An audio thread has a clock in whole milliseconds only, and one block is shorter. Over enough blocks the sums are
 * right all the same, because a block that crosses a millisecond is as frequent as it is long.
 */

/** Blocks of a mean: with fewer, the steps of the clock decide. */
const LEAST_BLOCKS = 100;
/** The part of its time that the sound may take. What is left is for the browser, and for a processor that heats up. */
export const MOST_LOAD = 0.7;

export class Load {
  #spentMs = 0;
  #soundMs = 0;
  #voices = 0;
  #blocks = 0;
  #before = 0;

  /**
   * One block more.
   * @param {number} spentMs what it took @param {number} soundMs how long it sounds @param {number} voices that sounded
   */
  add(spentMs, soundMs, voices) {
    this.#spentMs += Math.max(0, spentMs); // a clock may be set back
    this.#soundMs += soundMs;
    this.#voices += voices;
    this.#blocks += 1;
  }

  /**
   * The mean since the last one, or null while there are too few blocks. Of two in a row the lesser counts: other work
   * that came between takes nobody's voice away.
   * @returns {{part: number, voices: number} | null} `part`: of the time; `voices`: on average
   */
  take() {
    if (this.#blocks < LEAST_BLOCKS) return null;
    const part = this.#spentMs / this.#soundMs;
    const mean = { part: Math.min(part, this.#before), voices: this.#voices / this.#blocks };
    this.#before = part;
    this.#spentMs = this.#soundMs = this.#voices = this.#blocks = 0;
    return mean;
  }
}
