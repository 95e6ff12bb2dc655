/** bank.wasm with names: one bank or one mapping. It is used on the page, in a worker and on the audio thread. */
import { sameVersion } from "./version.js";

export const NOTE_ON = 1;
export const NOTE_UPDATE = 2;
export const NOTE_OFF = 3;
export const ALL_OFF = 4;
export const VOLUME = 5;

/** The counts of a bank, in the order of packaging/wasm/page.c. */
const COUNTS = ["hops", "active", "notes", "stolen", "expired", "late", "limited", "invalid", "shed", "limit"];
const RING = 1024;
/** A second and a half of sound. */
const WARM_UP = { blocks: 500, frames: 128 };

/** A module with a SIMD instruction, and nothing else: where it is valid, bank.wasm is. */
const SIMD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];

/** The name of the file that this browser can use. */
export const fileName = () => (WebAssembly.validate(new Uint8Array(SIMD)) ? "bank.wasm" : "bank-plain.wasm");

/** An instance of its own. @param {BufferSource} bytes of bank.wasm @returns {any} what page.c exports */
function instantiate(bytes) {
  const module = new WebAssembly.Module(bytes);
  const [stamp] = WebAssembly.Module.customSections(module, "formant");
  const version = stamp ? String.fromCharCode(...new Uint8Array(stamp)) : "none";
  sameVersion("bank.wasm", version);
  const exports = /** @type {any} */ (new WebAssembly.Instance(module, {}).exports);
  exports._initialize();
  return exports;
}

/** Touches become events, which are bytes. */
export class Mapping {
  #x;
  #bytes;

  /** @param {BufferSource} bytes @param {number} sampleRate Hz */
  constructor(bytes, sampleRate) {
    this.#x = instantiate(bytes);
    this.#bytes = this.#x.event_bytes();
    this.sampleRate = sampleRate;
  }

