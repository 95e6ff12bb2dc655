/**
 * One link to one synth: sends touches, settings and pings, and keeps the synth's state.
 *
 * The synth offers. A link that ends is never revived: the synth offers anew, and a new Link takes its place.
 */
import { Connection } from "../client/connection.js";
import { Echo } from "./echo.js";
import { Life } from "./life.js";
import { PingPong } from "../client/pingpong.js";
import { Queue } from "./queue.js";
import { noPathWords } from "./reach.js";
import { unit } from "../protocol/range.js";
import { Settings } from "./settings.js";
import { stateOf, UNKNOWN } from "../protocol/synth.js";

/** Endings of a link that was being made which mean that there is no path. */
const NO_PATH = ["could not connect", "connection failed"];

export class Link {
  /** Why it ended, in words. */
  ending = "";
  /** How long it had been silent when it ended, seconds. */
  unheardS = 0;
  /** How often "no fingers" has still to be sent here. */
  owed = 0;
  /** Messages that were not sent because older ones still waited. */
  dropped = 0;
  /** Messages that could not be understood. */
  bad = 0;
  /** The last state that the synth sent. */
  #said = UNKNOWN;
  #settings = new Settings();
  #life;
  #pings;
  #echo;
  #queue = new Queue();
  /** @type {number | undefined} */
  #askTimer;

  /**
   * @param {object} parts
   * @param {string} parts.peer id of the synth
   * @param {RTCIceServer[]} parts.iceServers
   * @param {import("../protocol/numbers.js").Numbers} parts.timing
   * @param {import("../protocol/numbers.js").Numbers} parts.bounds
   * @param {(message: object) => void} parts.signal
   * @param {() => object} parts.idleState what rides on a ping
   * @param {(link: Link) => void} parts.opened
   * @param {(link: Link) => void} parts.changed
   * @param {() => number} parts.clock seconds
   * @param {Link} [parts.before] the link to the same synth that this one replaces
   */
  constructor({ peer, iceServers, timing, bounds, signal, idleState, opened, changed, clock, before }) {
    this.peer = peer;
    this.iceServers = iceServers;
    this.timing = timing;
    this.bounds = bounds;
    this.signal = signal;
    this.idleState = idleState;
    this.opened = opened;
    this.changed = changed;
    this.clock = clock;
    if (before) this.#said = { ...before.#said, told: false };
    this.#life = new Life(timing, clock());
    this.#pings = new PingPong(timing, bounds);
    this.#echo = new Echo(timing);
    this.connection = new Connection({
      iceServers,
      bounds,
      events: {
        candidate: (data) => this.signal({ type: "ice-candidate", target: this.peer, data }),
        reached: () => this.#life.reached(this.clock()),
        opened: () => this.#open(),
        message: (text) => this.#receive(text),
        ended: (reason) => this.close(reason),
      },
    });
  }

