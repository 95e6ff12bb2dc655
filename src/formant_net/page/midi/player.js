/** Any number of MIDI ports played as one hand: messages and the time go in, fingers of at most 16 notes come out. */
import { deviceOf } from "./devices.js";
import { Notes } from "./notes.js";
import { DEFAULTS, Receiver } from "./receiver.js";

/** Seconds between two volumes that are sent. */
const VOLUME_S = 0.1;

/**
 * @typedef {{note: number, y: number, z: number, vel: number}} Sound `note` is the pitch as it is played, MIDI number
 */
/**
 * @typedef {object} Out what the player does with its fingers
 * @property {(finger: number, sound: Sound) => void} begins
 * @property {(finger: number, sound: Sound) => void} moves
 * @property {(finger: number) => void} ends
 * @property {(value: number) => void} volume
 */

export class MidiPlayer {
  /** @type {Map<string, Receiver>} */
  #receivers = new Map();
  #notes;
  #now = 0;
  /** @type {number | null} */
  #volume = null;
  #volumeAt = -Infinity;

  /**
   * @param {Out} out @param {(key: number) => number | null} [pitchOf] of a key in the tuning; null: it is silent
   * @param {Partial<import("./receiver.js").Mapping>} [mapping]
   */
  constructor(out, pitchOf = (key) => key, mapping = {}) {
    this.out = out;
    this.pitchOf = pitchOf;
    this.mapping = { ...DEFAULTS, ...mapping };
    this.#notes = new Notes({
      begins: (finger) => out.begins(finger.id, this.#sound(finger)),
      ends: (finger) => out.ends(finger.id),
    });
  }

  get fingers() {
    return this.#notes.all().length;
  }

  get leftOut() {
    return this.#notes.leftOut;
  }

  /**
   * One complete message of a port.
   * @param {string} port @param {ArrayLike<number>} bytes @param {number} now seconds
   */
  take(port, bytes, now) {
    this.#now = now;
    let receiver = this.#receivers.get(port);
    if (!receiver) {
      const moved = (/** @type {import("./notes.js").Finger} */ finger) => this.out.moves(finger.id, this.#sound(finger));
      const volume = (/** @type {number} */ value) => (this.#volume = value);
      const parts = { moved, volume, pitchOf: this.pitchOf };
      receiver = new Receiver(port, deviceOf(port), this.mapping, this.#notes, parts);
      this.#receivers.set(port, receiver);
    }
    receiver.take(bytes, now);
  }

  /** A port is gone. One that comes back keeps its zones and ranges. @param {string} port */
  unplug(port) {
    this.#receivers.get(port)?.unplug();
  }

  /** Every finger and every pedal up, at once. */
  panic() {
    for (const receiver of this.#receivers.values()) receiver.unplug();
  }

  /**
   * Time passes: short notes end, efforts fade, silent ports are lifted, corrections go on.
   * @param {number} now seconds
   */
  tick(now) {
    this.#now = now;
    for (const receiver of this.#receivers.values()) receiver.cutOff(now);
    this.#notes.tick(now);
    for (const finger of this.#notes.all()) this.out.moves(finger.id, this.#sound(finger));
    if (this.#volume !== null && now >= this.#volumeAt + VOLUME_S) {
      this.out.volume(this.#volume);
      this.#volume = null;
      this.#volumeAt = now;
    }
  }

  /** @param {import("./notes.js").Finger} finger @returns {Sound} */
  #sound(finger) {
    const { pitch, y, z } = /** @type {Receiver} */ (this.#receivers.get(finger.port)).sung(finger, this.#now);
    return { note: pitch, y, z, vel: finger.struck };
  }
}
