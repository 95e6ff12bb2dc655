/** The controllers that a synth knows of: what the registry last said, and nothing else. */

export class Roster {
  /** Ids in the order in which they were learned, and the run each is in. @type {Map<string, string | null>} */
  #runs = new Map();

  /** @param {number} most bounds what a wrong server can make us remember */
  constructor(most) {
    this.most = most;
  }

  /** Take a whole list. @param {Record<string, string | null>} runs @returns {string[]} those that are listed no longer */
  replace(runs) {
    const before = [...this.#runs.keys()];
    this.#runs = new Map(Object.entries(runs).slice(0, this.most));
    return before.filter((name) => !this.#runs.has(name));
  }

  /** Add one, or note its new run. @param {string} name @param {string | null} [run] @returns {boolean} whether there is room */
  joined(name, run = null) {
    if (!this.#runs.has(name) && this.#runs.size >= this.most) return false;
    this.#runs.set(name, run ?? this.#runs.get(name) ?? null);
    return true;
  }

  /** One that is not listed is no error: a notice may come twice. @param {string} name */
  left(name) {
    this.#runs.delete(name);
  }

  /** @param {string} name */
  has(name) {
    return this.#runs.has(name);
  }

  /** @param {string} name @returns {string | null} */
  run(name) {
    return this.#runs.get(name) ?? null;
  }

  get names() {
    return [...this.#runs.keys()];
  }
}