  /** Sing with this preset from now on. @param {number[]} code of voices.json */
  use(code) {
    if (code.length > this.#x.code_room()) throw new Error(`a preset of ${code.length} numbers is too large`);
    new Float64Array(this.#x.memory.buffer, this.#x.code(), code.length).set(code);
  }

  /** Voices of one touch. */
  get singers() {
    return this.#x.singers();
  }

  /**
   * The events of one touch.
   * @param {number} kind NOTE_ON or NOTE_UPDATE @param {number} key @param {number} frame 0: at once
   * @param {{x: number, y: number, z?: number | null, note?: number | null, place?: number[] | null}} point
   * @param {number} leaseS @param {number} width 0…1: how far the surface is spread over the loudspeakers
   * @returns {Uint8Array<ArrayBuffer>} one event a singer
   */
  touch(kind, key, frame, { x, y, z, note, place }, leaseS, width) {
    const [backness, openness] = place ?? [NaN, NaN];
    const pitch = [x, y, z ?? NaN, note ?? NaN];
    const voices = this.#x.touch(kind, key, frame, ...pitch, leaseS, width, this.sampleRate, NaN, backness, openness);
    return this.#events(voices);
  }

  /** The events of the first singers of a touch. @param {Uint8Array<ArrayBuffer>} events @param {number} singers */
  first(events, singers) {
    return events.slice(0, singers * this.#bytes);
  }

  /** The release of a touch of so many singers. @param {number} key @param {number} singers @param {number} frame */
  off(key, singers, frame) {
    const out = new Uint8Array(singers * this.#bytes);
    for (let singer = 0; singer < singers; singer += 1) {
      this.#x.bare(NOTE_OFF, key, singer, frame, 0);
      out.set(this.#events(1), singer * this.#bytes);
    }
    return out;
  }

  /** The release of everything. */
  allOff() {
    this.#x.bare(ALL_OFF, 0, 0, 0, 0);
    return this.#events(1);
  }

  /** @param {number} value linear gain 0…1 */
  volume(value) {
    this.#x.bare(VOLUME, 0, 0, 0, value);
    return this.#events(1);
  }

  /** @param {number} count */
  #events(count) {
    return new Uint8Array(this.#x.memory.buffer, this.#x.event(), count * this.#bytes).slice();
  }
}

/** Where an event has its key and its kind (native/event.h), bytes. */
const AT = { key: 8, kind: 24 };

/**
 * What is left of events that waited while no sound was made, as in a phone call: notes that are held, releases of
 * notes that sound, the volume. Moves and notes that have ended are news of the past.
 * @param {Uint8Array} events @param {number} size of one, bytes @returns {Uint8Array}
 */
export function newest(events, size) {
  const view = new DataView(events.buffer, events.byteOffset);
  /** @type {Map<string, number>} where the last event of each name is */
  const last = new Map();
  for (let at = 0; at + size <= events.length; at += size) {
    const kind = view.getInt32(at + AT.kind, true);
    const key = view.getBigInt64(at + AT.key, true);
    if (kind === NOTE_UPDATE) continue;
    if (kind === ALL_OFF) for (const name of last.keys()) if (name !== `${VOLUME}`) last.delete(name);
    if (kind === NOTE_OFF && last.delete(`on ${key}`)) continue;
    last.set(kind === NOTE_ON ? `on ${key}` : kind === NOTE_OFF ? `off ${key}` : `${kind}`, at);
  }
  const places = [...last.values()].sort((a, b) => a - b);
  const left = new Uint8Array(places.length * size);
  places.forEach((at, k) => left.set(events.subarray(at, at + size), k * size));
  return left;
}

/** Events become sound. */
export class Bank {
  #x;
  #bytes;
  #channels;
  #event;
  #sound;

  /**
   * @param {BufferSource} bytes of bank.wasm
   * @param {{sampleRate: number, voices: number, channels: number, rowTauS: number[], seed?: number}} setup
   */
  constructor(bytes, { sampleRate, voices, channels, rowTauS, seed = 0 }) {
    this.#x = instantiate(bytes);
    this.#bytes = this.#x.event_bytes();
    this.#channels = channels;
    if (rowTauS.length !== this.#x.rows()) throw new Error(`${rowTauS.length} smoothing times, not ${this.#x.rows()}`);
    new Float64Array(this.#x.memory.buffer, this.#x.row_tau_s(), rowTauS.length).set(rowTauS);
    this.#x.set_up(sampleRate, voices, channels, RING, seed);
    if (this.#x.make() === 0) throw new Error(`no bank of ${voices} voices at ${sampleRate} Hz`);
    this.block = this.#x.block();
    // The bank's memory never grows again, so these views last: the audio thread makes no new ones.
    this.#event = new Uint8Array(this.#x.memory.buffer, this.#x.event(), this.#bytes);
    this.#sound = new Float32Array(this.#x.memory.buffer, this.#x.out(), this.block * channels);
  }

  /** What is left of events that waited for long: see `newest`. @param {Uint8Array[]} events */
  newest(events) {
    const all = new Uint8Array(events.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of events) {
      all.set(part, at);
      at += part.length;
    }
    return newest(all, this.#bytes);
  }

  /** Take the events of a buffer, from `at` on, as far as the ring has room. @param {Uint8Array} events @param {number} at byte @returns {number} where it stopped */
  push(events, at) {
    for (; at + this.#bytes <= events.length; at += this.#bytes) {
      this.#event.set(events.subarray(at, at + this.#bytes));
      if (!this.#x.push()) return at;
    }
    return events.length;
  }

  /** The next frames of every channel. @param {Float32Array[]} channels of one length, at most `block` */
  read(channels) {
    const frames = channels[0].length;
    this.#x.read(frames);
    for (let c = 0; c < channels.length; c += 1) {
      for (let i = 0; i < frames; i += 1) channels[c][i] = this.#sound[i * this.#channels + c];
    }
  }

  /** @param {boolean} audible fade all sound in or out */
  fade(audible) {
    this.#x.fade(audible ? 1 : 0);
  }

  /** Voices that sound. */
  get active() {
    return this.#x.counter(COUNTS.indexOf("active"));
  }

  /**
   * What blocks have taken of late: voices end, softly, until no more than `most` is taken, and come back.
   * @param {number} part of the time in which they play @param {number} voices that sounded, on average
   * @param {number} most part; 0: no bound
   */
  took(part, voices, most) {
    this.#x.took(part, voices, most);
  }

  /**
   * Sing for a moment what nobody hears, and begin anew: engines start with slow code, and the first note must not pay
   * for that.
   * @param {Uint8Array} note events of a note
   */
  warmUp(note) {
    const channels = Array.from({ length: this.#channels }, () => new Float32Array(WARM_UP.frames));
    this.push(note, 0);
    for (let block = 0; block < WARM_UP.blocks; block += 1) this.read(channels);
    this.#x.make(); // in the same memory
  }

  /** @returns {Record<string, number>} */
  counts() {
    return Object.fromEntries(COUNTS.map((name, which) => [name, this.#x.counter(which)]));
  }
}
