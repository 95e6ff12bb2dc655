/** One voice for all fingers of a controller: the newest finger sings, and lifting it goes back to the one before. */

/** @typedef {import("./touches.js").Note} Note @typedef {import("./messages.js").Point} Point */

export class Mono {
  /** Fingers that are down, by the key of their note; the last one sings. @type {Map<number, Point>} */
  #held = new Map();
  /** Key of the voice: that of the finger that began it. @type {number | null} */
  #voice = null;

  /** The notes of the voice for these notes of the fingers. @param {Note[]} notes @param {boolean} legato @returns {Note[]} */
  take(notes, legato) {
    return notes.flatMap((note) => (note.do === "off" ? this.#lift(note, legato) : this.#place(note, legato)));
  }

  /** All fingers are up: the caller has ended their notes. */
  forget() {
    this.#held.clear();
    this.#voice = null;
  }

  get #newest() {
    return [...this.#held.keys()].pop();
  }

  /** @param {Exclude<Note, {do: "off"}>} note @param {boolean} legato @returns {Note[]} */
  #place({ key, point, at }, legato) {
    const newest = this.#newest;
    const begins = !this.#held.has(key);
    this.#held.set(key, point);
    if (this.#voice === null) {
      this.#voice = key;
      return [{ do: "on", key, point, at }];
    }
    if (begins) return change(this.#voice, point, at, legato);
    return key === newest ? [{ do: "move", key: this.#voice, point, at }] : [];
  }

  /** @param {{key: number, at: number | null}} note @param {boolean} legato @returns {Note[]} */
  #lift({ key, at }, legato) {
    const newest = this.#newest;
    if (!this.#held.delete(key) || this.#voice === null || key !== newest) return [];
    const before = [...this.#held.values()].pop();
    if (before) return change(this.#voice, before, at, legato);
    const voice = this.#voice;
    this.#voice = null;
    return [{ do: "off", key: voice, at }];
  }
}

/** @param {number} key @param {Point} point @param {number | null} at @param {boolean} legato @returns {Note[]} */
function change(key, point, at, legato) {
  if (legato) return [{ do: "move", key, point, at }];
  return [
    { do: "off", key, at },
    { do: "on", key, point, at },
  ];
}
