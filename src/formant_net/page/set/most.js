/** How many synths this page plays: a number that a person may set, and words for those that are left out. */
import { Kept } from "./kept.js";

const SETTINGS = "formant-page";
/** With fewer synths nobody needs the number. */
const MANY = 32;

export class Most {
  #kept = new Kept(SETTINGS);
  /** Synths that this page plays. */
  value;

  /**
   * @param {{row: HTMLElement, field: HTMLElement, note: HTMLElement}} elements
   * @param {import("../protocol/numbers.js").Numbers} bounds
   * @param {string} agent of the browser
   */
  constructor({ row, field, note }, bounds, agent) {
    this.row = row;
    this.note = note;
    const box = /** @type {HTMLInputElement} */ (field);
    const usual = /Mobi|Android|iPhone|iPad/.test(agent) ? bounds.synths_of_phone : bounds.synths;
    const fits = (/** @type {unknown} */ n) => Number.isInteger(n) && Number(n) >= 1 && Number(n) <= bounds.most_synths;
    const { synths } = this.#kept.read();
    this.value = fits(synths) ? Number(synths) : usual;
    Object.assign(box, { min: "1", max: String(bounds.most_synths), value: String(this.value) });
    box.addEventListener("change", () => {
      if (fits(box.valueAsNumber)) this.#kept.write({ synths: (this.value = box.valueAsNumber) });
      box.value = String(this.value);
    });
  }

  /** @param {number} links @param {number} leftOut synths that offer and have no place @param {number} queued links */
  show(links, leftOut, queued) {
    this.row.hidden = links < MANY && leftOut === 0;
    const words = [leftOutWords(leftOut, this.value), queuedWords(queued)].filter((text) => text !== "").join(" ");
    if (this.note.textContent !== words) this.note.textContent = words;
    this.note.hidden = words === "";
  }
}

/** @param {number} leftOut @param {number} most */
export function leftOutWords(leftOut, most) {
  if (leftOut === 0) return "";
  const who = leftOut === 1 ? "1 more synth is" : `${leftOut} more synths are`;
  return `${who} here. This page plays ${most}: raise the number if this device can, or let another device play them.`;
}

/** @param {number} queued */
function queuedWords(queued) {
  if (queued === 0) return "";
  return `The network cannot keep up with ${queued} of them: they get fewer moves, and every touch and lift.`;
}
