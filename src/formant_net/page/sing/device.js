/**
 * This device as a voice: one audio context for all that is sung on it, which rests while nobody plays.
 *
 * Several may sing on it: the fingers of this page, and the controllers that this device is a synth for. It starts with
 * the first of them and ends with the last.
 */
import { loadFiles } from "./files.js";
import { Output, THREAD_FAILED } from "./output.js";
import { Voice } from "./voice.js";
import { VOICES } from "./voices.js";

/** Seconds without a finger after which the audio device rests: it costs more power than the voices. */
const REST_S = 30;
/** Seconds in which an audio thread that was begun anew must not fail again. */
const ANEW_S = 10;
/** Looks in a row, and the seconds between two of them, at a clock that stands still although the context runs. */
const STILL = { looks: 10, apartS: 0.25 };

/**
 * One that sings here: it lets go of all its notes when asked, and is told of another preset, and of another output.
 * @typedef {{release: () => void, sings?: (preset: string) => void, moved?: () => void}} Singer
 */

export class Device {
  /** off, starting, on, or failed. @type {"off" | "starting" | "on" | "failed"} */
  state = "off";
  /** Why it failed, in words. */
  reason = "";
  /** False: a player has switched this device off, as one can with any synth. */
  poweredOn = true;
  /** @type {Voice | null} */
  voice = null;
  /** @type {Output | null} */
  output = null;
  /** The audio device rests because nobody plays. */
  resting = false;
  /** Seconds by which its loudspeaker is later than the browser says. */
  lateS = 0;
  /** @type {Set<Singer>} */
  #singers = new Set();
  /** @type {Promise<void>} */
  #starting = Promise.resolve();
  #keys = 0;
  /** When the last finger was here, seconds. */
  #playedAt = 0;
  /** When it was last begun anew, because it had failed, seconds. */
  #anewAt = -Infinity;
  /** The context's clock at the last look, when that was, and how often in a row it has stood still. */
  #look = { time: 0, at: 0, still: 0 };

  /**
   * @param {object} parts
   * @param {() => number} parts.clock seconds
   * @param {() => void} parts.changed
   * @param {AudioContextLatencyCategory | number} [parts.latencyHint]
   */
  constructor({ clock, changed, latencyHint = "interactive" }) {
    this.clock = clock;
    this.changed = changed;
    this.latencyHint = latencyHint;
  }

  /** Somebody wants to sing here. Call it in a tap. @param {Singer} singer @returns {Promise<boolean>} whether it can */
  async start(singer) {
    this.#singers.add(singer);
    if (this.state === "on") return true;
    if (this.state !== "starting") this.#starting = this.#start();
    await this.#starting;
    return this.#singers.has(singer) && /** @type {string} */ (this.state) === "on";
  }