  /** Take the offer in and answer it. @param {RTCSessionDescriptionInit} offer */
  async accept(offer) {
    try {
      const answer = await this.connection.answer(offer);
      if (answer) this.signal({ type: "answer", target: this.peer, data: answer });
    } catch (error) {
      this.close(`offer not usable: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** @param {RTCIceCandidateInit | null} candidate */
  addCandidate(candidate) {
    this.connection.addCandidate(candidate);
  }

  /** Send the touch state. @param {string} text @returns {boolean} whether it left */
  touch(text) {
    return this.state === "open" && this.#send("params", text);
  }

  /** All fingers were lifted: say so several times. */
  oweRelease() {
    this.owed = this.timing.release_repeats;
  }

  /** @param {number} now seconds */
  ping(now) {
    if (this.state !== "open") return;
    const timestamp = this.#pings.ping(now);
    const stamps = { timestamp, t: Math.round(now * 1e6) / 1e3, ...this.#echo.fields(timestamp, now) };
    const rtt = this.rttS === null ? {} : { rtt_ms: Math.round(Math.min(6e4, 1e3 * this.rttS) * 10) / 10 };
    this.#send("params", JSON.stringify({ type: "ping", ...stamps, ...rtt, ...this.idleState() }));
    this.#askSoon();
  }

  /** Ask again for settings that the synth does not show yet. */
  remind() {
    this.#askFor();
  }

  /** @param {number} now seconds */
  tick(now) {
    if (this.#life.tick(now)) {
      this.close(this.state === "open" ? `no answer for ${Math.floor(this.silentS)} s` : "could not connect");
    }
  }

  /**
   * @param {number} value 0…1 @param {{remember?: boolean}} [how] whether it outlives a restart of the synth
   */
  setVolume(value, { remember = true } = {}) {
    this.#request("volume", unit(value), remember);
  }

  /** @param {boolean} on */
  setPower(on) {
    this.#request("poweredOn", on);
  }

  /** Sing with another preset; one that the synth does not tell of is not asked for. @param {string} name */
  setPreset(name) {
    if (this.synth.presets.includes(name)) this.#request("preset", name);
  }

  /** @param {string} reason in words */
  close(reason) {
    if (this.state === "lost") return;
    const noPath = this.state === "connecting" && NO_PATH.includes(reason);
    this.ending = (noPath && noPathWords(this.peer, this.iceServers)) || reason;
    if (this.silent) this.unheardS = this.silentS;
    this.#life.lost();
    this.#settings = new Settings();
    clearTimeout(this.#askTimer);
    this.connection.close();
    this.changed(this);
  }

  /** @returns {"connecting" | "open" | "lost"} */
  get state() {
    return this.#life.state;
  }

  /** What is shown of the synth: what was just chosen, and otherwise what it says. */
  get synth() {
    return this.#settings.over(this.#said);
  }

  /** Whether the synth has answered on this link. */
  get told() {
    return this.#said.told;
  }

  get name() {
    return this.#said.name || this.peer.replace(/^synth-/, "");
  }

  get rttS() {
    return this.#pings.rttS;
  }

  /** Touches wait on the way: this link gets fewer repeats and moves. */
  get queued() {
    return this.#queue.grows;
  }

  get stale() {
    return this.#life.stale;
  }

  /** The synth does not answer: it seems dead, but its path may come back. */
  get silent() {
    return this.#life.silent;
  }

  get silentS() {
    return this.#life.silentS;
  }

  get loss() {
    return this.#pings.loss(this.clock());
  }

  get hasCommands() {
    return this.connection.has("commands");
  }

  #open() {
    if (this.state !== "connecting") return;
    this.#life.opened(this.clock());
    this.opened(this);
  }

  /** @param {"params" | "commands"} label @param {string} text */
  #send(label, text) {
    const sent = this.connection.send(label, text);
    if (sent === "full") this.dropped += 1;
    return sent === "sent";
  }

  /** @param {unknown} text */
  #receive(text) {
    let message = null;
    try {
      if (typeof text === "string" && text.length <= this.bounds.channel_bytes) message = JSON.parse(text);
    } catch {
      // counted below
    }
    if (message === null || typeof message !== "object") {
      this.bad += 1;
      return;
    }
    if (message.type !== "pong") return;
    const now = this.clock();
    if (this.#pings.pong(message.timestamp, now)) this.#ponged(message, now);
    this.#said = stateOf(this.#said, message.state);
    this.#settings.settle(this.#said);
    this.changed(this);
  }

  /** @param {any} pong an answer to a ping of ours @param {number} now seconds */
  #ponged(pong, now) {
    this.#life.answered(now);
    const rttS = this.#pings.lastS ?? 0;
    this.#queue.measured(rttS);
    const next = this.#echo.ponged(pong, now, rttS);
    if (next === "now") this.ping(now);
    else if (next === "enough") clearTimeout(this.#askTimer);
  }

  /** Without an answer the next ping comes early, so that three lost pings in a row do not count as a dead synth. */
  #askSoon() {
    clearTimeout(this.#askTimer);
    if (this.silent) return; // the ping of every second is enough
    const waitS = Math.max(this.timing.ask_s, 2 * (this.rttS ?? 0));
    this.#askTimer = setTimeout(() => this.ping(this.clock()), 1000 * waitS);
  }

  /**
   * @param {"volume" | "poweredOn" | "preset"} field @param {number | boolean | string} value
   * @param {boolean} [remember]
   */
  #request(field, value, remember = true) {
    this.#settings.request(field, value, remember);
    this.#askFor(field);
    this.changed(this);
  }

  /** @param {string} [only] */
  #askFor(only) {
    if (this.state !== "open") return;
    this.#settings.ask(this.hasCommands, (label, message) => this.#send(label, JSON.stringify(message)), only);
  }
}
