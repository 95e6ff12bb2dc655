/** One button that silences everything, and brings the synths back. */

/** @typedef {import("../controller/link.js").Link} Link */

export class AllOff {
  /** What a click does: true switches on. */
  #on = false;

  /** @param {HTMLElement} button @param {(on: boolean) => void} does */
  constructor(button, does) {
    this.button = button;
    button.addEventListener("click", () => does(this.#on));
  }

  /** @param {Link[]} links the open links @param {boolean} maySet */
  show(links, maySet) {
    this.#on = maySet && links.length > 0 && links.every((link) => !link.synth.poweredOn);
    const words = this.#on ? "All on" : "All off";
    if (this.button.textContent !== words) this.button.textContent = words;
  }
}
