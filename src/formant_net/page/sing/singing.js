/**
 * "Sing on this device": it is a synth like any box, found by every controller, and sings what they play.
 *
 * The rules and the links are those of synth/; the voice is that of this device.
 */
import { Identity } from "../client/identity.js";
import { PHONE } from "../protocol/phones.js";
import { PlayOut } from "../synth/play-out.js";
import { Remote } from "../synth/remote.js";
import { SynthNode } from "../synth/node.js";
import { VOICES } from "./device.js";

const STORE = "formant-singer";
/** Each controller costs a phone as much as a synth of 10 voices does. */
const LINKS = 8;
/** With a play-out time: seconds before a note is to be heard at which it is handed to the bank. */
const AHEAD_S = 0.005;

export class Singing {
  identity = new Identity(PHONE.slice(0, -1), STORE);
  /** @type {SynthNode | null} */
  node = null;
  #remote = new Remote({ presets: [], preset: "" });
  #playOut = new PlayOut();
  #singer = { release: () => this.node?.releaseAll() };
  /** @type {number | undefined} */
  #timer;

  /**
   * @param {object} parts
   * @param {import("./device.js").Device} parts.device
   * @param {import("../protocol/numbers.js").Numbers} parts.timing
   * @param {import("../protocol/numbers.js").Numbers} parts.bounds
   * @param {string[]} parts.servers addresses of WebSockets
   * @param {() => string | null} parts.key
   * @param {() => number} parts.clock seconds
   * @param {() => void} parts.changed
   * @param {(name: string) => boolean} [parts.skips] controllers that this synth does not call
   */
  constructor({ device, timing, bounds, servers, key, clock, changed, skips = () => false }) {
    this.device = device;
    this.timing = timing;
    this.bounds = bounds;
    this.servers = servers;
    this.key = key;
    this.clock = clock;
    this.changed = changed;
    this.skips = skips;
  }

  /** Call it in a tap. */
  async switchOn() {
    if (this.node || !(await this.device.start(this.#singer)) || this.node) return;
    const { voice } = this.device;
    if (!voice) return;
    this.#remote = new Remote({ presets: Object.keys(voice.presets).sort(), preset: voice.preset });
    const { timing, bounds, servers, identity, clock, changed, skips } = this;
    const shared = { timing, bounds, servers, identity, clock, changed, skips, remote: this.#remote };
    this.node = new SynthNode({
      ...shared,
      key: this.key(),
      limits: { links: LINKS, fingers: VOICES },
      newKey: () => this.device.newKey(),
      state: () => this.#state(),
      sound: { sing: (note) => this.#sing(note), set: (change) => this.#set(change) },
    });
    this.node.start();
    this.changed();
  }

  switchOff() {
    clearTimeout(this.#timer);
    this.node?.stop();
    this.node = null;
    this.device.poweredOn = true;
    this.device.voice?.setVolume(1);
    this.device.stop(this.#singer);
  }

  /** Another key, another network, or somebody comes back who was sent away. */
  restart() {
    if (!this.node) return;
    this.node.signaling.key = this.key();
    this.node.restart();
  }

  /** The page is looked at again. */
  hurry() {
    this.node?.hurry();
  }

  get on() {
    return this.node !== null;
  }

  get fingers() {
    return this.node?.core.fingers ?? 0;
  }

  /** Controllers that play on this device. */
  get players() {
    return this.node?.core.open ?? 0;
  }

  /** What is said of this device by its name: what it is, and the end of its id. */
  get name() {
    return `${kindOf(navigator.userAgent)} ${this.identity.id.slice(-4)}`;
  }

  /** Where the conversation with the server stands, and how it ended. */
  get server() {
    const signaling = this.node?.signaling;
    return { state: signaling?.ending || signaling?.state || "idle", reason: signaling?.reason ?? "" };
  }

  /** @returns {Record<string, unknown>} for tests and operators */
  get report() {
    const { node } = this;
    const links = [...(node?.core.keeper.links.values() ?? [])];
    return {
      ...{ on: this.on, id: this.identity.id, server: this.server.state, registrations: node?.signaling.registrations ?? 0 },
      ...{ fingers: this.fingers, links: links.map(({ peer }) => ({ controller: peer.name, state: peer.state })) },
      ...{ volume: this.#remote.volume, poweredOn: this.#remote.poweredOn, device: this.device.state, reason: this.device.reason },
      ...{ counts: { ...node?.core.counts, ...node?.core.keeper.counts }, bank: this.device.report },
    };
  }

  /** What every pong says beside the settings. */
  #state() {
    const { voice, output } = this.device;
    if (voice) this.#remote.preset = voice.preset; // somebody may have chosen it on this page
    const latencyMs = Math.round(1e4 * (output?.latencyS ?? 0)) / 10;
    const playOut = this.timing.play_out_s ? { play_out_ms: 1000 * this.timing.play_out_s, late_notes: this.#playOut.late } : {};
    return {
      ...{ name: this.name, engine: "wasm", audio_enabled: this.device.sounds, audio: output?.kind ?? "none" },
      ...{ sample_rate: output?.sampleRate ?? 0, latency_ms: latencyMs, output_latency_ms: latencyMs },
      ...{ voices: VOICES, sound: output?.counts ?? {}, takes: ["note"], ...playOut },
      ...(voice?.surface ? { surface: voice.surface } : {}),
    };
  }

  /** @param {import("../synth/touches.js").Note} note */
  #sing(note) {
    if (note.do !== "off") this.device.played();
    if (note.at === null) {
      this.device.voice?.sing(note);
      return;
    }
    this.#playOut.put(note, this.clock() + (this.device.output?.latencyS ?? 0));
    this.#playDue();
  }

  /** Hand on what is to be heard soon, each note on its frame, and come back for the next. */
  #playDue() {
    clearTimeout(this.#timer);
    const { voice, output } = this.device;
    if (!voice || !output) return;
    const now = this.clock();
    const until = now + output.latencyS + AHEAD_S;
    for (const { at, note } of this.#playOut.due(until)) voice.sing(note, output.frameAt(at));
    const { next } = this.#playOut;
    if (next !== null) this.#timer = setTimeout(() => this.#playDue(), Math.max(1, 1000 * (next - until)));
  }

  /** @param {import("../synth/remote.js").Change} change */
  #set(change) {
    if (change.set === "volume") this.device.voice?.setVolume(change.value);
    if (change.set === "preset") this.device.usePreset(change.name);
    if (change.set === "power") this.device.poweredOn = change.on;
    this.changed();
  }
}

/** What a device is called. @param {string} agent of the browser */
export function kindOf(agent) {
  const known = [/iPhone/, /iPad/, /Android/, /Windows/, /Mac/, /CrOS/, /Linux/].find((kind) => kind.test(agent));
  return known?.source.replace("CrOS", "Chromebook") ?? "Browser";
}
