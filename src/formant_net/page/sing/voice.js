/** Notes become events for the output: one preset, the volume, and the singers of every note that sounds. */
import { Mapping, NOTE_ON, NOTE_UPDATE } from "./wasm.js";

/** Seconds without an event after which a voice ends by itself, even if this page has stopped. */
const LEASE_S = 1;
/** How far the surface is spread over the loudspeakers: low notes at the left. */
const WIDTH = 0.5;

export class Voice {
  #mapping;
  /** Singers of each note that sounds, by key. @type {Map<number, number>} */
  #sounding = new Map();

  /**
   * @param {import("./files.js").Files} files
   * @param {{sampleRate: number, push: (events: Uint8Array<ArrayBuffer>) => void}} output
   */
  constructor(files, output) {
    this.presets = files.presets;
    this.output = output;
    this.#mapping = new Mapping(files.bytes, output.sampleRate);
    this.preset = files.standard;
    this.use(files.standard);
  }

  /** Sing with another preset. Notes that sound have to be released before. @param {string} name @returns {boolean} whether it is known */
  use(name) {
    if (!Object.hasOwn(this.presets, name)) return false;
    this.preset = name;
    this.#mapping.use(this.presets[name].code);
    return true;
  }

  /** What lies where with this preset. */
  get surface() {
    return this.presets[this.preset].surface;
  }

  /** @param {import("../synth/touches.js").Note} note @param {number} [frame] 0: at once */
  sing(note, frame = 0) {
    if (note.do === "off") {
      const singers = this.#sounding.get(note.key);
      this.#sounding.delete(note.key);
      if (singers) this.output.push(this.#mapping.off(note.key, singers, frame));
      return;
    }
    const kind = note.do === "on" ? NOTE_ON : NOTE_UPDATE;
    if (kind === NOTE_ON) this.#sounding.set(note.key, this.#mapping.singers);
    if (this.#sounding.has(note.key)) this.output.push(this.#mapping.touch(kind, note.key, frame, note.point, LEASE_S, WIDTH));
  }

  /** @param {number} value linear gain 0…1 */
  setVolume(value) {
    this.output.push(this.#mapping.volume(value));
  }

  /** Release everything. */
  allOff() {
    this.#sounding.clear();
    this.output.push(this.#mapping.allOff());
  }

  get sounding() {
    return this.#sounding.size;
  }
}
