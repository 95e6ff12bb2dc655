/**
 * The computer keyboard as an instrument: the A row has the white keys from C on, the row above it the black keys.
 *
 * Keys count by their position (`code`), so the shape is that of a piano on every layout.
 */
import { unit } from "../protocol/range.js";
import { lowestC, xOf } from "./notes.js";
import { vowelPlaces } from "./vowels.js";

const KEYS = [
  ..."KeyA KeyW KeyS KeyE KeyD KeyF KeyT KeyG KeyY KeyH KeyU KeyJ KeyK KeyO KeyL KeyP".split(" "),
  ..."Semicolon Quote".split(" "),
];
const OCTAVE = 12;
const VOWEL_STEP = 1 / 16;

export class Keyboard {
  /** Key to our finger id and its place on the page's surface. @type {Map<string, {finger: number, x: number}>} */
  #held = new Map();
  #octave = 0;
  #y = 0;

  /**
   * @param {import("./instrument.js").Instrument} instrument
   * @param {{changed: () => void, moved: () => void}} events
   * @param {() => import("../protocol/range.js").Range} range the notes and vowels of the surface
   * @param {() => boolean} plays whether keys play now: they do not while the page asks a question
   * @param {() => boolean} anyPitch whether a synth sings notes that are not on the surface
   */
  constructor(instrument, events, range, plays, anyPitch) {
    this.instrument = instrument;
    this.range = range;
    this.plays = plays;
    this.anyPitch = anyPitch;
    this.events = events;
    addEventListener("keydown", (event) => this.#down(event));
    // While Command (Meta) is down, macOS does not report other keys going up.
    addEventListener("keyup", (event) => this.#up(event.key === "Meta" ? [...this.#held.keys()] : [event.code]));
    // An open menu keeps every key for itself, so nobody would tell that a key goes up.
    addEventListener("focusin", ({ target }) => {
      if (target instanceof HTMLSelectElement) this.#up([...this.#held.keys()]);
    });
  }

  /** Forget the keys that are held: the page no longer knows whether they are down. */
  forget() {
    this.#held.clear();
  }

  /** @param {KeyboardEvent} event */
  #down(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.plays() || isEditing(event.target)) return;
    if (this.#vowelKey(event.code)) {
      event.preventDefault();
      for (const { finger, x } of this.#held.values()) {
        if (this.instrument.move(finger, x, this.#y)) this.events.moved();
      }
      return;
    }
    if (event.repeat) return;
    if (event.code === "KeyZ") this.#octave = 0;
    if (event.code === "KeyX") this.#octave = 1;
    const step = KEYS.indexOf(event.code);
    const range = this.range();
    const note = lowestC(range) + OCTAVE * this.#octave + step;
    const x = xOf(note, range);
    if (step < 0 || (x > 1 && !this.anyPitch()) || this.#held.has(event.code)) return;
    event.preventDefault(); // Firefox begins a search at a quote
    const finger = this.instrument.press(note, this.#y);
    if (finger === null) return;
    this.#held.set(event.code, { finger, x });
    this.events.changed();
  }

  /** @param {string[]} codes */
  #up(codes) {
    let changed = false;
    for (const code of codes) {
      const held = this.#held.get(code);
      this.#held.delete(code);
      if (held && this.instrument.up(held.finger)) changed = true;
    }
    if (changed) this.events.changed();
  }

  /** @param {string} code @returns {boolean} whether the key changes the vowel */
  #vowelKey(code) {
    const digit = /^Digit([1-9])$/.exec(code);
    const band = digit && vowelPlaces(this.range())[Number(digit[1]) - 1];
    if (band) this.#y = band.y;
    else if (code === "ArrowUp") this.#y = unit(this.#y + VOWEL_STEP);
    else if (code === "ArrowDown") this.#y = unit(this.#y - VOWEL_STEP);
    else return false;
    return true;
  }
}

/** Whether an element uses keys itself: sliders the arrows, fields the letters. @param {EventTarget | null} target */
function isEditing(target) {
  return target instanceof HTMLElement && target.matches("input, textarea, select");
}
