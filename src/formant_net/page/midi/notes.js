/**
 * Which key started which finger, what pedals hold, and who gives way: the rules of midi/notes.py.
 */
import { Allowance } from "../timers/allowance.js";

/**
 * Seconds that a note sounds at least: one that is lifted before its first repetition would be lost with one packet.
 */
const SHORTEST_S = 0.025;
const MOST = 16;
const NOTES_PER_S = 50;
const BURST = 48;

/**
 * @typedef {object} Finger one note
 * @property {number} id
 * @property {string} port
 * @property {number} channel 0…15
 * @property {number} key 0…127
 * @property {number} pitch MIDI number by the tuning, without bends
 * @property {number} struck velocity 0…1
 * @property {boolean} isDown the key is down
 * @property {boolean} sustained
 * @property {boolean} sostenuto
 * @property {number} pressure polyphonic, 0…1
 * @property {number | null} pressedAt when its first pressure came
 * @property {{bend: number, slide: number | null, pressure: number} | null} frozen what it had when its key went up, if
 *   its channel prepares the next note since then
 * @property {number} at when it began, seconds
 * @property {boolean} ends it is lifted once it has sounded long enough
 */

export class Notes {
  /** @type {Map<number, Finger>} */
  #fingers = new Map();
  #next = 1;
  #allowance = new Allowance(NOTES_PER_S, BURST, 0);
  /** Notes left out: too many at once or a second. */
  leftOut = 0;

  /** @param {{begins: (finger: Finger) => void, ends: (finger: Finger) => void}} events */
  constructor({ begins, ends }) {
    this.begins = begins;
    this.ends = ends;
  }

  all() {
    return [...this.#fingers.values()];
  }

  /** The fingers of some channels of a port, oldest first. @param {string} port @param {number[]} [channels] */
  of(port, channels) {
    return this.all().filter((each) => each.port === port && (channels?.includes(each.channel) ?? true));
  }

  /** Those whose key is down. @param {string} port @param {number} channel @param {number} [key] */
  held(port, channel, key) {
    return this.of(port, [channel]).filter((each) => each.isDown && (key === undefined || each.key === key));
  }

  /**
   * A key goes down.
   * @param {Pick<Finger, "port" | "channel" | "key" | "pitch" | "struck">} key @param {number} now
   * @returns {Finger | null} null: no room
   */
  strike(key, now) {
    for (const old of this.of(key.port, [key.channel])) {
      if (old.key === key.key && !old.isDown) this.end(old, now); // only a pedal holds it: it begins anew
    }
    if (!this.#allowance.take(now) || (this.#fingers.size >= MOST && !this.#steal(now))) {
      this.leftOut += 1;
      return null;
    }
    const held = { isDown: true, sustained: false, sostenuto: false, ends: false };
    const finger = { ...key, ...held, id: this.#next++, pressure: 0, pressedAt: null, frozen: null, at: now };
    this.#fingers.set(finger.id, finger);
    return finger;
  }

  /** A key goes up. @param {Finger} finger @param {boolean} sustain @param {number} now */
  release(finger, sustain, now) {
    finger.isDown = false;
    finger.sustained = sustain;
    this.#liftIfFree(finger, now);
  }

  /** @param {Finger[]} fingers @param {number} now */
  sustainUp(fingers, now) {
    for (const finger of fingers) {
      finger.sustained = false;
      this.#liftIfFree(finger, now);
    }
  }

  /** It holds what is down at that moment. @param {Finger[]} fingers @param {boolean} down @param {number} now */
  sostenuto(fingers, down, now) {
    for (const finger of fingers) {
      finger.sostenuto = down && finger.isDown;
      this.#liftIfFree(finger, now);
    }
  }

  /** Lifted, once it has sounded long enough. @param {Finger} finger @param {number} now */
  end(finger, now) {
    finger.isDown = finger.sustained = finger.sostenuto = false;
    finger.ends = true;
    if (now >= finger.at + SHORTEST_S - 1e-9) this.endNow(finger);
  }

  /** @param {Finger} finger */
  endNow(finger) {
    if (this.#fingers.delete(finger.id)) this.ends(finger);
  }

  /** @param {number} now seconds */
  tick(now) {
    for (const finger of this.all()) if (finger.ends) this.end(finger, now);
  }

  /** @param {Finger} finger @param {number} now */
  #liftIfFree(finger, now) {
    if (!(finger.isDown || finger.sustained || finger.sostenuto)) this.end(finger, now);
  }

  /** One that ends anyway, then one that only a pedal holds, then the oldest. @param {number} now */
  #steal(now) {
    const ready = this.all().filter((each) => now >= each.at + SHORTEST_S - 1e-9);
    const victim = ready.find((each) => each.ends) ?? ready.find((each) => !each.isDown) ?? ready[0];
    if (!victim) return false;
    this.endNow(victim);
    return true;
  }
}
