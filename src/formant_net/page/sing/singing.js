/**
 * "Sing on this device": it is a synth like any box, found by every controller, and sings what they play.
 *
 * The synth itself runs in a worker where the browser can hand data channels to one, so that a busy page delays no
 * touch. Elsewhere the same code runs on the page's own thread.
 */
import { Identity } from "../client/identity.js";
import { Kept } from "../set/kept.js";
import { PHONE } from "../protocol/phones.js";
import { FarSynth, canHand } from "./far-synth.js";
import { loadFiles } from "./files.js";
import { WebSynth } from "./synth.js";

const STORE = "formant-singer";
/** What players and people have set, over a reload. */
const SETTINGS = "formant-singing";
const MOST_LATE_S = 0.25;

export class Singing {
  identity = new Identity(PHONE.slice(0, -1), STORE);
  /** @type {WebSynth | FarSynth | null} */
  synth = null;
  #kept = new Kept(SETTINGS);
  /** What was last kept. */
  #settings = "";
  /** It is switched on; it may still be loading. */
  #wanted = false;
  /** The worker of this page could not run: it is not tried again. */
  #alone = false;
  #singer = { release: () => this.synth?.releaseAll(), sings: (/** @type {string} */ name) => this.#sings(name), moved: () => this.#moved() };

  /**
   * @param {object} parts
   * @param {import("./device.js").Device} parts.device
   * @param {import("../protocol/numbers.js").Numbers} parts.timing
   * @param {import("../protocol/numbers.js").Numbers} parts.bounds
   * @param {string[]} parts.servers addresses of WebSockets
   * @param {() => string | null} parts.key
   * @param {() => number} parts.clock seconds
   * @param {() => void} parts.changed
   * @param {() => string} [parts.self] the id of a controller on this page, which this synth does not call
   */
  constructor({ device, timing, bounds, servers, key, clock, changed, self = () => "" }) {
    this.device = device;
    this.timing = timing;
    this.bounds = bounds;
    this.servers = servers;
    this.key = key;
    this.clock = clock;
    this.changed = changed;
    this.self = self;
    const lateS = Number(this.#kept.read().lateS);
    if (lateS > 0 && lateS <= MOST_LATE_S) device.lateS = lateS;
  }

  /** This device is later than its browser says. @param {number} lateS seconds */
  setLate(lateS) {
    this.device.lateS = lateS;
    this.#kept.write({ lateS });
    this.tick();
  }

  /** Call it in a tap. */
  async switchOn() {
    this.#wanted = true;
    if (this.synth || !(await this.device.start(this.#singer))) return;
    const files = await loadFiles();
    if (this.#wanted && !this.synth && this.device.voice) this.#begin(files);
  }

  switchOff() {
    this.#wanted = false;
    this.synth?.stop();
    this.synth = null;
    this.device.stop(this.#singer);
  }

  /** Another key, another network, or somebody comes back who was sent away. */
  restart() {
    this.synth?.restart(this.key());
  }

  /** The page is looked at again. */
  hurry() {
    this.synth?.hurry();
  }

  /** Call it twice a second, and when something about the sound has changed. */
  tick() {
    if (this.synth instanceof FarSynth) this.synth.tell();
    this.#keep();
  }

  /** What is set outlives the page. */
  #keep() {
    if (!this.synth || !this.device.voice) return;
    const settings = { volume: this.synth.view.volume, preset: this.device.voice.preset };
    const said = JSON.stringify(settings);
    if (said === this.#settings) return;
    this.#settings = said;
    this.#kept.write(settings);
  }

  get on() {
    return this.synth !== null;
  }

  get fingers() {
    return this.synth?.view.fingers ?? 0;
  }

  /** Controllers that play on this device. */
  get players() {
    return this.synth?.view.players ?? 0;
  }

  /** Controllers to which no path was found, and whether the server has told of a relay. */
  get unreached() {
    const { unreached = 0, relayed = false } = this.synth?.view ?? {};
    return { count: unreached, relayed };
  }

  /** Whether touches come on a thread of their own, which a busy page does not delay. */
  get apart() {
    return this.synth instanceof FarSynth;
  }

  /** What is said of this device by its name: what it is, and the end of its id. */
  get name() {
    return `${kindOf(navigator.userAgent)} ${this.identity.id.slice(-4)}`;
  }

  /** Where the conversation with the server stands, and how it ended. */
  get server() {
    const { server, reason } = this.synth?.view ?? { server: "idle", reason: "" };
    return { state: server, reason };
  }

  /** @returns {Record<string, unknown>} for tests and operators */
  get report() {
    const { device, on, identity, fingers, apart } = this;
    const { server = "idle", registrations = 0, links = [], volume = 1, poweredOn = true, counts = {} } = this.synth?.view ?? {};
    return {
      ...{ on, id: identity.id, server, registrations, fingers, links, volume, poweredOn, counts },
      ...{ apart, device: device.state, reason: device.reason, bank: device.report },
    };
  }

  /** @param {import("./files.js").Files} files */
  #begin(files) {
    const { device, name, identity, timing, bounds, servers, clock, self } = this;
    const changed = () => {
      this.#keep();
      this.changed();
    };
    const { volume: kept, preset } = this.#kept.read();
    const volume = typeof kept === "number" && kept >= 0 && kept <= 1 ? kept : 1;
    // One that was chosen on this page a moment ago counts more.
    if (typeof preset === "string" && device.voice?.preset === files.standard) device.usePreset(preset);
    device.voice?.setVolume(volume);
    const shared = { name, identity, timing, bounds, servers, key: this.key(), changed, volume };
    if (!this.#alone && device.threaded && canHand()) {
      try {
        this.synth = new FarSynth({ ...shared, device, files, self: self(), failed: () => this.#comeBack(files) });
      } catch {
        this.#alone = true; // no workers here
      }
    }
    const skips = (/** @type {string} */ controller) => controller === self();
    this.synth ??= new WebSynth({ ...shared, stage: device, clock, skips });
    this.synth.start();
    changed();
  }

  /** The worker has failed: go on without it. @param {import("./files.js").Files} files */
  #comeBack(files) {
    this.#alone = true;
    if (!(this.synth instanceof FarSynth)) return;
    this.synth.stop();
    this.synth = null;
    this.#begin(files);
  }

  /** The sound of this device comes another way now. */
  #moved() {
    if (this.synth instanceof FarSynth) this.synth.moved();
    else this.synth?.moved();
  }

  /** Another preset was chosen for this device. @param {string} name */
  #sings(name) {
    this.synth?.preset(name);
  }
}

/** What a device is called. @param {string} agent of the browser */
export function kindOf(agent) {
  const known = [/iPhone/, /iPad/, /Android/, /Windows/, /Mac/, /CrOS/, /Linux/].find((kind) => kind.test(agent));
  return known?.source.replace("CrOS", "Chromebook") ?? "Browser";
}
