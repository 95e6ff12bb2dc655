/**
 * "Hear it here": this device sings what its own fingers play, at once and without the network.
 *
 * The sender treats it as one more link. So the same state goes the same way, and the rules of a synth decide what it
 * sings: the newest state counts, and fingers of which nothing is heard are released.
 */
import { Touches } from "../synth/touches.js";
import { touchOf } from "../synth/messages.js";
import { stateOf, UNKNOWN } from "../protocol/synth.js";
import { LEASE_S } from "./voice.js";

/**
 * The page may be slower than its own repetition: a slow phone shall not cut its own notes. It is less than the lease
 * of a voice: a finger of which nothing came for longer is a new note, and not the news of one that has ended.
 */
const HOLD_S = 0.8 * LEASE_S;

export class Here {
  peer = "here";
  /** How often "no fingers" has still to be sent here. */
  owed = 0;
  #wanted = false;
  #touches;
  /** The preset of which `synth` tells. */
  #told = "";
  #synth = UNKNOWN;
  #singer = { release: () => this.#release() };

  /**
   * @param {object} parts
   * @param {import("../protocol/numbers.js").Numbers} parts.timing
   * @param {import("../protocol/numbers.js").Numbers} parts.bounds
   * @param {import("./device.js").Device} parts.device
   * @param {() => number} parts.clock seconds
   */
  constructor({ timing, bounds, device, clock }) {
    this.bounds = bounds;
    this.device = device;
    this.clock = clock;
    this.#touches = new Touches({ ...timing, hold_s: HOLD_S }, () => device.newKey(), bounds.fingers);
  }

  /** Call it in a tap. */
  async switchOn() {
    if (this.state === "on" || this.state === "starting") return;
    this.#wanted = true;
    await this.device.start(this.#singer);
  }

  switchOff() {
    this.#wanted = false;
    this.device.stop(this.#singer);
  }

  /** @returns {"off" | "starting" | "on" | "failed"} */
  get state() {
    return this.#wanted ? this.device.state : "off";
  }

  /** Sing with this preset, if this device has it. @param {string | null} name */
  use(name) {
    if (name !== null) this.device.usePreset(name);
  }

  /** A person chose this preset. @param {string} name */
  setPreset(name) {
    this.use(name);
  }

  /** The state of the fingers, as a synth gets it. @param {string} text @returns {boolean} whether it was taken */
  touch(text) {
    const { voice } = this.device;
    if (!voice || !this.device.poweredOn) return false;
    this.device.played();
    const touch = touchOf(JSON.parse(text), this.bounds);
    // No age and no play-out: it comes from this page, in this moment.
    if (touch) for (const note of this.#touches.touch({ ...touch, t: null }, this.clock())) voice.sing(note);
    return touch !== null;
  }

  oweRelease() {
    this.owed = 1; // nothing is lost on the way
  }

  /** Fingers of which nothing was heard are released. @param {number} now seconds */
  tick(now) {
    const due = this.#touches.nextDeadline();
    if (due === null || now < due) return;
    for (const note of this.#touches.onDeadline(now)) this.device.voice?.sing(note);
  }

  get fingers() {
    return this.#touches.size;
  }

  /** What this voice says of itself, as a synth does in its pongs. */
  get synth() {
    const { voice } = this.device;
    if (!voice) return UNKNOWN;
    if (voice.preset !== this.#told) {
      this.#told = voice.preset;
      const said = { name: "this device", audio_enabled: true, powered_on: true, volume: 1, preset: voice.preset };
      const presets = Object.keys(voice.presets).sort();
      this.#synth = stateOf(UNKNOWN, { ...said, presets, surface: voice.surface, takes: ["note", "place"] });
    }
    return this.#synth;
  }

  get name() {
    return this.synth.name;
  }

  #release() {
    for (const note of this.#touches.releaseAll(this.clock())) this.device.voice?.sing(note);
  }

  /** @returns {Record<string, unknown>} for tests and operators */
  get report() {
    return { state: this.state, reason: this.device.reason, fingers: this.#touches.size, ...this.device.report };
  }
}
