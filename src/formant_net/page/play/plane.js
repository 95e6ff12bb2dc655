/**
 * The plane of vowels as a surface: a finger on it moves the vowel of every note of this page.
 *
 * It lies as the vowel chart does: front at the left, close at the top. The notes get their pitch from elsewhere: they
 * are held, or keys and MIDI play them. If nothing sounds, a finger on the plane sings the last pitch again.
 */
import { unit } from "../protocol/range.js";

/** @typedef {import("../protocol/range.js").Range} Range */
/** @typedef {[number, number]} Place 0 back … 1 front, 0 close … 1 open */

/** The place of a point of the surface. @param {number} x 0…1 @param {number} y 0…1, 1 at the top @returns {Place} */
export const placeAt = (x, y) => [rounded(1 - unit(x)), rounded(1 - unit(y))];

/** The point of the surface of a place. @param {Place} place @returns {{x: number, y: number}} */
export const pointOf = ([front, open]) => ({ x: 1 - front, y: 1 - open });

/** The vowel of a plane that is nearest to a place. @param {Place} place @param {import("../protocol/range.js").OnPlane[]} plane */
export function nearestOn([front, open], plane) {
  const away = (/** @type {{front: number, open: number}} */ at) => Math.hypot(at.front - front, at.open - open);
  return plane.reduce((best, each) => (away(each) < away(best) ? each : best));
}

/**
 * The y of the vowel of the path that is nearest to a place, for synths that have no plane.
 * @param {Place} place @param {Range} range
 */
export function pathY(place, { plane = [], vowels }) {
  const onPath = plane.filter(({ name }) => vowels.includes(name));
  if (onPath.length === 0) return 0;
  return vowels.indexOf(nearestOn(place, onPath).name) / (vowels.length - 1);
}

/** What pointers play: the instrument, or the plane where it is shown. */
export class Playing {
  /** Fingers on the plane, with the voice that each began, if it began one. @type {Map<number, number | null>} */
  #steering = new Map();
  #next = -1;

  /**
   * @param {import("./instrument.js").Instrument} instrument
   * @param {import("./touches.js").Touches} touches
   */
  constructor(instrument, touches) {
    this.instrument = instrument;
    this.touches = touches;
  }

  /** Forget the fingers on the plane: nobody knows where they are. Their voices belong to the instrument. */
  forget() {
    this.#steering.clear();
  }

  /** A finger touches down. @returns {number | null} its id @param {number} x @param {number} y @param {number} [z] */
  down(x, y, z) {
    const { view } = this.instrument;
    if (!view.plane) return this.instrument.down(x, y, z);
    this.#steer(x, y);
    const voice = this.touches.size === 0 ? this.instrument.again(pathY(placeAt(x, y), view.range), z) : null;
    const id = this.#next--;
    this.#steering.set(id, voice);
    return id;
  }

  /** @param {number} id @param {number} x @param {number} y @param {number} [z] @returns {boolean} whether anything changed */
  move(id, x, y, z) {
    if (!this.#steering.has(id)) return this.instrument.move(id, x, y, z);
    if (!this.instrument.view.plane) return false;
    this.#steer(x, y);
    return true;
  }

  /** @param {number} id @returns {boolean} whether a voice ended */
  up(id) {
    if (!this.#steering.has(id)) return this.instrument.up(id);
    const voice = this.#steering.get(id) ?? null;
    this.#steering.delete(id);
    return voice !== null && this.instrument.up(voice);
  }

  /** @param {number} x @param {number} y */
  #steer(x, y) {
    const place = placeAt(x, y);
    this.touches.steer({ place, y: rounded(pathY(place, this.instrument.view.range)) });
  }
}

/** As short as the other places on the wire. @param {number} value */
const rounded = (value) => Math.round(value * 1e5) / 1e5;
