/** The strip: the scale that is played, the range with its shift, and hold. It opens the sheet with all choices. */
import { MOST_SHIFT } from "../play/choice.js";
import { nearestNote } from "../play/notes.js";
import { holdWords, rangeWords, scaleWords } from "./words.js";

/** @param {string} id */
const element = (id) => /** @type {HTMLButtonElement} */ (document.getElementById(id));

export class Strip {
  #scale = element("strip-scale");
  #lower = element("strip-lower");
  #higher = element("strip-higher");
  #range = element("strip-range");
  #hold = element("strip-hold");

  /** @param {{opens: () => void, shift: (by: number) => void, hold: () => void}} does */
  constructor({ opens, shift, hold }) {
    this.#scale.addEventListener("click", opens);
    pressed(this.#lower, () => shift(-1));
    pressed(this.#higher, () => shift(1));
    pressed(this.#hold, hold);
  }

  /**
   * @param {import("../play/choice.js").Choice} choice @param {string} file name of the tuning of a file
   * @param {import("../play/view.js").View} view @param {{holding: boolean, held: number}} instrument
   */
  show(choice, file, view, { holding, held }) {
    write(this.#scale, scaleWords(choice, file));
    write(this.#range, rangeWords(view, (note) => nearestNote(note).label));
    this.#lower.disabled = choice.shift <= -MOST_SHIFT;
    this.#higher.disabled = choice.shift >= MOST_SHIFT;
    const { text, spoken } = holdWords(holding, held);
    write(this.#hold, text);
    this.#hold.setAttribute("aria-pressed", String(holding));
    if (this.#hold.getAttribute("aria-label") !== spoken) this.#hold.setAttribute("aria-label", spoken);
  }
}

/**
 * A button that also works while other fingers are on the surface: browsers make no click of a second touch.
 * @param {HTMLButtonElement} button @param {() => void} does
 */
function pressed(button, does) {
  /** The pointer that is down on it. @type {number | null} */
  let down = null;
  button.addEventListener("pointerdown", ({ button: which, pointerId }) => {
    if (which !== 0) return;
    down = pointerId;
    try {
      button.setPointerCapture(pointerId); // it comes up here, wherever it goes
    } catch {
      // It was lifted already; its pointerup follows.
    }
  });
  button.addEventListener("pointercancel", () => (down = null));
  button.addEventListener("pointerup", ({ pointerId, clientX, clientY }) => {
    if (pointerId !== down) return;
    down = null;
    const { left, right, top, bottom } = button.getBoundingClientRect();
    const inside = clientX >= left && clientX <= right && clientY >= top && clientY <= bottom;
    if (inside && !button.disabled) does();
  });
  // Keys and screen readers press it without a pointer.
  button.addEventListener("click", ({ detail }) => {
    if (detail === 0) does();
  });
}

/** @param {HTMLElement} place @param {string} text */
function write(place, text) {
  if (place.textContent !== text) place.textContent = text;
}
