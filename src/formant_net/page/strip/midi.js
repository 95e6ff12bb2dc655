/** MIDI keyboards of this browser: their fingers become touches, and a button in the sheet says what is the case. */
import { MidiPlayer } from "../midi/player.js";
import { MidiPorts, midiWords } from "../midi/ports.js";
import { xOf } from "../play/notes.js";

export class Midi {
  /** The player's finger to the finger of the touches. @type {Map<number, number>} */
  #ids = new Map();
  #player;
  #ports;

  /**
   * @param {object} parts
   * @param {import("../play/touches.js").Touches} parts.touches
   * @param {import("../play/instrument.js").Instrument} parts.instrument
   * @param {{changed: () => void, moved: () => void}} parts.played
   * @param {(value: number) => void} parts.volume of every synth, 0…1
   * @param {() => number} parts.clock seconds
   */
  constructor({ touches, instrument, played, volume, clock }) {
    this.touches = touches;
    this.instrument = instrument;
    this.played = played;
    this.clock = clock;
    const out = {
      begins: (/** @type {number} */ finger, /** @type {Sound} */ sound) => this.#begin(finger, sound),
      moves: (/** @type {number} */ finger, /** @type {Sound} */ sound) => this.#move(finger, sound),
      ends: (/** @type {number} */ finger) => this.#end(finger),
      volume,
    };
    this.#player = new MidiPlayer(out, (key) => instrument.pitchOf(key));
    this.#ports = new MidiPorts({
      message: (port, bytes) => this.#player.take(port, bytes, clock()),
      gone: (port) => this.#player.unplug(port),
      changed: () => this.#show(),
    });
    document.getElementById("midi")?.addEventListener("click", () => this.#ports.open());
    this.#show();
  }

  /** What tests and operators may see. */
  get report() {
    return { state: this.#ports.state, ports: this.#ports.names, fingers: this.#ids.size, leftOut: this.#player.leftOut };
  }

  /** Everything is lifted: keys and pedals. */
  panic() {
    this.#player.panic();
  }

  /** Time passes. */
  tick() {
    this.#player.tick(this.clock());
  }

  /** @typedef {import("../midi/player.js").Sound} Sound */

  /** @param {number} finger @param {Sound} sound */
  #begin(finger, { note, y, z, vel }) {
    const sung = this.instrument.tuned(key(finger), note);
    const id = this.touches.down(xOf(sung, this.instrument.view.range), y, z, { note: sung, vel: rounded(vel) });
    if (id === null) return;
    this.#ids.set(finger, id);
    this.played.changed();
  }

  /** @param {number} finger @param {Sound} sound */
  #move(finger, { note, y, z }) {
    const id = this.#ids.get(finger);
    if (id === undefined) return;
    const sung = this.instrument.tuned(key(finger), note);
    if (this.touches.move(id, xOf(sung, this.instrument.view.range), y, z, { note: sung })) this.played.moved();
  }

  /** @param {number} finger */
  #end(finger) {
    const id = this.#ids.get(finger);
    this.#ids.delete(finger);
    this.instrument.untuned(key(finger));
    if (id !== undefined && this.touches.up(id)) this.played.changed();
  }

  #show() {
    const { state, names } = this.#ports;
    const button = /** @type {HTMLButtonElement} */ (document.getElementById("midi"));
    const note = /** @type {HTMLElement} */ (document.getElementById("midi-note"));
    button.disabled = ["missing", "insecure", "asking", "on"].includes(state);
    const text = state === "on" ? "MIDI is on" : "Use a MIDI keyboard";
    if (button.textContent !== text) button.textContent = text;
    const words = midiWords(state, names);
    if (note.textContent !== words) note.textContent = words;
    note.hidden = words === "";
  }
}

/** Its name for the correction: fingers on the surface have numbers. @param {number} finger */
const key = (finger) => `midi ${finger}`;

/** @param {number} value */
const rounded = (value) => Math.round(1e4 * value) / 1e4;
