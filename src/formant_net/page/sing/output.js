/**
 * The way to the loudspeaker: an AudioContext with the bank in it.
 *
 * A page from http:// in a LAN has no AudioWorklet. There the bank runs on the page's own thread, in a
 * ScriptProcessorNode: it sounds, but clicks when the page is busy for longer than its buffer.
 */
import { Load, MOST_LOAD } from "./load.js";
import { VERSION } from "./version.js";
import { Bank, Mapping, NOTE_ON } from "./wasm.js";

/** Frames of a buffer without an audio thread: 1024 clicked when the page was busy, 4096 is late. */
const SCRIPT_FRAMES = 2048;
const CHANNELS = 2;
const WARM_UP_POINT = { x: 0.5, y: 0.3, z: 0.7 };
/** Firefox asks the sound system for the latency while its audio thread waits. So it is asked seldom. Milliseconds. */
const SELDOM_MS = 10_000;
/**
 * Firefox on Linux is never asked. Pages that asked there, on a busy machine, fell silent in a note or hung for ever.
 * The likely cause: it asks PulseAudio, whose thread may be waiting for the audio thread. The value is the one that
 * Firefox says there when it hides the true latency (privacy.resistFingerprinting).
 */
const LINUX_S = 0.025;
/** What is said when the audio thread has failed. */
export const THREAD_FAILED = "the audio thread of this browser failed";
/** What is said if worklet.js could not be loaded. */
const NO_WORKLET = "the code of its audio thread could not be loaded. Try again when the server is back";
const isFirefox = () => "mozInnerScreenX" in globalThis;
const onLinux = () => /Linux/.test(navigator.userAgent) && !/Android/.test(navigator.userAgent);

export class Output {
  /** What the bank said last. @type {Record<string, number>} */
  counts = {};
  /** "worklet", or "script" where there is no audio thread. */
  kind = "";
  /** @type {(events: Uint8Array<ArrayBuffer>) => void} */
  push = () => {};
  /** @type {(audible: boolean) => void} */
  #fade = () => {};
  /** @type {AudioNode | null} */
  #node = null;
  /** It shall rest. The context says so later: `state` may still be "running". */
  #rests = false;
  /** The frame of the context at which the bank began, on an audio thread. @type {number | null} */
  #startFrame = null;
  #context;
  /** What Firefox said last, and when it may be asked again, in milliseconds of performance.now. */
  #seldom = { latencyS: 0, again: Infinity };

  /**
   * Call it in a tap, or the browser refuses the sound.
   * @param {{latencyHint?: AudioContextLatencyCategory | number, changed?: () => void, said?: () => void,
   *   broke?: () => void}} [options] `said`: there are new counts; `broke`: the audio thread has failed after its start
   */
  constructor({ latencyHint = "interactive", changed = () => {}, said = () => {}, broke = () => {} } = {}) {
    this.said = said;
    this.broke = broke;
    if (!globalThis.AudioContext) throw new Error("this browser has no Web Audio, as an iPhone in lockdown mode");
    // iOS: play although the silent switch is on. Before the context starts.
    const session = /** @type {any} */ (navigator).audioSession;
    if (session) session.type = "playback";
    this.#context = new AudioContext({ latencyHint });
    let before = this.state;
    this.#context.onstatechange = () => {
      this.#seldom.again = performance.now() + SELDOM_MS / 10; // by then the sound has started
      // A call is over: iOS leaves the context suspended. If it may not go on by itself, a tap will do.
      if (before === "interrupted" && this.state === "suspended" && !this.#rests) this.resume();
      before = this.state;
      changed();
    };
    this.#context.resume().catch(() => {});
  }

  get sampleRate() {
    return this.#context.sampleRate;
  }

