/**
 * What a synth keeps of one controller while one link to it lasts: its fingers, and what it may cost.
 *
 * The limits are those of synth/play_limits.py, with fewer voices: a page has fewer.
 */
import { Allowance } from "../timers/allowance.js";
import { Mono } from "./mono.js";
import { Touches } from "./touches.js";

const NOTES_PER_S = 60;
const NOTES_BURST = 64;
/** Twice what a screen of 120 Hz with its repetitions sends. */
const MESSAGES_PER_S = 400;
const MESSAGES_BURST = 400;
/** Messages that cannot be read: one kind that a client gets wrong may come with each tap for hours. */
const BAD_PER_S = 5;
const BAD_BURST = 100;
/** Fingers that one message may carry at no extra cost: three hands. */
const HANDFUL = 16;

export class Player {
  mono = new Mono();
  touches;
  #notes;
  #messages;
  /** Dropped messages are counted as well. A flood is a tenth above the rate for long, or very many at once. */
  #patience;
  #bad;

  /**
   * @param {import("../protocol/numbers.js").Numbers} timing
   * @param {number} mostFingers
   * @param {() => number} newKey keys for voices that are not used again
   * @param {number} now seconds: the link was begun
   */
  constructor(timing, mostFingers, newKey, now) {
    this.#notes = new Allowance(NOTES_PER_S, NOTES_BURST, now);
    this.#messages = new Allowance(MESSAGES_PER_S, MESSAGES_BURST, now);
    this.#patience = new Allowance(MESSAGES_PER_S / 10, (MESSAGES_BURST + 1) / 2, now);
    this.#bad = new Allowance(BAD_PER_S, BAD_BURST, now);
    this.touches = new Touches(timing, (at) => (this.#notes.take(at) ? newKey() : null), mostFingers);
  }

  /** What to do with a message of so many fingers. @param {number} now seconds @param {number} fingers @returns {"read" | "drop" | "flood"} */
  message(now, fingers) {
    if (!this.#messages.take(now)) return this.#patience.take(now) ? "drop" : "flood";
    this.#messages.charge(Math.floor(fingers / HANDFUL));
    return "read";
  }

  /** A message could not be read. @param {number} now seconds @returns {boolean} whether it may go on like this */
  bad(now) {
    return this.#bad.take(now);
  }
}
