/**
 * The surface as an instrument: places become pitches, fingers are put in tune, and lifted ones may be held.
 *
 * It stands between those who play (pointers, keys) and the touches. While the surface is the synth's own and nothing
 * is held, it hands everything on as it comes.
 */
import { Snap } from "../tuning/snap.js";
import { HIGH, LOW } from "../tuning/steps.js";
import { midiOf, xOf } from "./notes.js";

/** Fingers that a synth takes from one player: with more, the oldest held one ends. */
const MOST = 16;
/** Pixels within which a touch takes up a held finger. */
const REACH_PX = 30;

/**
 * @typedef {object} Played
 * @property {number | null} x the place on the surface; null: a key, which has its pitch
 * @property {number} pitch as it is played, without the snap
 * @property {number} y
 * @property {number | undefined} z
 * @property {boolean} noted whether its pitch is sent; else its place says it
 * @property {number} shift semitones between its pitch and its place: the view changed under the finger
 */

export class Instrument {
  /** @type {import("./view.js").View} */
  #view;
  /** @type {Snap | null} */
  #snap = null;
  /** Fingers whose pitch is known. @type {Map<number, Played>} */
  #played = new Map();
  /** Fingers that were lifted and sound on, the oldest first. @type {Set<number>} */
  #held = new Set();
  #holding = false;
  /** Fingers whose place alone says their pitch. @type {Set<number>} */
  #plain = new Set();
  /** The pitch that was played last, as played; null: none was. @type {number | null} */
  #pitch = null;

  /**
   * @param {import("./touches.js").Touches} touches
   * @param {import("./view.js").View} view
   * @param {{clock: () => number, size: () => {width: number, height: number}, heldChanged: () => void}} parts
   */
  constructor(touches, view, { clock, size, heldChanged }) {
    this.touches = touches;
    this.clock = clock;
    this.size = size;
    this.heldChanged = heldChanged;
    this.#view = view;
  }

  get view() {
    return this.#view;
  }

