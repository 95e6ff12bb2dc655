/**
 * This device as a synth like any box: the rules and the links of synth/, and how their notes are sung.
 *
 * It runs in a worker, or on the page's own thread where a browser cannot hand its data channels to a worker.
 */
import { hasRelay } from "../protocol/relays.js";
import { PlayOut } from "../synth/play-out.js";
import { Remote } from "../synth/remote.js";
import { SynthNode } from "../synth/node.js";
import { VOICES } from "./voices.js";

/** Each controller costs a phone as much as a synth of 10 voices does. */
const LINKS = 8;
/** With a play-out time: seconds before a note is to be heard at which it is handed to the bank. */
const AHEAD_S = 0.005;

/**
 * What this synth needs of the device that it sings on.
 * @typedef {object} Stage
 * @property {import("./voice.js").Voice | null} voice
 * @property {{kind: string, sampleRate: number, latencyS: number, counts: Record<string, number>,
 *   frameAt: (at: number) => number} | null} output
 * @property {number} lateS further delay of its loudspeaker, as a person has set it
 * @property {boolean} sounds whether a finger would be heard
 * @property {boolean} poweredOn
 * @property {() => number} newKey
 * @property {() => void} played a finger is down
 * @property {(name: string) => unknown} usePreset
 *
 * What others see of it.
 * @typedef {object} View
 * @property {string} server where the conversation with the server stands, and how it ended
 * @property {string} reason
 * @property {number} registrations
 * @property {number} fingers
 * @property {number} players controllers that play on it
 * @property {number} unreached controllers to which no path was found
 * @property {boolean} relayed the server has told of a relay
 * @property {{controller: string, state: string}[]} links
 * @property {number} volume
 * @property {boolean} poweredOn
 * @property {Record<string, number>} counts
 */

export class WebSynth {
  #remote;
  #playOut = new PlayOut();
  /** @type {number | undefined} */
  #timer;

  /**
   * @param {object} parts
   * @param {Stage} parts.stage
   * @param {string} parts.name what players see
   * @param {import("../client/identity.js").Identity} parts.identity
   * @param {import("../protocol/numbers.js").Numbers} parts.timing
   * @param {import("../protocol/numbers.js").Numbers} parts.bounds
   * @param {string[]} parts.servers addresses of WebSockets
   * @param {string | null} parts.key
   * @param {() => number} parts.clock seconds
   * @param {() => void} parts.changed
   * @param {(name: string) => boolean} parts.skips controllers that this synth does not call
   * @param {number} parts.volume to begin with, 0…1
   * @param {ConstructorParameters<typeof SynthNode>[0]["connect"]} [parts.connect]
   */
  constructor({ stage, name, clock, changed, timing, volume, ...shared }) {
    this.stage = stage;
    this.name = name;
    this.clock = clock;
    this.changed = changed;
    this.timing = timing;
    const { voice } = stage;
    const presets = Object.keys(voice?.presets ?? {}).sort();
    this.#remote = new Remote({ volume, presets, preset: voice?.preset ?? "" });
    this.node = new SynthNode({
      ...{ ...shared, timing, clock, changed, remote: this.#remote },
      limits: { links: LINKS, fingers: VOICES },
      newKey: () => this.stage.newKey(),
      state: () => this.#state(),
      sound: { sing: (note) => this.#sing(note), set: (change) => this.#set(change) },
    });
  }

  start() {
    this.node.start();
  }

  stop() {
    this.node.stop();
    clearTimeout(this.#timer);
    for (const { note } of this.#playOut.due(Infinity)) if (note.do === "off") this.stage.voice?.sing(note);
    this.stage.poweredOn = true;
    this.stage.voice?.setVolume(1);
  }

  /** @param {string | null} key */
  restart(key) {
    this.node.signaling.key = key;
    this.node.restart();
  }

  hurry() {
    this.node.hurry();
  }

  /** Every voice ends; fingers that are held begin anew with their next touch. */
  releaseAll() {
    this.node.releaseAll();
  }

  /** Somebody chose it on this page, where it is sung already. @param {string} name */
  preset(name) {
    this.#remote.preset = name;
  }

  /** The sound comes another way now, where nothing is set yet. */
  moved() {
    this.stage.voice?.setVolume(this.#remote.volume);
  }

  /** @returns {View} */
  get view() {
    const { signaling, core } = this.node;
    const links = [...core.keeper.links.values()];
    return {
      ...{ server: signaling.ending || signaling.state, reason: signaling.reason, registrations: signaling.registrations },
      ...{ fingers: core.fingers, players: core.open },
      unreached: links.filter(({ failures, peer }) => failures > 0 && peer.state !== "open").length,
      relayed: hasRelay(signaling.iceServers),
      links: links.map(({ peer }) => ({ controller: peer.name, state: peer.state })),
      ...{ volume: this.#remote.volume, poweredOn: this.#remote.poweredOn },
      counts: { ...core.counts, droppedLate: core.droppedLate, ...core.keeper.counts },
    };
  }

  /** From a note to the loudspeaker, seconds. */
  get #latencyS() {
    return (this.stage.output?.latencyS ?? 0) + this.stage.lateS;
  }

  /** What every pong says beside the settings. */
  #state() {
    const { voice, output, sounds } = this.stage;
    const latencyMs = Math.round(1e4 * this.#latencyS) / 10;
    const playOut = this.timing.play_out_s ? { play_out_ms: 1000 * this.timing.play_out_s, late_notes: this.#playOut.late } : {};
    return {
      ...{ name: this.name, engine: "wasm", audio_enabled: sounds, audio: output?.kind ?? "none" },
      ...{ sample_rate: output?.sampleRate ?? 0, latency_ms: latencyMs, output_latency_ms: latencyMs },
      ...{ voices: VOICES, sound: output?.counts ?? {}, takes: ["note", "place"], ...playOut },
      ...(voice?.surface ? { surface: voice.surface } : {}),
    };
  }

  /** @param {import("../synth/touches.js").Note} note */
  #sing(note) {
    if (note.do !== "off") this.stage.played();
    if (note.at === null) {
      this.stage.voice?.sing(note);
      return;
    }
    this.#playOut.put(note, this.clock() + this.#latencyS);
    this.#playDue();
  }

  /** Hand on what is to be heard soon, each note on its frame, and come back for the next. */
  #playDue() {
    clearTimeout(this.#timer);
    const { voice, output, lateS } = this.stage;
    if (!voice || !output) return;
    const until = this.clock() + this.#latencyS + AHEAD_S;
    for (const { at, note } of this.#playOut.due(until)) voice.sing(note, output.frameAt(at - lateS));
    const { next } = this.#playOut;
    if (next !== null) this.#timer = setTimeout(() => this.#playDue(), Math.max(1, 1000 * (next - until)));
  }

  /** @param {import("../synth/remote.js").Change} change */
  #set(change) {
    if (change.set === "volume") this.stage.voice?.setVolume(change.value);
    if (change.set === "preset") this.stage.usePreset(change.name);
    if (change.set === "power") this.stage.poweredOn = change.on;
    this.changed();
  }
}
