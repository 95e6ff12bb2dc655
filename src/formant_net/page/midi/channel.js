/** What one MIDI channel remembers: bend, pressure, controllers, pedals, tuning. The rules of midi/channel.py. */
import { Registered } from "./registered.js";

/** 64 of 127, and 64 with any low bits. */
export const PEDAL_DOWN = 0.5;

/** What controllers do, by number. @type {Readonly<Record<number, string>>} */
export const USES = {
  ...{ 1: "vowel", 2: "effort", 7: "volume", 11: "effort" },
  ...{ 64: "sustain", 66: "sostenuto", 67: "soft", 74: "slide" },
};

export class Channel {
  /** Semitones of RPN 1 and 2. */
  fine = 0;
  coarse = 0;
  registered = new Registered();
  mono = false;
  /** Mono: keys that are down, the newest last. @type {{key: number}[]} */
  stack = [];
  /** Semitones, as far as the range meant when the message came. */
  bend = 0;
  /** Whether a bend or a slide came since the channel was last forgotten. */
  bent = false;
  /** @type {number | null} */
  slide = null;
  pressure = 0;
  /** @type {number | null} */
  vowel = null;
  sustain = false;
  sostenuto = false;
  soft = false;
  /** Factors on effort by controller. @type {Map<number, number>} */
  #efforts = new Map();
  /** @type {Map<number, number>} */
  #values = new Map();
  /** Low 7 bits, of those controllers that ever sent them. @type {Map<number, number>} */
  #low = new Map();

  /** CC 121: bend, pressure, vowel, effort and pedals as at the start; tuning and ranges stay. */
  rest() {
    this.forgetNote();
    this.vowel = null;
    this.sustain = this.sostenuto = this.soft = false;
    this.#efforts.clear();
    this.#values.clear();
    this.#low.clear();
    this.registered.clear();
  }

  /** The last note of a member ended: what bent it is not meant for the next one. */
  forgetNote() {
    this.bend = this.pressure = 0;
    this.slide = null;
    this.bent = false;
  }

  get effort() {
    return [...this.#efforts.values()].reduce((product, each) => product * each, this.soft ? 0.7 : 1);
  }

  /**
   * The controller that a message sets, and its value 0…1; null for low bits without an MSB before them.
   * @param {number} number @param {number} value @param {Readonly<Record<number, string>>} uses
   * @returns {[number, number | null]}
   */
  value(number, value, uses) {
    if (number >= 32 && number < 64 && !(number in uses)) {
      number -= 32;
      if (!this.#values.has(number)) return [number, null];
      this.#low.set(number, value);
    } else {
      this.#values.set(number, value);
      if (this.#low.has(number)) this.#low.set(number, 0);
    }
    const high = this.#values.get(number) ?? 0;
    const low = this.#low.get(number);
    return [number, low === undefined ? high / 127 : ((high << 7) | low) / 16383];
  }

  /** @param {string} use @param {number} number @param {number} value 0…1 */
  take(use, number, value) {
    if (use === "vowel") this.vowel = value;
    else if (use === "slide") {
      this.slide = value;
      this.bent = true;
    } else if (use === "effort") this.#efforts.set(number, value);
    else if (use === "soft") this.soft = value >= PEDAL_DOWN;
  }
}
