/** The bank on the audio thread of the browser. Events come as buffers; what sounds is said twice a second. */
import { Load, MOST_LOAD } from "./load.js";
import { sameVersion } from "./version.js";
import { Bank } from "./wasm.js";

const SAY_S = 0.5;
/** Buffers that wait at most: with more, the context stands still, as in a phone call, and most are old news. */
const MOST_WAITING = 2048;

class Singer extends AudioWorkletProcessor {
  /** @type {{events: Uint8Array, at: number}[]} */
  #waiting = [];
  /** All that hear what sounds. @type {MessagePort[]} */
  #ports = [this.port];
  #sayAt = 0;
  /** @type {number | null} */
  #startFrame = null;
  #ended = false;
  /** Rendered offline, sound has no moment by which it must be ready. */
  #offline = false;
  #load = new Load();

  /**
   * @param {{processorOptions: {bytes: ArrayBuffer, version: string, setup: any, note: Uint8Array, events?: ArrayBuffer}}}
   *   options `note`: events to warm up with; `events`: those to begin with, for sound that is rendered offline
   */
  constructor({ processorOptions: { bytes, version, setup, note, events } }) {
    super();
    this.port.onmessage = ({ data }) => this.#take(data, this.port);
    try {
      sameVersion("the audio worklet", version);
      this.bank = new Bank(bytes, { ...setup, sampleRate });
      this.bank.warmUp(note);
      this.#offline = events !== undefined;
      if (events) this.#take(events, this.port);
      this.port.postMessage({ ready: true });
    } catch (error) {
      this.port.postMessage({ error: error instanceof Error ? error.message : String(error) });
    }
  }

  /**
   * @param {ArrayBuffer | MessagePort | "fade-in" | "fade-out" | "end" | "leave"} message a port is that of another thread
   * @param {MessagePort} from its port; after "leave" nobody is at the other end any more
   */
  #take(message, from) {
    if (message instanceof ArrayBuffer) {
      this.#waiting.push({ events: new Uint8Array(message), at: 0 });
      if (this.#waiting.length > MOST_WAITING) this.#forget();
    } else if (message instanceof MessagePort) {
      this.#ports.push(message);
      message.onmessage = ({ data }) => this.#take(data, message);
    } else if (message === "leave") {
      this.#ports = this.#ports.filter((port) => port !== from);
      from.close();
    } else if (message === "end") this.#ended = true;
    else this.bank?.fade(message === "fade-in");
  }

  /** Keep of what waits only what still counts. */
  #forget() {
    const left = this.bank?.newest(this.#waiting.map(({ events, at }) => events.subarray(at)));
    this.#waiting = left ? [{ events: left, at: 0 }] : [];
  }

  /** @param {Float32Array[][]} _inputs @param {Float32Array[][]} outputs */
  process(_inputs, [output]) {
    if (!this.bank) return false;
    const began = Date.now(); // there is no finer clock here
    while (this.#waiting.length > 0) {
      const [first] = this.#waiting;
      first.at = this.bank.push(first.events, first.at);
      if (first.at < first.events.length) break; // the ring is full: the rest waits for the next block
      this.#waiting.shift();
    }
    this.#startFrame ??= currentFrame;
    this.bank.read(output);
    this.#load.add(Date.now() - began, (1000 * output[0].length) / sampleRate, this.bank.active);
    if (currentTime >= this.#sayAt) {
      this.#sayAt = currentTime + SAY_S;
      const mean = this.#load.take();
      if (mean && mean.voices >= 1 && !this.#offline) this.bank.took(mean.part, mean.voices, MOST_LOAD);
      const said = { ...this.bank.counts(), frame: currentFrame, startFrame: this.#startFrame };
      for (const port of this.#ports) port.postMessage(said);
    }
    return !this.#ended;
  }
}

registerProcessor("formant", Singer);
