/** The synth of this page in a worker: touches come on data channels, and go as events to the audio thread. */
import { Channels } from "../client/channels.js";
import { Identity } from "../client/identity.js";
import { PHONE } from "../protocol/phones.js";
import { WebSynth } from "./synth.js";
import { sameVersion } from "./version.js";
import { Voice } from "./voice.js";
import { VOICES } from "./voices.js";

/** The page shows no more than so many states a second. */
const SHOW_MS = 50;
/** How often the page is told that somebody plays. */
const PLAYED_S = 1;
/** Keys of the page's own notes are below. */
const FIRST_KEY = 2 ** 40;

const clock = () => performance.now() / 1000;
/** @param {object} message */
const tell = (message) => self.postMessage(message);

/** The device as it is seen from here: notes go to its audio thread directly, the rest over the page. */
class FarDevice {
  /** @type {Voice} */
  voice;
  output;
  #facts;
  #key = FIRST_KEY;
  #playedAt = -Infinity;
  #poweredOn = true;
  /** The last choice of the page that counts here. */
  #choice = 0;
  /** @type {MessagePort} */
  #port;
  /** @type {number | null} */
  #startFrame = null;

  /** @param {{files: import("./files.js").Files, preset: string, port: MessagePort, facts: any}} parts */
  constructor({ files, preset, port, facts }) {
    this.files = files;
    this.#facts = facts;
    this.#port = port;
    this.output = this.#outputOf(port);
    this.voice = new Voice(files, this.output);
    this.voice.use(preset);
  }

  /** The sound comes another way now. @param {MessagePort} port to the audio thread @param {any} facts */
  move(port, facts) {
    this.#facts = facts;
    this.#startFrame = null;
    this.leave();
    this.#port = port;
    this.output = this.#outputOf(port);
    const { preset } = this.voice;
    this.voice = new Voice(this.files, this.output);
    this.voice.use(preset);
  }

  /** The audio thread need not say any more what sounds. */
  leave() {
    this.#port.postMessage("leave");
  }

