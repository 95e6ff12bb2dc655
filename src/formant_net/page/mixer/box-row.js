/** The row of one box: state, name, why it is silent, fader, mute and solo. */
import { brief } from "../desk/figures.js";
import { Fader } from "./fader.js";
import { Meter } from "./meter.js";
import { attribute, button, make, showSwitch, write } from "./make.js";

/**
 * What people may do with a part.
 * @typedef {object} Hands
 * @property {(path: string, set: import("../fleet/document.js").Fields) => void} wish a fader or a mute
 * @property {(path: string, on: boolean) => void} solo
 * @property {(path: string) => void} undo what silences: this path is to silence no more
 * @property {(path: string) => void} open its details
 *
 * @typedef {import("../desk/board.js").BoxRow} Row
 */

const MOST_REASONS = 2;

export class BoxRow {
  /** @type {Row | null} */
  #row = null;
  item = make("li", { className: "row" });
  #open;
  #name = make("h3");
  #line = make("p", { className: "line" });
  #state = make("span", { className: "state" });
  #whys = make("span", { className: "whys" });
  #figures = make("span", { className: "figures" });
  #fader;
  #meter = new Meter();
  #mute;
  #solo;
  #hands;
  /** The reasons that are shown. */
  #shown = "";

  /** @param {Hands} hands */
  constructor(hands) {
    this.#hands = hands;
    const path = () => this.#row?.path ?? "";
    this.#open = button("", "details", () => hands.open(path()));
    this.#open.append(make("span", { className: "dot" }));
    this.#fader = new Fader((db) => hands.wish(path(), { db }));
    this.#fader.item.prepend(this.#meter.item);
    this.#mute = button("M", "mute", () => hands.wish(path(), { mute: !this.#row?.fields.mute }));
    this.#solo = button("S", "solo", () => hands.solo(path(), !this.#row?.solo));
    this.#line.append(this.#state, this.#whys, this.#figures);
    const names = make("div", { className: "names" }, this.#name, this.#line);
    this.#name.addEventListener("click", () => hands.open(path())); // the button beside it is the one for keys
    this.item.append(this.#open, names, this.#fader.item, this.#mute, this.#solo);
    this.item.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {Row} row @param {boolean} able whether the desk may change anything now */
  show(row, able) {
    this.#row = row;
    attribute(this.item, "data-tone", row.tone);
    attribute(this.item, "data-silent", row.because.length > 0 ? "" : null);
    write(this.#name, row.name);
    attribute(this.#name, "title", row.name);
    attribute(this.#open, "aria-label", `${row.name}: details`);
    write(this.#state, row.state);
    this.#showWhys(row, able);
    write(this.#figures, figureWords(row));
    attribute(this.#figures, "data-stale", row.stale ? "" : null);
    this.#fader.show(`level of ${row.name}`, row.fields.db, able);
    showSwitch(this.#mute, `mute ${row.name}`, row.fields.mute, able);
    showSwitch(this.#solo, `solo ${row.name}`, row.solo, able);
  }

  /** @param {number | null} db how loud its box is; null: not known */
  showLevel(db) {
    this.#meter.show(db);
  }

  /** @param {Row} row @param {boolean} able */
  #showWhys({ because }, able) {
    const shown = JSON.stringify([because, able]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const focused = this.#whys.contains(document.activeElement);
    const more = because.length - MOST_REASONS;
    this.#whys.replaceChildren(
      ...because.slice(0, MOST_REASONS).map(({ text, undo, path }) => {
        if (!undo) return make("span", { className: "why", textContent: text });
        const chip = button(text, "why", () => this.#hands.undo(path));
        chip.disabled = !able;
        attribute(chip, "aria-label", `${text}. ${undo}`);
        attribute(chip, "title", undo);
        return chip;
      }),
      ...(more > 0 ? [make("span", { className: "why", textContent: `+${more}` })] : []),
    );
    if (focused) this.#mute.focus(); // what was pressed is gone, and keys go on in this row
  }

  /** Keys inside of a row; the letters are those on its buttons. @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey) return;
    const key = event.key.toLowerCase();
    if (event.altKey && (key === "arrowup" || key === "arrowdown")) step(event, key === "arrowup" ? -1 : 1);
    else if (event.altKey || event.repeat) return; // a key that is held switches once
    else if (key === "m") this.#mute.click();
    else if (key === "s") this.#solo.click();
    else return;
    event.preventDefault();
  }
}

/** Go to the same control of the row above or below. @param {KeyboardEvent} event @param {number} by */
export function step(event, by) {
  const from = /** @type {HTMLElement} */ (event.target);
  const row = from.closest(".row");
  const rows = [...document.querySelectorAll("#zones .row")].filter((each) => each.checkVisibility?.() ?? true);
  const next = rows[rows.indexOf(/** @type {Element} */ (row)) + by];
  const kind = ["mute", "solo", "details"].find((name) => from.classList.contains(name));
  const same = next?.querySelector(kind ? `.${kind}` : "input");
  /** @type {HTMLElement | null | undefined} */ (same ?? next?.querySelector("button, input"))?.focus();
}

/** @param {Row} row */
function figureWords(row) {
  const words = brief(row.figures).map((figure) => figure.text);
  if (words.length === 0) return row.here ? "no report" : "";
  return (row.stale ? ["old", ...words] : words).join(" · ");
}
