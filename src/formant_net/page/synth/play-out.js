/** Notes that wait for their play-out time, in order of time; equal times in order of arrival. */

/** @typedef {import("./touches.js").Note} Note */

export class PlayOut {
  /** Count of notes that arrived after their play-out time. */
  late = 0;
  /** How late the latest of them was, seconds. */
  latestS = 0;
  /** In order. @type {{at: number, note: Note}[]} */
  #waiting = [];

  /** Take a note that is to sound at `note.at`; before `earliest` nothing can sound any more. @param {Note} note @param {number} earliest seconds */
  put(note, earliest) {
    const at = note.at ?? earliest;
    if (at < earliest) {
      this.late += 1;
      this.latestS = Math.max(this.latestS, earliest - at);
    }
    let place = this.#waiting.length;
    while (place > 0 && this.#waiting[place - 1].at > at) place -= 1;
    this.#waiting.splice(place, 0, { at, note });
  }

  /** Take out what is to sound up to a moment, in order. @param {number} until seconds */
  due(until) {
    let count = 0;
    while (count < this.#waiting.length && this.#waiting[count].at <= until) count += 1;
    return this.#waiting.splice(0, count);
  }

  /** When the next one is to sound, seconds, or null. */
  get next() {
    return this.#waiting[0]?.at ?? null;
  }
}
