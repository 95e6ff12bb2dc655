/**
 * A fader in dB: a range input for keys and screen readers, under a grip for fingers.
 *
 * A finger moves the fader from where it is, and only sideways: a list that is scrolled must change no level, and a tap
 * beside the knob must not make a room jump.
 */
import { SILENT_DB } from "../fleet/document.js";
import { levelWords } from "../desk/board.js";

const STEP_DB = 0.5;
/** Pixels that a finger moves sideways before the fader follows. */
const SLACK_PX = 4;

export class Fader {
  item = document.createElement("div");
  #input = document.createElement("input");
  #output = document.createElement("output");
  #grip = document.createElement("div");
  #moved;
  /** A finger is on it. @type {{id: number, x: number, from: number, moving: boolean} | null} */
  #drag = null;

  /** @param {(db: number) => void} moved */
  constructor(moved) {
    this.#moved = moved;
    this.item.className = "fader";
    const grip = this.#grip;
    grip.className = "grip";
    Object.assign(this.#input, { type: "range", min: String(SILENT_DB), max: "0", step: String(STEP_DB) });
    this.#output.setAttribute("aria-hidden", "true");
    this.item.append(this.#input, this.#output, grip);
    this.#input.addEventListener("input", () => this.#set(this.#input.valueAsNumber));
    grip.addEventListener("pointerdown", (event) => this.#down(event));
    grip.addEventListener("mousedown", (event) => event.preventDefault()); // the focus stays on the input
    grip.addEventListener("pointermove", (event) => this.#move(event));
    grip.addEventListener("pointerup", (event) => this.#up(event));
    grip.addEventListener("pointercancel", (event) => this.#cancel(event));
  }

  /** @param {string} label @param {number} db @param {boolean} able */
  show(label, db, able) {
    const input = this.#input;
    if (!this.#held) this.#drag = null; // its row was moved under the finger
    if (input.getAttribute("aria-label") !== label) input.setAttribute("aria-label", label);
    if (input.disabled === able) input.disabled = !able;
    if (!this.#drag?.moving && input.valueAsNumber !== db) input.value = String(db);
    this.#words(this.#drag?.moving ? input.valueAsNumber : db);
  }

  /** @param {number} db */
  #set(db) {
    this.#words(db);
    this.#moved(db);
  }

  /** @param {number} db */
  #words(db) {
    const words = levelWords(db);
    if (this.#output.textContent === words) return;
    this.#output.textContent = words;
    this.#input.setAttribute("aria-valuetext", words);
    this.item.style.setProperty("--at", String((db - SILENT_DB) / -SILENT_DB));
  }

  /** Whether the finger that is on it still moves it. */
  get #held() {
    return this.#drag !== null && this.#grip.hasPointerCapture(this.#drag.id);
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (this.#input.disabled || event.button !== 0 || this.#held) return;
    this.#grip.setPointerCapture(event.pointerId);
    this.#input.focus({ preventScroll: true });
    this.#drag = { id: event.pointerId, x: event.clientX, from: this.#input.valueAsNumber, moving: false };
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const drag = this.#drag;
    if (drag?.id !== event.pointerId) return;
    if (!(event.buttons & 1)) {
      this.#drag = null; // it was lifted where nobody saw it
      return;
    }
    const by = event.clientX - drag.x;
    if (!drag.moving && Math.abs(by) < SLACK_PX) return;
    if (!drag.moving) Object.assign(drag, { moving: true, x: event.clientX });
    const db = drag.from + ((event.clientX - drag.x) / this.#input.clientWidth) * -SILENT_DB;
    const stepped = Math.max(SILENT_DB, Math.min(0, Math.round(db / STEP_DB) * STEP_DB));
    if (stepped === this.#input.valueAsNumber) return;
    this.#input.value = String(stepped);
    this.#set(stepped);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    if (this.#drag?.id === event.pointerId) this.#drag = null;
  }

  /** The finger scrolls the list after all: the level is as it was. @param {PointerEvent} event */
  #cancel(event) {
    const drag = this.#drag;
    if (drag?.id !== event.pointerId) return;
    this.#drag = null;
    if (!drag.moving) return;
    this.#input.value = String(drag.from);
    this.#set(drag.from);
  }
}
