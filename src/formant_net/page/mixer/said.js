/** One line above the dock: what was done, with a way back, or what the server refused. It goes after a while. */
import { write } from "./make.js";

const SHOWN_MS = 12000;
/** A way back is offered longer: people look at the room first. */
const UNDO_MS = 60000;

/** @param {string} id */
const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

export class Said {
  /** @type {number | undefined} */
  #timer;

  /** @param {() => void} undo */
  constructor(undo) {
    element("said-undo").addEventListener("click", () => {
      this.#hide();
      undo();
    });
    element("said-close").addEventListener("click", () => this.#hide());
    element("said-text").setAttribute("role", "status");
  }

  /** @param {string} text @param {boolean} undo whether it can be undone */
  say(text, undo) {
    this.#show(text, undo, "good");
  }

  /** @param {string} text what the server refused, and why */
  trouble(text) {
    this.#show(text, false, "bad");
  }

  /** @param {string} text @param {boolean} undo @param {string} tone */
  #show(text, undo, tone) {
    clearTimeout(this.#timer);
    element("said").hidden = false;
    element("said").dataset.tone = tone;
    element("said-undo").hidden = !undo;
    write(element("said-text"), text);
    this.#timer = setTimeout(() => this.#hide(), undo ? UNDO_MS : SHOWN_MS);
  }

  #hide() {
    clearTimeout(this.#timer);
    element("said").hidden = true;
    write(element("said-text"), "");
  }
}
