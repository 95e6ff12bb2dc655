/**
 * The synth's core: what its server and its controllers say becomes links, notes and settings.
 *
 * synth/core.py is the same for boxes. It opens no socket and reads no clock: `drain` gives what is to be done.
 */
import { LinkKeeper } from "./links.js";
import { pingOf, touchOf } from "./messages.js";
import { Player } from "./player.js";

/**
 * @typedef {import("./links.js").Effect
 *   | {do: "send", name: string, number: number, label: "params" | "commands", text: string}
 *   | {do: "sing", note: import("./touches.js").Note}
 *   | {do: "set", change: import("./remote.js").Change}} Effect
 */

export class Synth {
  /** @type {Record<string, number>} */
  counts = { bad: 0, droppedFast: 0, notAllowed: 0, badSettings: 0, unknown: 0 };
  /** Controllers that have a connection, open or being made. @type {Map<string, Player>} */
  #players = new Map();
  #state;
  /** @type {Effect[]} */
  #out = [];

  /**
   * @param {object} parts
   * @param {() => string} parts.id
   * @param {import("../client/signaling.js").Signaling} parts.signaling
   * @param {import("../protocol/numbers.js").Numbers} parts.timing
   * @param {import("../protocol/numbers.js").Numbers} parts.bounds
   * @param {() => number} parts.random gives numbers in 0…1
   * @param {import("./remote.js").Remote} parts.remote
   * @param {{links: number, fingers: number}} parts.limits
   * @param {() => number} parts.newKey keys for voices that are not used again
   * @param {() => object} [parts.state] further fields of the state that every pong carries
   * @param {(name: string) => boolean} [parts.skips] controllers that are never called
   */
  constructor({ id, signaling, timing, bounds, random, remote, limits, newKey, state = () => ({}), skips }) {
    this.id = id;
    this.signaling = signaling;
    this.timing = timing;
    this.bounds = bounds;
    this.remote = remote;
    this.limits = limits;
    this.newKey = newKey;
    this.#state = state;
    const playing = (/** @type {string} */ name) => (this.#players.get(name)?.touches.size ?? 0) > 0;
    this.keeper = new LinkKeeper({ id, signaling, timing, random, most: limits.links, playing, skips });
  }

  /** Controllers with an open link. */
  get open() {
    return [...this.keeper.links.values()].filter(({ peer }) => peer.state === "open").length;
  }

  /** Fingers that are down, over all controllers. */
  get fingers() {
    return [...this.#players.values()].reduce((sum, { touches }) => sum + touches.size, 0);
  }

  /** Touches of these links that came too late to be played. */
  get droppedLate() {
    return [...this.#players.values()].reduce((sum, { touches }) => sum + touches.droppedLate, 0);
  }

  /** The complete state that every pong carries. */
  state() {
    return { ...this.#state(), ...this.remote.state(), fingers: this.fingers };
  }

  // --- what the server says ------------------------------------------------------------------------------------------

  /** A server has registered the synth. @param {number} now seconds */
  registered(now) {
    this.keeper.registered();
    this.signaling.send({ type: "request-controllers", source: this.id() });
    this.#settle(now);
  }

  /** A message of the server: what signaling passes on, or null. @param {any} message @param {number} now seconds */
  receive(message, now) {
    if (message) this.#receive(message, now);
    this.#settle(now); // also if the server has only answered that it is there
  }

  /** @param {any} message @param {number} now seconds */
  #receive(message, now) {
    const from = message.source ?? message.sender_id;
    const { type, data } = message;
    if (type === "controllers-list") this.keeper.listed(message, now);
    else if (type === "controller-joined") this.keeper.joined(message, now);
    else if (type === "controller-left") this.keeper.left(text(message.controller_id), now);
    else if (type === "answer" && typeof from === "string" && data?.type === "answer" && typeof data.sdp === "string") {
      this.keeper.answered(from, { sdp: data.sdp, settings: message.settings }, now);
    } else if ((type === "ice-candidate" || type === "ice") && typeof from === "string") {
      this.keeper.candidate(from, data ?? null);
    } else if (type === "error" && message.about === "offer" && typeof message.target === "string") {
      this.keeper.refused(message.target, now);
    } else {
      this.counts.unknown += 1;
    }
  }

  // --- what the connections say --------------------------------------------------------------------------------------

  /** The offer of a link is complete. @param {string} name @param {number} number @param {string} sdp */
  described(name, number, sdp) {
    this.keeper.described(name, number, sdp);
  }

  /** @param {string} name @param {number} number @param {any} candidate one that came too late for the offer */
  gathered(name, number, candidate) {
    this.keeper.gathered(name, number, candidate);
  }

  /** @param {string} name @param {number} number @param {number} now seconds */
  reached(name, number, now) {
    this.keeper.reached(name, number, now);
  }

  /** `params` is open. @param {string} name @param {number} number @param {number} now seconds */
  opened(name, number, now) {
    this.keeper.opened(name, number, now);
    this.#settle(now);
  }

  /** @param {string} name @param {number} number @param {number} now seconds */
  lost(name, number, now) {
    this.keeper.lost(name, number, now);
    this.#settle(now);
  }

  /**
   * A message on a data channel.
   * @param {string} name @param {number} number @param {"params" | "commands"} label @param {unknown} text @param {number} now
   */
  channel(name, number, label, text, now) {
    const link = this.keeper.current(name, number);
    const player = this.#players.get(name);
    if (!link || !player) return;
    link.peer.heard(now);
    const message = parsed(text, this.bounds.channel_bytes);
    const points = Array.isArray(message?.points) ? message.points.length : 0;
    const verdict = player.message(now, Math.min(points, this.bounds.fingers));
    if (verdict === "drop") this.counts.droppedFast += 1;
    const read = verdict === "read" ? this.#take(link, player, label, message, now) : true;
    if (!read) this.counts.bad += 1;
    if (verdict !== "flood" && (read || player.bad(now))) return;
    this.keeper.block(link, now);
    this.#settle(now);
  }

  // --- time ----------------------------------------------------------------------------------------------------------

  /** When `onDeadline` has to be called, seconds, or null. */
  nextDeadline() {
    const dues = [...this.#players.values()].map(({ touches }) => touches.nextDeadline());
    const given = [...dues, this.keeper.nextDeadline()].filter((due) => due !== null);
    return given.length > 0 ? Math.min(.../** @type {number[]} */ (given)) : null;
  }

  /** Holds end, silent peers are given up, links are tried again. @param {number} now seconds */
  onDeadline(now) {
    for (const player of this.#players.values()) {
      const due = player.touches.nextDeadline();
      if (due !== null && now >= due) this.#sing(player, player.touches.onDeadline(now));
    }
    this.keeper.onDeadline(now);
    this.#settle(now);
  }

  /** Every voice of every controller ends. @param {number} now seconds */
  releaseAll(now) {
    for (const player of this.#players.values()) this.#endFingers(player, now);
  }

  /** The end: every voice is released, every link closed. @param {number} now seconds */
  stop(now) {
    this.keeper.stop();
    this.#settle(now);
  }

  /** What is to be done, in order. @returns {Effect[]} */
  drain() {
    return this.#out.splice(0);
  }

  // --- inside --------------------------------------------------------------------------------------------------------

  /** @param {number} now seconds */
  #settle(now) {
    this.keeper.settle(now);
    for (const effect of this.keeper.drain()) {
      if (effect.do === "close") {
        const player = this.#players.get(effect.name);
        this.#players.delete(effect.name);
        if (player) this.#endFingers(player, now);
      } else if (effect.do === "make") {
        this.#players.set(effect.name, new Player(this.timing, this.limits.fingers, this.newKey, now));
      }
      this.#out.push(effect);
    }
  }

  /**
   * @param {import("./links.js").Link} link @param {Player} player @param {"params" | "commands"} label
   * @param {any} message @param {number} now @returns {boolean} whether it made sense
   */
  #take(link, player, label, message, now) {
    if (message?.type === "touch") {
      const touch = touchOf(message, this.bounds);
      if (touch && this.remote.poweredOn) this.#sing(player, player.touches.touch(touch, now));
      return touch !== null;
    }
    if (message?.type === "ping") {
      const ping = pingOf(message, this.bounds);
      if (ping) this.#ping(link, player, label, ping, now);
      return ping !== null;
    }
    if (message?.type === "param" || message?.type === "command") {
      this.#set(link, message, now);
      return true;
    }
    if (typeof message?.type !== "string") return false;
    this.counts.unknown += 1;
    return true;
  }

  /**
   * @param {import("./links.js").Link} link @param {Player} player @param {"params" | "commands"} label
   * @param {import("./messages.js").Ping} ping @param {number} now
   */
  #ping(link, player, label, ping, now) {
    this.keeper.pinged(link, ping.rttMs);
    player.touches.clock(ping, now);
    if (this.remote.poweredOn) this.#sing(player, player.touches.ping(ping, now));
    const pong = { type: "pong", timestamp: ping.timestamp, t: Math.round(now * 1e6) / 1e3, state: this.state() };
    this.#out.push({ do: "send", name: link.peer.name, number: link.peer.link, label, text: JSON.stringify(pong) });
  }

  /** @param {import("./links.js").Link} link @param {any} message @param {number} now seconds */
  #set(link, { name, value }, now) {
    if (!link.maySet) {
      this.counts.notAllowed += 1;
      return;
    }
    const { mono } = this.remote;
    const changes = this.remote.take(name, value);
    if (!changes) {
      this.counts.badSettings += 1;
      return;
    }
    if (changes.some(({ set }) => set !== "volume")) {
      // By the setting before the change: the voices that sound began under it.
      for (const player of this.#players.values()) this.#endFingers(player, now, mono);
    }
    for (const change of changes) this.#out.push({ do: "set", change });
  }

  /** @param {Player} player @param {number} now seconds */
  #endFingers(player, now, mono = this.remote.mono) {
    this.#sing(player, player.touches.releaseAll(now), mono, true);
    player.mono.forget();
  }

  /** @param {Player} player @param {import("./touches.js").Note[]} notes */
  #sing(player, notes, mono = this.remote.mono, legato = this.remote.legato) {
    for (const note of mono ? player.mono.take(notes, legato) : notes) this.#out.push({ do: "sing", note });
  }
}

/** @param {unknown} value */
const text = (value) => (typeof value === "string" ? value : "");

/** @param {unknown} text @param {number} most bytes @returns {any} null if it makes no sense */
function parsed(text, most) {
  try {
    return typeof text === "string" && text.length <= most ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}
