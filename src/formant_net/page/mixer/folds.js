/** Which zones are folded; this browser remembers it. */

const KEY = "formant-desk-folds";

export class Folds {
  /** @type {Set<string>} */
  #folded = new Set();
  #changed;

  /** @param {() => void} changed */
  constructor(changed) {
    this.#changed = changed;
    try {
      const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
      if (Array.isArray(kept)) this.#folded = new Set(kept.filter((id) => typeof id === "string"));
    } catch {
      // storage may be forbidden: nothing is folded
    }
  }

  /** @param {string} id of a zone, "" for boxes without one */
  has(id) {
    return this.#folded.has(id);
  }

  /** @param {string} id @param {boolean} open */
  set(id, open) {
    if (open) this.#folded.delete(id);
    else this.#folded.add(id);
    this.#keep();
  }

  /** Fold all, or unfold all if all are folded. @param {string[]} ids */
  all(ids) {
    const open = ids.some((id) => !this.#folded.has(id));
    for (const id of ids) if (open) this.#folded.add(id); else this.#folded.delete(id);
    this.#keep();
  }

  #keep() {
    try {
      localStorage.setItem(KEY, JSON.stringify([...this.#folded]));
    } catch {
      // it counts until the page is left
    }
    this.#changed();
  }
}
