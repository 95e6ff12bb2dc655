/**
 * One connection to one synth: answers its offer, sends touches, pings, shows what it says of itself.
 *
 * The synth offers and makes the channels (`params`, usually `commands` too); a link that ends is never revived:
 * the synth offers anew and a new Link takes its place.
 */
import { PingPong } from "./pingpong.js";
import { rangeOf, unit } from "./mapping.js";

/** Give the answer this long to collect candidates, for peers that want it complete; later ones are trickled. */
const GATHER_MS = 250;
const SETUP_S = 10;
/** A touch says what is so now: with this much unsent, the next one will be truer than one more in the queue. */
const FULL_BYTES = 2048;
const MAX_MESSAGE = 8192;
/** The state of "no fingers" is sent so many times, one a tick. */
const RELEASES = 5;
/**
 * Without an answer the next ping comes so soon (or after two round trips, if those are longer): at 30 % loss half of
 * all pings fail, and three in a row must not look like death.
 */
const ASK_S = 0.1;
/** A wish is repeated, a second apart, until the synth's state shows it. */
const WISH_TRIES = 5;

export const SILENT = "no answer for 30 s";

/** @typedef {"connecting" | "open" | "lost"} LinkState */
/** @typedef {{wire: object, value: number | boolean | string, reliable: boolean, tries: number}} Wish */

export class Link {
  /** @type {LinkState} */
  state = "connecting";
  /** Why it ended, in words. */
  ending = "";
  /** What the synth said of itself in its last pong, checked. */
  synth = {
    name: "",
    volume: /** @type {number | null} */ (null),
    poweredOn: true,
    audioEnabled: true,
    preset: /** @type {string | null} */ (null),
    presets: /** @type {string[]} */ ([]),
    /** What it sings where, if it told. */
    range: /** @type {import("./mapping.js").Range | null} */ (null),
  };
  told = false;
  /** How often "no fingers" has still to be sent here. */
  owed = 0;
  /** Messages that were not sent because older ones still waited. */
  dropped = 0;
  /** Messages that could not be understood. */
  bad = 0;
  #pings;
  #startedAt;
  #answered = false;
  /** Candidates that came before the offer was taken in. @type {(RTCIceCandidateInit | null)[]} */
  #early = [];
  #ready = false;
  /** @type {RTCDataChannel | null} */
  #params = null;
  /** @type {RTCDataChannel | null} */
  #commands = null;
  /** @type {Map<string, Wish>} */
  #wishes = new Map();
  /** The stamp of the synth's last pong, and when it came. @type {{stamp: number, at: number} | null} */
  #echo = null;
  /** The first ping that carried one. @type {number | null} */
  #echoesFrom = null;
  /** @type {number | undefined} */
  #askTimer;

  /**
   * @param {object} parts
   * @param {string} parts.peer id of the synth
   * @param {RTCIceServer[]} parts.iceServers
   * @param {(message: object) => void} parts.signal
   * @param {() => object} parts.idleState what rides on a ping
   * @param {(link: Link) => void} parts.opened
   * @param {(link: Link) => void} parts.changed
   * @param {() => number} parts.clock seconds
   */
  constructor({ peer, iceServers, signal, idleState, opened, changed, clock }) {
    this.peer = peer;
    this.signal = signal;
    this.idleState = idleState;
    this.opened = opened;
    this.changed = changed;
    this.clock = clock;
    this.#startedAt = clock();
    this.#pings = new PingPong(this.#startedAt);
    this.pc = connection(iceServers);
    this.pc.onicecandidate = ({ candidate }) => this.#gathered(candidate);
    this.pc.ondatachannel = ({ channel }) => this.#channel(channel);
    this.pc.onconnectionstatechange = () => {
      if (["failed", "closed"].includes(this.pc.connectionState)) this.close("connection failed");
    };
  }

