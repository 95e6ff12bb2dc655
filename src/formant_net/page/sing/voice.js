/** Notes become events for the output: one preset, the volume, and the singers of every note that sounds. */
import { Mapping, NOTE_ON, NOTE_UPDATE } from "./wasm.js";

/** Seconds without an event after which a voice ends by itself, even if this page has stopped. */
export const LEASE_S = 1;
/** How far the surface is spread over the loudspeakers: low notes at the left. */
const WIDTH = 0.5;
/** Reports of the bank after which a choir gets smaller while voices had to end, and larger while none had to. */
const SMALLER = 2;
const LARGER = 8;

export class Voice {
  #mapping;
  /** Singers of each note that sounds, by key. @type {Map<number, number>} */
  #sounding = new Map();
  /** Most singers of a note. */
  #most = Infinity;
  /** Reports in a row in which voices had to end (above 0), or none had to (below 0). */
  #reports = 0;

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
    this.#most = Infinity;
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
    if (kind === NOTE_ON) this.#sounding.set(note.key, Math.min(this.#most, this.#mapping.singers));
    const singers = this.#sounding.get(note.key);
    if (singers === undefined) return;
    const events = this.#mapping.touch(kind, note.key, frame, note.point, LEASE_S, WIDTH);
    this.output.push(singers < this.#mapping.singers ? this.#mapping.first(events, singers) : events);
  }

  /**
   * What the bank reports, twice a second: how many voices may sound now, of how many. If it has no room for all of
   * them in two reports in a row, the next notes of a choir have half the singers; they come back in time.
   * @param {number} limit @param {number} voices
   */
  room(limit, voices) {
    const short = limit < voices;
    this.#reports = short ? Math.max(0, this.#reports) + 1 : Math.min(0, this.#reports) - 1;
    if (this.#reports < SMALLER && this.#reports > -LARGER) return;
    this.#reports = 0;
    const { singers } = this.#mapping;
    const most = Math.min(this.#most, singers);
    if (short) this.#most = Math.max(1, Math.ceil(most / 2));
    else this.#most = 2 * most >= singers ? Infinity : 2 * most;
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
