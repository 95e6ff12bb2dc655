/** All synths: one link each, replaced when the synth offers anew. A lost link is still shown for `remember_s`. */
import { isPhone } from "../protocol/phones.js";
import { Link } from "./link.js";

/** Pi 2 comes before Pi 10. */
const asPeopleCount = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" }).compare;

export class Ensemble {
  /** @type {Map<string, Link>} */
  #links = new Map();
  /** @type {Map<string, number>} */
  #lostAt = new Map();
  #pingedAt = -Infinity;
  /** Offers of synths for which there was no place. */
  beyondLimit = 0;
  /** Synths for which there was no place, and when they offered last. @type {Map<string, number>} */
  #leftOut = new Map();

  /**
   * @param {object} parts
   * @param {import("../protocol/numbers.js").Numbers} parts.timing
   * @param {import("../protocol/numbers.js").Numbers} parts.bounds
   * @param {() => RTCIceServer[]} parts.iceServers
   * @param {(message: object) => void} parts.signal
   * @param {() => object} parts.idleState what rides on a ping
   * @param {() => void} parts.changed
   * @param {() => void} parts.silent a synth that was linked answers no more
   * @param {() => number} parts.clock seconds
   * @param {() => number} [parts.most] synths that this page plays
   */
  constructor({ timing, bounds, iceServers, signal, idleState, changed, silent, clock, most }) {
    this.most = most ?? (() => bounds.synths);
    this.timing = timing;
    this.bounds = bounds;
    this.iceServers = iceServers;
    this.signal = signal;
    this.idleState = idleState;
    this.changed = changed;
    this.silent = silent;
    this.clock = clock;
  }

  /** A synth offers. @param {string} peer @param {RTCSessionDescriptionInit} description */
  offer(peer, description) {
    const old = this.#links.get(peer);
    if (!old && !this.#hasRoom(peer)) return;
    old?.close("replaced by a new connection"); // before the new one exists: two would both sound
    this.#lostAt.delete(peer);
    this.#leftOut.delete(peer);
    const link = new Link({
      peer,
      iceServers: this.iceServers(),
      timing: this.timing,
      bounds: this.bounds,
      before: old,
      signal: this.signal,
      idleState: this.idleState,
      clock: this.clock,
      opened: (opened) => this.#opened(opened),
      changed: (changed) => this.#changed(changed),
    });
    this.#links.set(peer, link);
    this.changed();
    link.accept(description);
  }

  /** @param {string} peer @param {RTCIceCandidateInit | null} candidate */
  candidate(peer, candidate) {
    this.#links.get(peer)?.addCandidate(candidate);
  }

  /** @param {number} now seconds */
  tick(now) {
    for (const link of [...this.#links.values()]) {
      const before = link.silent;
      link.tick(now);
      if (link.silent && !before) this.silent();
    }
    for (const [peer, offeredAt] of this.#leftOut) {
      if (now - offeredAt >= this.timing.remember_s) this.#leftOut.delete(peer);
    }
    for (const [peer, lostAt] of this.#lostAt) {
      if (now - lostAt < this.timing.remember_s) continue;
      this.#lostAt.delete(peer);
      this.#links.delete(peer);
      this.changed();
    }
    // All in one tick: it costs the browser and the radio a third of pings spread over the second.
    if (now - this.#pingedAt >= this.timing.ping_s - 0.1) {
      this.#pingedAt = now;
      for (const link of this.open()) {
        link.ping(now);
        link.remind();
      }
    }
  }

  /** @param {string} reason in words */
  closeAll(reason) {
    for (const link of [...this.#links.values()]) link.close(reason);
  }

  /** Sorted by name, so that no slider changes its place. @returns {Link[]} */
  all() {
    return [...this.#links.values()].sort((a, b) => asPeopleCount(a.name, b.name) || asPeopleCount(a.peer, b.peer));
  }

  /** @returns {Link[]} */
  open() {
    return [...this.#links.values()].filter((link) => link.state === "open");
  }

  /** How many synths offer and have no place here. */
  get leftOut() {
    return this.#leftOut.size;
  }

  get opening() {
    return [...this.#links.values()].filter((link) => link.state === "connecting").length;
  }

  /** A synth that is lost gives its place to one that offers, and a phone to a box. @param {string} peer */
  #hasRoom(peer) {
    if (this.#links.size < this.most()) return true;
    const phone = isPhone(peer) ? undefined : [...this.#links.keys()].reverse().find(isPhone);
    const [place = phone] = this.#lostAt.keys();
    if (place === undefined) {
      this.beyondLimit += 1;
      this.#leftOut.set(peer, this.clock());
      this.changed();
      return false;
    }
    this.#links.get(place)?.close("gave its place to another synth");
    this.#lostAt.delete(place);
    return this.#links.delete(place);
  }

  /** @param {Link} link */
  #opened(link) {
    if (this.#links.get(link.peer) !== link) return;
    link.ping(this.clock()); // its state should be on screen at once
    this.changed();
  }

  /** @param {Link} link */
  #changed(link) {
    if (this.#links.get(link.peer) !== link) return;
    if (link.state === "lost" && !this.#lostAt.has(link.peer)) {
      this.#lostAt.set(link.peer, this.clock() - link.unheardS); // it has been shown as silent since then
    }
    this.changed();
  }
}
