/** A synth on the network: its server, its connections, and the timer of its core. A voice sings its notes. */
import { Connection } from "../client/connection.js";
import { Signaling } from "../client/signaling.js";
import { Sockets } from "../client/sockets.js";
import { Ticker } from "../timers/ticker.js";
import { Synth } from "./core.js";

/** While a finger is down the page's own timers do not count: those of a hidden tab come once a second. */
const BUSY_MS = 50;
const SLOW_MS = 500;

/**
 * @typedef {Pick<Connection, "offer" | "accept" | "addCandidate" | "send" | "close">} Link
 * @typedef {object} Sound
 * @property {(note: import("./touches.js").Note) => void} sing
 * @property {(change: import("./remote.js").Change) => void} set
 */

export class SynthNode {
  /** Messages that were not sent because older ones still waited, or the channel had gone. */
  dropped = 0;
  /** @type {Map<string, {number: number, connection: Link}>} */
  #connections = new Map();
  #registrations = 0;
  /** @type {number | undefined} */
  #timer;
  #sockets;
  #busy;
  #slow;
  #ended = false;

  /**
   * @param {object} parts
   * @param {import("../client/identity.js").Identity} parts.identity
   * @param {string[]} parts.servers addresses of WebSockets, the best first
   * @param {string | null} parts.key
   * @param {import("../protocol/numbers.js").Numbers} parts.timing
   * @param {import("../protocol/numbers.js").Numbers} parts.bounds
   * @param {import("./remote.js").Remote} parts.remote
   * @param {{links: number, fingers: number}} parts.limits
   * @param {() => number} parts.newKey
   * @param {() => object} parts.state
   * @param {Sound} parts.sound
   * @param {() => number} parts.clock seconds
   * @param {() => void} parts.changed
   * @param {(name: string) => boolean} [parts.skips] controllers that are never called
   * @param {(parts: ConstructorParameters<typeof Connection>[0]) => Link} [parts.connect] makes a connection; another
   *   one where this runs in a worker, which may not make its own
   */
  constructor({ identity, servers, key, timing, bounds, remote, limits, newKey, state, sound, clock, changed, skips, connect }) {
    this.connect = connect ?? ((parts) => new Connection(parts));
    this.identity = identity;
    this.bounds = bounds;
    this.clock = clock;
    this.sound = sound;
    this.changed = changed;
    this.signaling = new Signaling({ identity, servers, key, timing, bounds, random: Math.random, role: "synth" });
    const shared = { signaling: this.signaling, timing, bounds, random: Math.random, remote, limits, newKey, state, skips };
    this.core = new Synth({ id: () => identity.id, ...shared });
    this.#sockets = new Sockets({
      signaling: this.signaling,
      clock,
      events: { changed: () => this.#signalingChanged(), received: (message, now) => this.#received(message, now) },
    });
    this.#busy = new Ticker(BUSY_MS, () => this.#onTime());
    this.#slow = new Ticker(SLOW_MS, () => {
      this.#sockets.tick();
      this.#onTime();
    });
  }

  start() {
    this.#slow.run(true);
    this.#does((now) => this.signaling.start(now));
  }

  /** Every voice is released, every link closed, and the server left. */
  stop() {
    this.#does((now) => this.core.stop(now));
    this.#ended = true;
    this.#slow.run(false);
    this.#busy.run(false);
    clearTimeout(this.#timer);
    this.#sockets.does(() => this.signaling.leave());
  }

  /** Begin again: with another network, another key, or after the server has sent us away. */
  restart() {
    this.#does((now) => this.signaling.restart(now));
  }

  /** Somebody looks at the page: try again now if a try waits. */
  hurry() {
    this.#does((now) => this.signaling.hurry(now));
  }

  /** Every voice ends; fingers that are held begin anew with their next touch. */
  releaseAll() {
    this.#does((now) => this.core.releaseAll(now));
  }

  /** One change of the core, and what follows from it. @param {(now: number) => void} change */
  #does(change) {
    if (this.#ended) return;
    this.#sockets.does(change);
    this.#carryOut();
    this.#arm();
  }

  #carryOut() {
    for (const effect of this.core.drain()) {
      if (effect.do === "sing") this.sound.sing(effect.note);
      else if (effect.do === "set") this.sound.set(effect.change);
      else if (effect.do === "make") this.#make(effect.name, effect.number);
      else {
        const known = this.#connections.get(effect.name);
        if (!known || known.number !== effect.number) continue;
        const { connection } = known;
        if (effect.do === "send") this.dropped += connection.send(effect.label, effect.text) === "sent" ? 0 : 1;
        else if (effect.do === "candidate") connection.addCandidate(effect.candidate);
        else if (effect.do === "accept") connection.accept({ type: "answer", sdp: effect.sdp }).catch(this.#lost(effect));
        else {
          this.#connections.delete(effect.name);
          connection.close();
        }
      }
    }
    this.#busy.run(this.core.fingers > 0);
    this.changed();
  }

  /** @param {string} name @param {number} number */
  #make(name, number) {
    const lost = this.#lost({ name, number });
    try {
      const connection = this.connect({
        iceServers: this.signaling.iceServers,
        bounds: this.bounds,
        events: {
          candidate: (data) => this.#does(() => this.core.gathered(name, number, data)),
          reached: () => this.#does((now) => this.core.reached(name, number, now)),
          opened: () => this.#does((now) => this.core.opened(name, number, now)),
          message: (text, label) => this.#does((now) => this.core.channel(name, number, label, text, now)),
          ended: lost,
        },
      });
      this.#connections.set(name, { number, connection });
      const told = (/** @type {RTCSessionDescriptionInit | null} */ offer) => {
        if (offer?.sdp) this.#does(() => this.core.described(name, number, offer.sdp ?? ""));
      };
      connection.offer().then(told).catch(lost);
    } catch {
      queueMicrotask(lost); // no WebRTC, or too many connections
    }
  }

  /** @param {{name: string, number: number}} link */
  #lost({ name, number }) {
    return () => this.#does((now) => this.core.lost(name, number, now));
  }

  /** @param {any} message @param {number} now seconds */
  #received(message, now) {
    this.core.receive(message, now);
    this.#carryOut();
    this.#arm();
  }

  #signalingChanged() {
    if (this.signaling.registrations !== this.#registrations) {
      this.#registrations = this.signaling.registrations;
      this.#does((now) => this.core.registered(now));
    }
    this.changed();
  }

  #onTime() {
    const due = this.core.nextDeadline();
    if (due !== null && this.clock() >= due) this.#does((now) => this.core.onDeadline(now));
    else this.#arm();
  }

  #arm() {
    clearTimeout(this.#timer);
    const due = this.core.nextDeadline();
    if (due !== null && !this.#ended) {
      this.#timer = setTimeout(() => this.#onTime(), Math.max(5, 1000 * (due - this.clock())));
    }
  }
}