  /** It sings here no more. @param {Singer} singer */
  stop(singer) {
    singer.release();
    this.#singers.delete(singer);
    if (this.#singers.size === 0) this.#end("off");
  }

  /** A key for a note, not used again. */
  newKey() {
    return (this.#keys += 1);
  }

  /** A finger is down: the device wakes. */
  played() {
    this.#playedAt = this.clock();
    if (this.resting) this.resume();
  }

  /** Sing with another preset, if there is such a one. @param {string} name @returns {boolean} whether it is another one */
  usePreset(name) {
    const { voice } = this;
    if (!voice || name === voice.preset || !Object.hasOwn(voice.presets, name)) return false;
    for (const singer of this.#singers) singer.release(); // another preset may have other singers
    voice.use(name);
    for (const singer of this.#singers) singer.sings?.(name);
    this.changed();
    return true;
  }

  /** The device rests when nobody plays. @param {number} now seconds @param {boolean} busy a finger is down */
  tick(now, busy) {
    this.#watch(now);
    if (busy) this.#playedAt = now;
    if (this.state !== "on" || this.resting || now - this.#playedAt < REST_S) return;
    this.resting = true;
    this.output?.suspend();
  }

  /** The page is looked at again, or was tapped: go on after a pause. */
  resume() {
    this.resting = false;
    this.#playedAt = this.clock();
    return this.output?.resume();
  }

  /**
   * The audio devices of the machine have changed. A new one may have another sample rate, as a Bluetooth loudspeaker
   * has: then go on with a new context, because the old one would be heard through a converter, or at a wrong pitch.
   */
  async renew() {
    if (this.state !== "on" || !this.output) return;
    const { sampleRate } = this.output;
    if (usualRate(sampleRate) !== sampleRate) await this.#anew();
  }

  /** Go on with a new context, which is held by all that sing here. */
  async #anew() {
    const { output: old, voice: before } = this;
    if (!old || !before) return;
    for (const singer of this.#singers) singer.release();
    let output = old;
    try {
      output = this.output = this.#newOutput();
      const files = await loadFiles();
      await output.start(files, VOICES);
      if (this.output !== output) return; // it was ended, or renewed again
      this.voice = new Voice(files, output);
      this.voice.use(before.preset);
      for (const singer of this.#singers) singer.release(); // what began meanwhile is not known to this voice
      this.resting = false;
      for (const singer of this.#singers) singer.moved?.();
      this.changed();
    } catch (error) {
      if (this.output !== output) return;
      this.reason = error instanceof Error ? error.message : String(error);
      this.#end("failed");
    } finally {
      old.close();
    }
  }

  /** The page goes away, perhaps to come back: what sounds now shall not sound on then. */
  hush() {
    for (const singer of this.#singers) singer.release();
    this.voice?.allOff();
  }

  /** Whether a finger would be heard: a call or a sleeping phone stops the sound, and a tap brings it back. */
  get sounds() {
    return this.state === "on" && (this.resting || this.output?.state === "running");
  }

  /** Whether an audio thread makes the sound. */
  get threaded() {
    return this.output?.kind !== "script";
  }

  /** @returns {Record<string, unknown>} for tests and operators */
  get report() {
    const { output } = this;
    return {
      ...{ kind: output?.kind ?? "", audio: output?.state ?? "closed", preset: this.voice?.preset ?? null },
      ...{ sampleRate: output?.sampleRate ?? 0, latencyS: output?.latencyS ?? 0, resting: this.resting },
      counts: output?.counts ?? {},
    };
  }

  async #start() {
    this.#set("starting");
    /** @type {Output | null} */
    let output = null;
    try {
      output = this.output = this.#newOutput();
      const files = await loadFiles();
      await output.start(files, VOICES);
      if (this.output !== output) return; // it was ended meanwhile
      this.voice = new Voice(files, output);
      this.#playedAt = this.clock();
      this.#set("on");
    } catch (error) {
      if (this.output !== output) return;
      this.reason = error instanceof Error ? error.message : String(error);
      this.#end("failed");
    }
  }

  /**
   * After a call, or in a page that was away, a context of iOS may say that it runs while its clock stands still.
   * Nothing sounds then, and it never comes back.
   * @param {number} now seconds
   */
  #watch(now) {
    const { output } = this;
    if (this.state !== "on" || !output || now - this.#look.at < STILL.apartS) return;
    const { time, state } = output;
    const stands = state === "running" && time > 0 && time === this.#look.time;
    this.#look = { time, at: now, still: stands ? this.#look.still + 1 : 0 };
    if (this.#look.still >= STILL.looks) this.#broke(output);
  }

  /** Nothing sounds any more, although nobody has ended it. @param {Output} output */
  #broke(output) {
    if (output !== this.output || this.state !== "on") return;
    const now = this.clock();
    const again = now - this.#anewAt < ANEW_S;
    this.#anewAt = now;
    this.#look.still = 0;
    if (again) {
      this.reason = THREAD_FAILED;
      this.#end("failed");
    } else this.#anew();
  }

  #newOutput() {
    /** @type {Output} */
    const output = new Output({
      ...{ latencyHint: this.latencyHint, changed: () => this.changed() },
      said: () => this.voice?.room(output.counts.limit, VOICES),
      broke: () => this.#broke(output),
    });
    return output;
  }

  /** @param {"off" | "failed"} state */
  #end(state) {
    this.voice?.allOff();
    const { output } = this;
    this.output = this.voice = null;
    this.resting = false;
    output?.close();
    this.#set(state);
  }

  /** @param {"off" | "starting" | "on" | "failed"} state */
  #set(state) {
    this.state = state;
    this.changed();
  }
}

/** The sample rate of the present audio device, Hz; `known` if this browser makes no further context. @param {number} known */
function usualRate(known) {
  try {
    const context = new AudioContext();
    const { sampleRate } = context;
    context.close().catch(() => {});
    return sampleRate;
  } catch {
    return known;
  }
}
