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
  /** @type {{part: number, voices: number} | null} */
  #before = null;

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
   * The mean since the last one, or null while there are too few blocks. Of two in a row the one counts in which a
   * voice took less: other work that came between takes nobody's voice away.
   * @returns {{part: number, voices: number} | null} `part`: of the time; `voices`: on average. Below one voice it says
   *   nothing of voices: then the part is that of other work
   */
  take() {
    if (this.#blocks < LEAST_BLOCKS) return null;
    const mean = { part: this.#spentMs / this.#soundMs, voices: this.#voices / this.#blocks };
    const before = this.#before ?? { part: 0, voices: mean.voices };
    this.#before = mean;
    this.#spentMs = this.#soundMs = this.#voices = this.#blocks = 0;
    return aVoice(before) < aVoice(mean) ? before : mean;
  }
}

/** The part of its time that one voice took. @param {{part: number, voices: number}} mean */
const aVoice = ({ part, voices }) => part / Math.max(1, voices);