  /**
   * Use this view from now on. Fingers that are down keep their pitch.
   * @param {import("./view.js").View} view @param {number} strength of the snap, 0…1
   */
  use(view, strength) {
    const { lowHz, octaves } = this.#view.range;
    const moves = view.range.lowHz !== lowHz || view.range.octaves !== octaves;
    if (moves) this.#followPlain(); // while the old view says where they are
    this.#view = view;
    if (!view.plane) this.touches.steered = null; // new fingers begin at their y
    this.#snap = view.steps && strength > 0 ? new Snap(view.steps, strength) : null;
    for (const [id, played] of this.#played) {
      if (played.x === null) continue;
      if (this.#held.has(id)) Object.assign(played, { x: xOf(played.pitch, view.range), shift: 0 });
      else played.shift = played.pitch - this.#pitchAt(played.x);
      played.noted = true; // on another surface its place would be another pitch
      this.#sound(id, played);
    }
  }

  /** How many lifted fingers sound on. */
  get held() {
    return this.#held.size;
  }

  get holding() {
    return this.#holding;
  }

  /**
   * Hold fingers when they are lifted, also those that are down now; or end all that are held.
   * @param {boolean} on @returns {boolean} whether any ended
   */
  hold(on) {
    this.#holding = on;
    if (on) this.#followPlain();
    const ended = on ? [] : [...this.#held];
    for (const id of ended) this.#end(id);
    this.heldChanged();
    return ended.length > 0;
  }

  /**
   * A finger touches down at a place.
   * @returns {number | null} its id @param {number} x @param {number} y @param {number} [z]
   */
  down(x, y, z) {
    this.#pitch = this.#pitchAt(x);
    const again = this.#heldAt(x, y);
    if (again !== null) return this.#takeUp(again, x, y, z);
    this.#makeRoom();
    if (!this.#view.own && !this.#holding) {
      const id = this.touches.down(x, y, z);
      if (id !== null) this.#plain.add(id);
      return id;
    }
    return this.#begin({ x, pitch: this.#pitchAt(x), y, z, noted: this.#view.own, shift: 0 });
  }

  /**
   * A key goes down.
   * @param {number} key MIDI number @param {number} y @returns {number | null} null: a silent key, or no room
   */
  press(key, y) {
    const pitch = this.pitchOf(key);
    if (pitch === null) return null;
    this.#pitch = pitch;
    const again = this.#heldKey(pitch);
    if (again !== null) return this.#takeUp(again, 0, y);
    this.#makeRoom();
    return this.#begin({ x: null, pitch, y, z: undefined, noted: true, shift: 0 });
  }

  /** A finger sings the last pitch again, or the middle of the surface. @returns {number | null} its id @param {number} y @param {number} [z] */
  again(y, z) {
    const pitch = this.#pitch ?? this.#pitchAt(0.5);
    return this.#begin({ x: null, pitch, y, z, noted: true, shift: 0 });
  }

  /** The pitch of a key in the tuning, or null if it is silent. @param {number} key MIDI number */
  pitchOf(key) {
    return this.#view.keys ? (this.#view.keys[key] ?? null) : key;
  }

  /** A pitch that is played, as it sounds. @param {unknown} finger @param {number} pitch */
  tuned(finger, pitch) {
    const sung = this.#snap ? this.#snap.sung(finger, pitch, this.clock()) : pitch;
    return Math.round(1e4 * Math.min(Math.max(sung, LOW), HIGH)) / 1e4;
  }

  /** A finger of `tuned` is up. @param {unknown} finger */
  untuned(finger) {
    this.#snap?.lift(finger);
  }

  /**
   * A finger moves; a key only its vowel.
   * @param {number} id @param {number} x @param {number} y @param {number} [z]
   * @returns {boolean} whether anything changed
   */
  move(id, x, y, z) {
    const before = this.#played.get(id);
    if (!before) {
      this.#pitch = this.#pitchAt(x);
      return this.touches.move(id, x, y, z);
    }
    const place = before.x === null ? {} : { x, pitch: this.#pitchAt(x) + before.shift, z };
    const now = { ...before, ...place, y };
    this.#played.set(id, now);
    this.#pitch = now.pitch;
    return this.#sound(id, now);
  }

  /** A finger is lifted. @param {number} id @returns {boolean} whether it ended */
  up(id) {
    if (!this.#holding || !this.#played.has(id)) return this.#end(id);
    this.#held.add(id);
    this.heldChanged();
    return false;
  }

  /** All fingers end but those that are held. @returns {boolean} whether any did */
  release() {
    const ends = [...this.#plain, ...this.#played.keys()].filter((id) => !this.#held.has(id));
    return ends.filter((id) => this.#end(id)).length > 0;
  }

  /** All fingers end, and nothing is held any more. @returns {boolean} whether any was down */
  clear() {
    for (const id of this.#played.keys()) this.#snap?.lift(id);
    this.#played.clear();
    this.#plain.clear();
    this.#held.clear();
    this.#holding = false;
    this.heldChanged();
    return this.touches.clear();
  }

  /** Time passes: fingers at rest are led to their steps. @returns {boolean} whether anything changed */
  tick() {
    let changed = false;
    for (const finger of this.#snap?.unsettled() ?? []) {
      const played = this.#played.get(/** @type {number} */ (finger));
      if (played && this.#sound(/** @type {number} */ (finger), played)) changed = true;
    }
    return changed;
  }

  /** @param {Played} played */
  #begin(played) {
    const first = {};
    const id = this.touches.down(this.#xOf(played), played.y, played.z, this.#noteOf(first, played));
    this.untuned(first);
    if (id === null) return null;
    this.#played.set(id, played);
    this.#noteOf(id, played); // from now on its offset is kept under its id
    return id;
  }

  /** @param {number} id @param {Played} played */
  #sound(id, played) {
    return this.touches.move(id, this.#xOf(played), played.y, played.z, this.#noteOf(id, played));
  }

  /** The pitch to send: none where the synth's own surface says it. @param {unknown} finger @param {Played} played */
  #noteOf(finger, { noted, pitch }) {
    return noted ? { note: this.tuned(finger, pitch) } : {};
  }

  /** @param {Played} played */
  #xOf({ x, pitch }) {
    return x ?? xOf(pitch, this.#view.range);
  }

  /** @param {number} x */
  #pitchAt(x) {
    const { lowHz, octaves } = this.#view.range;
    return midiOf(lowHz) + 12 * octaves * x;
  }

  /** @param {number} id */
  #end(id) {
    this.#played.delete(id);
    this.#plain.delete(id);
    this.#held.delete(id);
    this.#snap?.lift(id);
    return this.touches.up(id);
  }

  /** From now on the pitches of all fingers are known. What is sent of them stays as it is. */
  #followPlain() {
    for (const { id, x, y, z } of this.touches.points()) {
      if (!this.#plain.delete(id)) continue;
      this.#played.set(id, { x, pitch: this.#pitchAt(x), y, z, noted: false, shift: 0 });
    }
  }

  /** A held finger is down again. @param {number} id @param {number} x @param {number} y @param {number} [z] */
  #takeUp(id, x, y, z) {
    this.#held.delete(id);
    this.heldChanged();
    this.move(id, x, y, z);
    return id;
  }

  #makeRoom() {
    const [oldest] = this.#held;
    if (oldest === undefined || this.touches.size < MOST) return;
    this.#end(oldest);
    this.heldChanged();
  }

  /** The held key of a pitch, or null. @param {number} pitch */
  #heldKey(pitch) {
    for (const id of this.#held) {
      const played = /** @type {Played} */ (this.#played.get(id));
      if (played.x === null && played.pitch === pitch) return id;
    }
    return null;
  }

  /** The held finger under a place, or null. @param {number} x @param {number} y */
  #heldAt(x, y) {
    const { width, height } = this.size();
    for (const id of this.#held) {
      const played = /** @type {Played} */ (this.#played.get(id));
      const away = Math.hypot((this.#xOf(played) - x) * width, (played.y - y) * height);
      if (played.x !== null && away <= REACH_PX) return id;
    }
    return null;
  }
}