  /** Take the offer in and answer it. @param {RTCSessionDescriptionInit} offer */
  async accept(offer) {
    try {
      await this.pc.setRemoteDescription(offer);
      this.#ready = true;
      for (const candidate of this.#early.splice(0)) this.addCandidate(candidate);
      await this.pc.setLocalDescription();
      await this.#gathering();
      if (this.state === "lost" || !this.pc.localDescription) return;
      const { type, sdp } = this.pc.localDescription;
      this.signal({ type: "answer", target: this.peer, data: { type, sdp } });
      this.#answered = true;
    } catch (error) {
      this.close(`offer not usable: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** @param {RTCIceCandidateInit | null} candidate */
  addCandidate(candidate) {
    if (this.state === "lost") return;
    if (!this.#ready) {
      if (this.#early.length < 64) this.#early.push(candidate);
      return;
    }
    // Null ends the list. One that cannot be used (an old link's, an unknown kind) does not end the others.
    this.pc.addIceCandidate(candidate ?? undefined).catch(() => (this.bad += 1));
  }

  /** Send the touch state. @param {string} text @returns {boolean} whether it left */
  touch(text) {
    const channel = this.#params;
    if (this.state !== "open" || !channel) return false;
    if (channel.bufferedAmount > FULL_BYTES) {
      this.dropped += 1;
      return false;
    }
    return post(channel, text);
  }

  /** All fingers were lifted: say so several times. */
  oweRelease() {
    this.owed = RELEASES;
  }

  /** @param {number} now seconds */
  ping(now) {
    const channel = this.#params;
    if (this.state !== "open" || !channel) return;
    if (channel.bufferedAmount <= FULL_BYTES) {
      const timestamp = this.#pings.sent(now);
      const ping = { type: "ping", timestamp, t: ms(now), ...this.#echoed(timestamp, now), ...this.idleState() };
      post(channel, JSON.stringify(ping));
    }
    this.#askSoon();
  }

  /** Ask again for what the synth does not show yet. */
  remind() {
    for (const [name, wish] of this.#wishes) this.#ask(name, wish);
  }

  /** @param {number} now seconds */
  tick(now) {
    if (this.state === "connecting" && now - this.#startedAt >= SETUP_S) this.close("could not connect");
    if (this.state !== "open") return;
    this.#pings.tick(now);
    if (this.#pings.gone) this.close(SILENT);
  }

  /** @param {number} value 0…1 */
  setVolume(value) {
    const volume = unit(value);
    this.synth.volume = volume;
    this.#wish("volume", { type: "param", name: "volume", value: volume }, volume);
  }

  /** @param {boolean} on */
  setPower(on) {
    this.synth.poweredOn = on;
    this.#wish("power", { type: "command", name: "power", value: on }, on);
  }

  /** Sing with another preset; one that the synth does not tell of is not asked for. @param {string} name */
  setPreset(name) {
    if (!this.synth.presets.includes(name)) return;
    this.synth.preset = name;
    this.#wish("preset", { type: "command", name: "preset", value: name }, name);
  }

  /** @param {string} reason in words */
  close(reason) {
    if (this.state === "lost") return;
    this.state = "lost";
    this.ending = reason;
    this.pc.onicecandidate = this.pc.ondatachannel = this.pc.onconnectionstatechange = null;
    for (const channel of [this.#params, this.#commands]) {
      if (channel) channel.onopen = channel.onclose = channel.onmessage = null;
    }
    this.#wishes.clear();
    clearTimeout(this.#askTimer);
    this.pc.close();
    this.changed(this);
  }

  get name() {
    return this.synth.name || this.peer.replace(/^synth-/, "");
  }

  get rttS() {
    return this.#pings.rttS;
  }

  get stale() {
    return this.#pings.stale;
  }

  /** Nobody answers: it seems dead, unless its path comes back. */
  get silent() {
    return this.state === "open" && this.#pings.dead;
  }

  get silentS() {
    return this.#pings.silentS;
  }

  get loss() {
    return this.#pings.loss;
  }

  get hasCommands() {
    return this.#commands?.readyState === "open";
  }

  /** @param {RTCIceCandidate | null} candidate */
  #gathered(candidate) {
    if (!this.#answered) return; // it will be in the answer itself
    const data = candidate?.candidate ? candidate.toJSON() : null;
    this.signal({ type: "ice-candidate", target: this.peer, data });
  }

  /** Resolves when gathering is complete, or has taken long enough. */
  #gathering() {
    return new Promise((resolve) => {
      const done = () => this.pc.iceGatheringState === "complete" && resolve(undefined);
      this.pc.addEventListener("icegatheringstatechange", done);
      setTimeout(resolve, GATHER_MS);
      done();
    });
  }

  /** @param {RTCDataChannel} channel */
  #channel(channel) {
    if (channel.label === "params" && !this.#params) {
      this.#params = channel;
      channel.onclose = () => this.close("connection closed");
      channel.onopen = () => this.#open();
    } else if (channel.label === "commands" && !this.#commands) {
      this.#commands = channel;
    } else {
      return; // of a later version; not an error
    }
    channel.onmessage = ({ data }) => this.#receive(data);
    if (channel === this.#params && channel.readyState === "open") this.#open();
  }

  #open() {
    if (this.state !== "connecting") return;
    this.state = "open";
    this.#pings = new PingPong(this.clock());
    this.opened(this);
  }

  /** @param {unknown} text */
  #receive(text) {
    let message = null;
    try {
      if (typeof text === "string" && text.length <= MAX_MESSAGE) message = JSON.parse(text);
    } catch {
      // counted below
    }
    if (message === null || typeof message !== "object") {
      this.bad += 1;
      return;
    }
    if (message.type !== "pong") return;
    if (this.#pings.received(message.timestamp, this.clock())) this.#ponged(message);
    this.#takeState(message.state);
    this.changed(this);
  }

  /** What the synth needs to know how old touches are: its own stamp, and how long we had it.
   * @param {number} timestamp @param {number} now seconds */
  #echoed(timestamp, now) {
    if (!this.#echo) return {};
    this.#echoesFrom ??= timestamp;
    return { echo: this.#echo.stamp, held: ms(now - this.#echo.at) };
  }

  /** @param {any} pong an answer to a ping of ours */
  #ponged(pong) {
    const now = this.clock();
    const stamps = typeof pong.t === "number"; // otherwise it judges no ages
    if (stamps) this.#echo = { stamp: pong.t, at: now };
    if (stamps && this.#echoesFrom === null) this.ping(now);
    else if (!stamps || pong.timestamp >= (this.#echoesFrom ?? 0)) clearTimeout(this.#askTimer);
  }

  #askSoon() {
    clearTimeout(this.#askTimer);
    if (this.silent) return; // the ping of every second is enough
    const wait = Math.max(ASK_S, 2 * (this.#pings.rttS ?? 0));
    this.#askTimer = setTimeout(() => this.ping(this.clock()), 1000 * wait);
  }

  /** @param {any} state */
  #takeState(state) {
    if (state === null || typeof state !== "object") return;
    this.told = true;
    if (typeof state.name === "string") this.synth.name = state.name.slice(0, 64);
    if (typeof state.audio_enabled === "boolean") this.synth.audioEnabled = state.audio_enabled;
    if (Number.isFinite(state.volume)) this.synth.volume = this.#settle("volume", unit(state.volume));
    if (typeof state.powered_on === "boolean") this.synth.poweredOn = this.#settle("power", state.powered_on);
    if (Array.isArray(state.presets)) this.synth.presets = state.presets.filter(isName).slice(0, MOST_PRESETS);
    if (isName(state.preset) || state.preset === null) this.synth.preset = this.#settle("preset", state.preset);
    this.synth.range = rangeOf(state.surface) ?? this.synth.range;
  }

  /**
   * What to show: the wish while it is on its way, what the synth says afterwards.
   * @template {number | boolean | string | null} T @param {string} name @param {T} said @returns {T}
   */
  #settle(name, said) {
    const wish = this.#wishes.get(name);
    if (!wish) return said;
    if (!same(said, wish.value)) return /** @type {T} */ (wish.value);
    this.#wishes.delete(name);
    return said;
  }

  /** @param {string} name @param {{type: string}} wire @param {number | boolean | string} value */
  #wish(name, wire, value) {
    const wish = { wire, value, reliable: wire.type === "command", tries: WISH_TRIES };
    this.#wishes.set(name, wish);
    this.#ask(name, wish);
    this.changed(this);
  }

  /** Commands travel reliably where the peer has that channel; params always may be lost. @param {string} name @param {Wish} wish */
  #ask(name, wish) {
    const reliable = wish.reliable && this.hasCommands;
    const channel = reliable ? this.#commands : this.#params;
    if (!channel || channel.bufferedAmount > FULL_BYTES) return; // asked again with the next ping
    if (wish.tries-- <= 0) {
      this.#wishes.delete(name);
    } else if (!reliable || wish.tries === WISH_TRIES - 1) {
      post(channel, JSON.stringify(wish.wire)); // once is enough where nothing is lost
    }
  }
}

/** Whether a synth says what was wished; its numbers may be rounded. @param {unknown} said @param {unknown} wished */
const same = (said, wished) =>
  typeof wished === "string" ? said === wished : Math.abs(Number(said) - Number(wished)) <= 0.005;

const MOST_PRESETS = 256;

/** @param {unknown} value @returns {value is string} */
const isName = (value) => typeof value === "string" && value.length > 0 && value.length <= 64;

/** Milliseconds of a moment or a length in seconds, to the microsecond. @param {number} seconds */
const ms = (seconds) => Math.round(seconds * 1e6) / 1e3;

/** The server's list of ICE servers may be unusable; a LAN needs none. @param {RTCIceServer[]} iceServers */
function connection(iceServers) {
  try {
    return new RTCPeerConnection({ iceServers });
  } catch {
    return new RTCPeerConnection({ iceServers: [] });
  }
}

/** A channel may close between our look and our send. @param {RTCDataChannel} channel @param {string} text */
function post(channel, text) {
  try {
    channel.send(text);
    return true;
  } catch {
    return false;
  }
}