  /** running, suspended, interrupted (a call on iOS) or closed. */
  get state() {
    return /** @type {string} */ (this.#context.state);
  }

  /** The context's clock, seconds: it stands still while nothing sounds. */
  get time() {
    return this.#context.currentTime;
  }

  /** Seconds from an event to the loudspeaker, as far as the browser says. */
  get latencyS() {
    if (isFirefox() && onLinux()) return LINUX_S;
    const now = performance.now();
    if (isFirefox() && (this.state !== "running" || now < this.#seldom.again)) return this.#seldom.latencyS;
    const { outputLatency, baseLatency } = this.#context;
    this.#seldom = { latencyS: outputLatency || baseLatency || 0, again: now + SELDOM_MS };
    return this.#seldom.latencyS;
  }

  /**
   * The frame of the bank that is at the loudspeaker at a moment; 0, which means at once, where that is not known.
   * @param {number} at seconds of performance.now
   */
  frameAt(at) {
    const { contextTime = 0, performanceTime = 0 } = this.atLoudspeaker();
    if (this.#startFrame === null || performanceTime === 0) return 0;
    const frame = ((at - performanceTime / 1000) + contextTime) * this.sampleRate - this.#startFrame;
    return Math.max(0, Math.round(frame));
  }

  /** A moment of the context and when it is at the loudspeaker: `getOutputTimestamp`, which asks for the latency. */
  atLoudspeaker() {
    if (!isFirefox()) return this.#context.getOutputTimestamp?.() ?? {};
    return { contextTime: this.#context.currentTime - this.latencyS, performanceTime: performance.now() };
  }

  /** A way to the bank for another thread, which pushes events and gets the counts; null without an audio thread. */
  lend() {
    const node = this.#threadNode;
    if (!node) return null;
    const { port1, port2 } = new MessageChannel();
    node.port.postMessage(port1, [port1]);
    return port2;
  }

  /** Make the bank. @param {import("./files.js").Files} files @param {number} voices */
  async start({ bytes, rowTauS, presets, standard }, voices) {
    const setup = { voices, channels: CHANNELS, rowTauS };
    const mapping = new Mapping(bytes, this.sampleRate);
    mapping.use(presets[standard].code);
    const note = mapping.touch(NOTE_ON, 1, 0, WARM_UP_POINT, 0, 0);
    if (this.#context.audioWorklet) {
      const worklet = new URL("worklet.js", import.meta.url).href;
      await this.#context.audioWorklet.addModule(worklet).catch(() => {
        throw new Error(NO_WORKLET); // the browser's own words would be "The user aborted a request"
      });
      await this.#worklet(bytes, setup, note);
    } else {
      this.#script(bytes, setup, note);
    }
    this.#node?.connect(this.#context.destination);
    await this.resume();
  }

  /** Go on after a pause. Browsers allow it in a tap, and often without. */
  async resume() {
    if (this.state === "closed" || (this.state === "running" && !this.#rests)) return;
    this.#rests = false;
    await Promise.race([this.#context.resume(), new Promise((resolve) => setTimeout(resolve, 500))]).catch(() => {});
  }

  /** Stop the audio device for a while, which saves power; `resume` goes on. */
  async suspend() {
    this.#rests = true;
    await this.#context.suspend().catch(() => {});
  }

  /** Fade out, then end. */
  async close() {
    this.#fade(false);
    await new Promise((resolve) => setTimeout(resolve, 150));
    await this.#context.close().catch(() => {});
    this.#threadNode?.port.close();
  }

  /** The node, if it is on an audio thread. (Over http: browsers do not even have the name AudioWorkletNode.) */
  get #threadNode() {
    return this.kind === "worklet" ? /** @type {AudioWorkletNode} */ (this.#node) : null;
  }

  /** Resolves when the bank is there. @param {ArrayBuffer} bytes @param {object} setup @param {Uint8Array} note */
  #worklet(bytes, setup, note) {
    const processorOptions = { bytes, version: VERSION, setup, note };
    const options = { numberOfInputs: 0, outputChannelCount: [CHANNELS], processorOptions };
    const node = new AudioWorkletNode(this.#context, "formant", options);
    this.push = (events) => node.port.postMessage(events.buffer, [events.buffer]);
    this.#fade = (audible) => node.port.postMessage(audible ? "fade-in" : "fade-out");
    this.#node = node;
    this.kind = "worklet";
    return new Promise((resolve, reject) => {
      let began = false;
      const failed = () => (began ? this.broke() : reject(new Error(THREAD_FAILED)));
      node.onprocessorerror = failed; // Chromium calls only this one, whatever the event is called
      node.addEventListener("processorerror", failed);
      node.port.onmessage = ({ data: { ready, error, ...counts } }) => {
        if (error) reject(new Error(error));
        else if (ready) {
          began = true;
          resolve(undefined);
        } else this.#said(counts);
      };
    });
  }

  /** @param {Record<string, number>} counts */
  #said({ startFrame, ...counts }) {
    this.#startFrame = startFrame;
    this.counts = counts;
    this.said();
  }

  /** @param {ArrayBuffer} bytes @param {any} setup @param {Uint8Array} note */
  #script(bytes, setup, note) {
    const bank = new Bank(bytes, { ...setup, sampleRate: this.sampleRate });
    bank.warmUp(note);
    const load = new Load();
    const node = this.#context.createScriptProcessor(SCRIPT_FRAMES, 0, CHANNELS);
    /** @type {{events: Uint8Array, at: number}[]} */
    const waiting = [];
    node.onaudioprocess = ({ outputBuffer }) => {
      const began = performance.now();
      while (waiting.length > 0) {
        const [first] = waiting;
        first.at = bank.push(first.events, first.at);
        if (first.at < first.events.length) break;
        waiting.shift();
      }
      bank.read(Array.from({ length: CHANNELS }, (_, c) => outputBuffer.getChannelData(c)));
      load.add(performance.now() - began, 1000 * outputBuffer.duration, bank.active);
      const mean = load.take();
      if (mean && mean.voices >= 1) bank.took(mean.part, mean.voices, MOST_LOAD);
      this.counts = bank.counts();
      if (mean) this.said();
    };
    this.push = (events) => void waiting.push({ events, at: 0 });
    this.#fade = (audible) => bank.fade(audible);
    this.#node = node;
    this.kind = "script";
  }
}
