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
    this.#lower.addEventListener("click", () => shift(-1));
    this.#higher.addEventListener("click", () => shift(1));
    this.#hold.addEventListener("click", hold);
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

/** @param {HTMLElement} place @param {string} text */
function write(place, text) {
  if (place.textContent !== text) place.textContent = text;
}
