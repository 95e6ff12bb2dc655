/**
 * The computer keyboard as an instrument: the A row is the white keys from C, the row above has the black ones.
 *
 * Keys are taken by their place (`code`), so the shape is that of a piano on every layout.
 */
import { bands, lowestC, unit, xOf } from "./mapping.js";

const KEYS = [
  ..."KeyA KeyW KeyS KeyE KeyD KeyF KeyT KeyG KeyY KeyH KeyU KeyJ KeyK KeyO KeyL KeyP".split(" "),
  ..."Semicolon Quote".split(" "),
];
const OCTAVE = 12;
const VOWEL_STEP = 1 / 16;

export class Keyboard {
  /** Key to our finger id and its place. @type {Map<string, {finger: number, x: number}>} */
  #held = new Map();
  #octave = 0;
  #y = 0;

  /**
   * @param {import("./touches.js").Touches} touches
   * @param {{changed: () => void, moved: () => void}} events
   * @param {() => import("./mapping.js").Range} range what is sung where
   */
  constructor(touches, events, range) {
    this.touches = touches;
    this.range = range;
    this.events = events;
    addEventListener("keydown", (event) => this.#down(event));
    addEventListener("keyup", (event) => this.#up(event));
  }

  /** The page lost sight of the keys. */
  forget() {
    this.#held.clear();
  }

  /** @param {KeyboardEvent} event */
  #down(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || isEditing(event.target)) return;
    if (this.#vowelKey(event.code)) {
      event.preventDefault();
      for (const { finger, x } of this.#held.values()) {
        if (this.touches.move(finger, x, this.#y)) this.events.moved();
      }
      return;
    }
    if (event.repeat) return;
    if (event.code === "KeyZ") this.#octave = 0;
    if (event.code === "KeyX") this.#octave = 1;
    const step = KEYS.indexOf(event.code);
    const range = this.range();
    const x = xOf(lowestC(range) + OCTAVE * this.#octave + step, range);
    if (step < 0 || x > 1 || this.#held.has(event.code)) return;
    event.preventDefault(); // Firefox searches on a quote
    const finger = this.touches.down(x, this.#y);
    if (finger === null) return;
    this.#held.set(event.code, { finger, x });
    this.events.changed();
  }

  /** @param {KeyboardEvent} event */
  #up(event) {
    // While Command is down, macOS does not report other keys going up.
    const codes = event.key === "Meta" ? [...this.#held.keys()] : [event.code];
    let changed = false;
    for (const code of codes) {
      const held = this.#held.get(code);
      this.#held.delete(code);
      if (held && this.touches.up(held.finger)) changed = true;
    }
    if (changed) this.events.changed();
  }

  /** @param {string} code @returns {boolean} whether it is one */
  #vowelKey(code) {
    const digit = /^Digit([1-9])$/.exec(code);
    const band = digit && bands(this.range())[Number(digit[1]) - 1];
    if (band) this.#y = band.y;
    else if (code === "ArrowUp") this.#y = unit(this.#y + VOWEL_STEP);
    else if (code === "ArrowDown") this.#y = unit(this.#y - VOWEL_STEP);
    else return false;
    return true;
  }
}

/** Sliders use the arrows and fields the letters themselves. @param {EventTarget | null} target */
function isEditing(target) {
  return target instanceof HTMLElement && target.matches("input, textarea, select");
}
