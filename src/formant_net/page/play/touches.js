/**
 * The state of all fingers: every message carries all of them, so each message makes up for lost ones.
 *
 * A finger gets a new id each time it comes down, so that a lost release can never look like a glide. A finger with a
 * known pitch (`note`) is placed where that pitch lies on each synth's own surface.
 */
import { PLAIN, unit } from "../protocol/range.js";
import { xOf } from "./notes.js";

/** Distance outside 0…1 at which a computed x still counts as the edge: rounding must not lose the lowest note. */
const EDGE = 1e-6;

/** 5 decimals are 0.04 cents of pitch and keep the message short. @param {number} value */
const rounded = (value) => Math.round(unit(value) * 1e5) / 1e5;

/**
 * A finger on the wire. `note`: MIDI number with its fraction; `vel`: 0…1; `place`: its vowel as [0 back … 1 front,
 * 0 close … 1 open]; `since`: when it came down, as first sent.
 * @typedef {{id: number, x: number, y: number, z?: number, note?: number, vel?: number, place?: [number, number],
 *   since?: number}} Point
 * A place on a plane of vowels, and the y of the nearest vowel on the path, for synths that have no plane.
 * @typedef {{place: [number, number], y: number}} Steered
 * A finger as it is kept: `x` is null if only the note is known; `synths` are those that hear it, if not all do;
 * `steered` counts instead of y, until y changes.
 * @typedef {Omit<Point, "x" | "place"> & {x: number | null, synths?: Set<string>, steered?: Steered}} Finger
 * @typedef {{note?: number, vel?: number, synths?: Set<string>}} More
 * @typedef {{peer: string, synth: import("../protocol/synth.js").SynthState}} Listener
 */

export class Touches {
  /** In the order of touching down. @type {Map<number, Finger>} */
  #down = new Map();
  #nextId = 1;
  /** The finger that was lifted last. @type {Finger} */
  #last = { id: 0, x: 0, y: 0 };
  /** Where new fingers begin on the plane of vowels; null: at their y. @type {Steered | null} */
  steered = null;

  /** @param {import("../protocol/numbers.js").Numbers} bounds */
  constructor(bounds) {
    this.bounds = bounds;
  }

  get size() {
    return this.#down.size;
  }

  /** A finger touches down. @returns {number | null} its id, or null when too many are down already
   * @param {number | null} x null: the place of its note on the surface of each synth
   * @param {number} y @param {number} [z] @param {More} [more] */
  down(x, y, z, more = {}) {
    if (this.#down.size >= this.bounds.fingers) return null;
    const id = this.#nextId++;
    this.#down.set(id, { ...finger(id, x, y, z, more), ...given("steered", this.steered ?? undefined) });
    return id;
  }

  /** The vowel of all fingers moves to this place of the plane, and new ones begin there. @param {Steered} steered */
  steer(steered) {
    this.steered = steered;
    for (const [id, down] of this.#down) this.#down.set(id, { ...down, steered });
  }

  /** A finger moves. It keeps the values that are not given. @returns {boolean} whether anything changed
   * @param {number} id @param {number | null} x @param {number} y @param {number} [z] @param {More} [more] */
  move(id, x, y, z, more = {}) {
    const old = this.#down.get(id);
    if (!old) return false;
    const { note, vel, synths, since, steered } = old;
    const now = { ...finger(id, x, y, z, { note, vel, synths, ...more }), ...given("since", since) };
    if (now.y === old.y) Object.assign(now, given("steered", steered)); // else it is moved by hand again
    if (old.x === now.x && old.y === now.y && old.z === now.z && old.note === now.note) return false;
    this.#down.set(id, now);
    return true;
  }

  /** A finger is lifted. @param {number} id @returns {boolean} whether it was down */
  up(id) {
    const old = this.#down.get(id);
    if (!old) return false;
    this.#last = old;
    return this.#down.delete(id);
  }

  /** All fingers are lifted. @returns {boolean} whether any was down */
  clear() {
    const ids = [...this.#down.keys()];
    for (const id of ids) this.up(id);
    return ids.length > 0;
  }

  /** All fingers, at their places on the page's surface. @returns {Point[]} */
  points() {
    return [...this.#down.values()].map(({ synths, ...point }) => placed({ ...point, x: point.x ?? 0 }, true));
  }

  /** The fingers that a synth hears, at their places on its surface. @param {Listener} listener @returns {Point[]} */
  pointsFor(listener) {
    const points = [...this.#down.values()].map((down) => forSynth(down, listener));
    return /** @type {Point[]} */ (points.filter((point) => point !== null));
  }

  /**
   * The wire message for a synth. The message's own x, y and active are the newest finger's, for one-voice synths.
   * @param {number} seq @param {number} t milliseconds of this page's clock @param {Listener} listener
   */
  message(seq, t, listener) {
    const stamp = Math.round(t * 10) / 10;
    for (const [id, down] of this.#down) {
      if (down.since === undefined) this.#down.set(id, { ...down, since: stamp });
    }
    const points = this.pointsFor(listener);
    const last = points[points.length - 1] ?? forSynth(this.#last, listener);
    const { id, x, y, z, note, vel, place } = last ?? { ...this.#last, place: undefined };
    const more = { ...given("z", z), ...given("note", note), ...given("vel", vel), ...given("place", place) };
    return { type: "touch", x: x ?? 0, y, ...more, active: points.length > 0, id, seq, t: stamp, points };
  }

  /** Whether all synths get the same message. */
  get isCommon() {
    return [...this.#down.values(), this.#last].every(
      ({ note, synths, steered }) => note === undefined && synths === undefined && steered === undefined,
    );
  }
}

/**
 * @param {number} id @param {number | null} x @param {number} y @param {number | undefined} z @param {More} more
 * @returns {Finger}
 */
function finger(id, x, y, z, { note, vel, synths }) {
  const place = { id, x: x === null ? null : rounded(x), y: rounded(y), ...(z === undefined ? {} : { z: rounded(z) }) };
  return { ...place, ...given("note", note), ...given("vel", vel), ...(synths ? { synths } : {}) };
}

/** @param {string} name @param {unknown} value */
const given = (name, value) => (value === undefined ? {} : { [name]: value });

/**
 * A finger on one synth's surface; null if the synth does not hear it or cannot sing its note.
 * @param {Finger} down @param {Listener} listener @returns {Point | null}
 */
function forSynth({ synths, ...point }, { peer, synth }) {
  if (synths && !synths.has(peer)) return null;
  const { note, x: own } = point;
  const plane = point.steered !== undefined && synth.takes.includes("place") && synth.range?.plane !== undefined;
  if (note === undefined) return placed({ ...point, x: own ?? 0 }, plane);
  const takes = synth.takes.includes("note");
  if (takes && own !== null) return placed({ ...point, x: own }, plane);
  const x = xOf(note, synth.range ?? PLAIN);
  if (!takes && (x < -EDGE || x > 1 + EDGE)) return null; // no note is better than a wrong one
  return placed({ ...point, x: rounded(x) }, plane);
}

/**
 * A finger with its vowel: on the plane, or as the nearest on the path.
 * @param {Omit<Point, "place"> & {steered?: Steered}} finger @param {boolean} plane @returns {Point}
 */
function placed({ steered, ...point }, plane) {
  if (!steered) return point;
  const { place, y } = steered;
  return plane ? { ...point, y, place } : { ...point, y };
}
