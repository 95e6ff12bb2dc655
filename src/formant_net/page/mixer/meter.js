/**
 * How loud a box is, as a bar on the scale of the fader below it. No bar: not known.
 *
 * It is for eyes alone, because a screen reader would read four changes a second of every row. The details of a box say
 * its level in words.
 */
import { SILENT_DB } from "../fleet/document.js";
import { make } from "./make.js";

export class Meter {
  item = make("div", { className: "meter", hidden: true, aria: { hidden: true } });
  /** What is shown. @type {number | null} */
  #shown = null;

  /** @param {number | null} db of full scale */
  show(db) {
    if (db === this.#shown) return;
    this.#shown = db;
    this.item.hidden = db === null;
    const at = db === null ? 0 : Math.min(1, Math.max(0, 1 - db / SILENT_DB));
    this.item.style.setProperty("--at", at.toFixed(3));
  }
}