  /** @param {MessagePort} port */
  #outputOf(port) {
    const { kind, sampleRate } = this.#facts;
    const own = this;
    const output = {
      ...{ kind, sampleRate, counts: /** @type {Record<string, number>} */ ({}) },
      get latencyS() {
        return own.#facts.latencyS;
      },
      frameAt: (/** @type {number} */ at) => this.#frameAt(at),
      push: (/** @type {Uint8Array<ArrayBuffer>} */ events) => port.postMessage(events.buffer, [events.buffer]),
    };
    port.onmessage = ({ data: { startFrame, ...counts } }) => {
      if (output !== this.output) return;
      this.#startFrame = startFrame;
      output.counts = counts;
      this.voice.room(counts.limit, VOICES);
    };
    return output;
  }

  /** What the page says of the device. @param {any} facts */
  learn(facts) {
    this.#facts = facts;
  }

  get lateS() {
    return this.#facts.lateS;
  }

  get sounds() {
    return this.#facts.sounds;
  }

  get poweredOn() {
    return this.#poweredOn;
  }

  set poweredOn(on) {
    this.#poweredOn = on;
    tell({ do: "power", on });
  }

  newKey() {
    return (this.#key += 1);
  }

  played() {
    const now = clock();
    if (!this.#facts.resting && now - this.#playedAt < PLAYED_S) return;
    this.#playedAt = now;
    tell({ do: "played" });
  }

  /** @param {string} name */
  usePreset(name) {
    this.voice.use(name);
    tell({ do: "preset", name, after: this.#choice });
  }

  /** Somebody chose it on the page. @param {string} name @param {number} choice its number */
  chosen(name, choice) {
    this.#choice = choice;
    this.voice.use(name);
  }

  /** As Output has it. @param {number} at seconds of this thread's clock */
  #frameAt(at) {
    const { anchor, sampleRate } = this.#facts;
    if (this.#startFrame === null || anchor === null) return 0;
    const sinceS = at - (anchor.atMs - performance.timeOrigin) / 1000;
    return Math.max(0, Math.round((sinceS + anchor.contextTime) * sampleRate - this.#startFrame));
  }
}

/** Connections that the page has made for us, by number. @type {Map<number, FarConnection>} */
const connections = new Map();
let lastNumber = 0;

/** A connection of the page; only its channels are here. */
class FarConnection {
  number = (lastNumber += 1);
  /** @type {(offer: any) => void} */
  described = () => {};

  /** @param {ConstructorParameters<typeof import("../client/connection.js").Connection>[0]} parts */
  constructor({ iceServers, bounds, events }) {
    this.events = events;
    this.channels = new Channels(bounds, events);
    connections.set(this.number, this);
    tell({ do: "make", number: this.number, iceServers });
  }

  /** @returns {Promise<RTCSessionDescriptionInit | null>} */
  offer() {
    return new Promise((resolve) => (this.described = resolve));
  }

  /** @param {RTCSessionDescriptionInit} description */
  async accept({ sdp }) {
    tell({ do: "accept", number: this.number, sdp });
  }

  /** @param {RTCIceCandidateInit | null} candidate */
  addCandidate(candidate) {
    tell({ do: "candidate", number: this.number, candidate });
  }

  /** @param {import("../client/channels.js").Label} label @param {string} text */
  send(label, text) {
    return this.channels.send(label, text);
  }

  close() {
    this.channels.forget();
    connections.delete(this.number);
    tell({ do: "close", number: this.number });
  }
}

/** @type {WebSynth | null} */
let synth = null;
/** @type {FarDevice | null} */
let device = null;
const identity = new Identity(PHONE.slice(0, -1), "");

let showing = false;
function changed() {
  if (showing) return;
  showing = true;
  setTimeout(() => {
    showing = false;
    const { id, resume, run } = identity;
    if (synth) tell({ do: "view", view: synth.view, identity: { id, resume, run } });
  }, SHOW_MS);
}

/** @param {any} message */
function start({ name, timing, bounds, servers, key, self: own, identity: known, volume, ...parts }) {
  Object.assign(identity, known);
  device = new FarDevice(parts);
  const skips = (/** @type {string} */ controller) => own !== "" && controller === own;
  const shared = { name, identity, timing, bounds, servers, key, clock, changed, skips, volume };
  synth = new WebSynth({ stage: device, connect: (made) => new FarConnection(made), ...shared });
  synth.start();
  changed();
}

/** @param {any} message of the page about one connection */
function happened({ number, event, data }) {
  const connection = connections.get(number);
  if (!connection) return;
  if (event === "described") connection.described(data);
  else if (event === "candidate") connection.events.candidate(data);
  else if (event === "reached") connection.events.reached();
  else connection.events.ended("connection failed");
}

self.onmessageerror = () => tell({ do: "unable" }); // a channel that does not arrive

self.onmessage = ({ data: message }) => {
  if (message.do === "start") {
    sameVersion("the worker", message.version);
    start(message);
  } else if (message.do === "facts") device?.learn(message.facts);
  else if (message.do === "preset") {
    device?.chosen(message.name, message.choice);
    synth?.preset(message.name);
  } else if (message.do === "output") {
    device?.move(message.port, message.facts);
    synth?.releaseAll(); // what began meanwhile is not known to the new voice
    synth?.moved();
  } else if (message.do === "event") happened(message);
  else if (message.do === "channel") connections.get(message.number)?.channels.add(message.channel);
  else if (message.do === "hurry") synth?.hurry();
  else if (message.do === "release") synth?.releaseAll();
  else if (message.do === "restart") {
    Object.assign(identity, message.identity);
    synth?.restart(message.key);
  } else if (message.do === "stop") {
    synth?.stop();
    device?.leave();
    self.close();
  }
};
