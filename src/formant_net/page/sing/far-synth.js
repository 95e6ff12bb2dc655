/**
 * The page's side of a synth that runs in a worker: the connections, which only a page may make, and what it shows.
 *
 * A busy page then delays no touch: it goes from its data channel through the worker to the audio thread. The page
 * hands each new channel to the worker before anything was sent on it.
 */
import { Connection } from "../client/connection.js";
import { startWorker } from "../timers/worker.js";
import { VERSION } from "./version.js";

/** Whether this browser can hand a data channel to another thread. (Firefox can, although `structuredClone` cannot.) */
export function canHand() {
  try {
    const pc = new RTCPeerConnection();
    const { port1 } = new MessageChannel();
    try {
      const channel = pc.createDataChannel("x");
      port1.postMessage(channel, [/** @type {any} */ (channel)]);
      return true;
    } finally {
      port1.close();
      pc.close();
    }
  } catch {
    return false;
  }
}

/** @type {import("./synth.js").View} */
const NOTHING = {
  ...{ server: "idle", reason: "", registrations: 0, fingers: 0, players: 0, unreached: 0, relayed: false, links: [] },
  ...{ volume: 1, poweredOn: true, counts: {} },
};

export class FarSynth {
  view = NOTHING;
  /** @type {Map<number, Connection>} */
  #connections = new Map();
  /** What happens now is the worker's own wish. */
  #obeying = false;
  /** How many presets were chosen on this page. */
  #choices = 0;
  #worker;

  /**
   * @param {object} parts
   * @param {import("./device.js").Device} parts.device it sounds, on an audio thread
   * @param {import("./files.js").Files} parts.files
   * @param {string} parts.name
   * @param {import("../client/identity.js").Identity} parts.identity
   * @param {import("../protocol/numbers.js").Numbers} parts.timing
   * @param {import("../protocol/numbers.js").Numbers} parts.bounds
   * @param {string[]} parts.servers
   * @param {string | null} parts.key
   * @param {string} parts.self the id of a controller on this page, which is not called; or ""
   * @param {number} parts.volume to begin with, 0…1
   * @param {() => void} parts.changed
   * @param {() => void} parts.failed the worker cannot run
   */
  constructor({ device, files, name, identity, timing, bounds, servers, key, self, volume, changed, failed }) {
    this.device = device;
    this.identity = identity;
    this.bounds = bounds;
    this.changed = changed;
    this.failed = failed;
    this.view = { ...NOTHING, volume };
    this.#worker = startWorker(new URL("./worker.js", import.meta.url).href, { type: "module" });
    this.#worker.onmessage = ({ data }) => this.#do(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      failed();
    };
    const port = device.output?.lend();
    if (!port) throw new Error("there is no audio thread");
    const { id, resume, run } = identity;
    const preset = device.voice?.preset ?? files.standard;
    const start = { name, timing, bounds, servers, key, self, identity: { id, resume, run }, files, preset, port, volume };
    this.#worker.postMessage({ do: "start", version: VERSION, facts: this.#facts(), ...start }, [port]);
  }

  start() {} // by its first message

  stop() {
    for (const connection of this.#connections.values()) connection.close();
    this.#connections.clear();
    this.#worker.onmessage = this.#worker.onerror = null;
    this.#worker.postMessage({ do: "stop" }); // it leaves its server, then it ends itself
    this.device.poweredOn = true;
    this.device.voice?.setVolume(1);
  }

  /** @param {string | null} key */
  restart(key) {
    const { id, resume, run } = this.identity;
    this.#worker.postMessage({ do: "restart", key, identity: { id, resume, run } });
  }

  hurry() {
    this.#worker.postMessage({ do: "hurry" });
  }

  releaseAll() {
    if (!this.#obeying) this.#worker.postMessage({ do: "release" });
  }

  /** Somebody chose it on this page. @param {string} name */
  preset(name) {
    if (this.#obeying) return;
    this.#choices += 1;
    this.#worker.postMessage({ do: "preset", name, choice: this.#choices });
  }

  /** The sound of the device comes another way now: with another audio thread, perhaps at another sample rate. */
  moved() {
    const port = this.device.output?.lend();
    if (port) this.#worker.postMessage({ do: "output", port, facts: this.#facts() }, [port]);
  }

  /** What the worker cannot see of the device by itself. */
  tell() {
    this.#worker.postMessage({ do: "facts", facts: this.#facts() });
  }

  #facts() {
    const { output, sounds, resting, lateS } = this.device;
    const sound = { kind: output?.kind ?? "none", sampleRate: output?.sampleRate ?? 0, latencyS: output?.latencyS ?? 0 };
    const { contextTime = 0, performanceTime = 0 } = output?.atLoudspeaker() ?? {};
    // Each thread's clock has a zero of its own.
    const anchor = performanceTime > 0 ? { contextTime, atMs: performanceTime + performance.timeOrigin } : null;
    return { ...sound, anchor, sounds, resting, lateS };
  }

  /** @param {any} wish of the worker */
  #do(wish) {
    const connection = this.#connections.get(wish.number);
    if (wish.do === "view") {
      this.view = wish.view;
      if (wish.identity.run === this.identity.run) Object.assign(this.identity, wish.identity);
      this.changed();
    } else if (wish.do === "played") this.device.played();
    else if (wish.do === "preset") {
      if (wish.after !== this.#choices) return; // a newer choice of this page is on its way, and counts there as well
      this.#obeying = true;
      this.device.usePreset(wish.name);
      this.#obeying = false;
    } else if (wish.do === "unable") this.failed();
    else if (wish.do === "power") this.device.poweredOn = wish.on;
    else if (wish.do === "make") this.#make(wish.number, wish.iceServers);
    else if (wish.do === "accept") {
      connection?.accept({ type: "answer", sdp: wish.sdp }).catch(() => this.#say(wish.number, "ended"));
    } else if (wish.do === "candidate") connection?.addCandidate(wish.candidate);
    else if (wish.do === "close") {
      connection?.close();
      this.#connections.delete(wish.number);
    }
  }

  /** @param {number} number @param {string} event @param {any} [data] */
  #say(number, event, data) {
    this.#worker.postMessage({ do: "event", number, event, data });
  }

  /** @param {number} number @param {RTCIceServer[]} iceServers */
  #make(number, iceServers) {
    const ended = () => this.#say(number, "ended"); // the worker then closes it
    try {
      const connection = new Connection({
        ...{ iceServers, bounds: this.bounds },
        events: {
          candidate: (data) => this.#say(number, "candidate", data),
          reached: () => this.#say(number, "reached"),
          ...{ opened: () => {}, message: () => {}, ended }, // its channels are elsewhere
        },
        hand: (channel) => this.#hand(number, channel),
      });
      this.#connections.set(number, connection);
      connection.offer().then((offer) => this.#say(number, "described", offer)).catch(ended);
    } catch {
      ended(); // no WebRTC, or too many connections
    }
  }

  /** @param {number} number @param {RTCDataChannel} channel */
  #hand(number, channel) {
    const message = { do: "channel", number, channel };
    try {
      this.#worker.postMessage(message, [/** @type {any} */ (channel)]);
    } catch {
      queueMicrotask(this.failed); // this browser cannot, although it said so
    }
  }
}
