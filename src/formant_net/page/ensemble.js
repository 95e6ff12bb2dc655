/** All synths at once: one link each, replaced when the synth offers anew, kept for show a while when it is lost. */
import { Link, SILENT } from "./link.js";

const PING_S = 1;
const MAX_SYNTHS = 64;
/** A lost synth stays in the list this long, so that one sees what is missing. */
const REMEMBER_S = 30;

export class Ensemble {
  /** @type {Map<string, Link>} */
  #links = new Map();
  /** @type {Map<string, number>} */
  #lostAt = new Map();
  #pingedAt = -Infinity;

  /**
   * @param {object} parts
   * @param {() => RTCIceServer[]} parts.iceServers
   * @param {(message: object) => void} parts.signal
   * @param {() => object} parts.idleState what rides on a ping
   * @param {() => void} parts.changed
   * @param {() => void} parts.silent a synth that was linked answers no more
   * @param {() => number} parts.clock seconds
   */
  constructor({ iceServers, signal, idleState, changed, silent, clock }) {
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
    if (!old && this.#links.size >= MAX_SYNTHS) return;
    old?.close("replaced by a new connection"); // before the new one exists: two would both sound
    this.#lostAt.delete(peer);
    const link = new Link({
      peer,
      iceServers: this.iceServers(),
      signal: this.signal,
      idleState: this.idleState,
      clock: this.clock,
      opened: (opened) => this.#opened(opened),
      changed: (changed) => this.#changed(changed),
    });
    if (old) link.synth = { ...old.synth };
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
    for (const [peer, lostAt] of this.#lostAt) {
      if (now - lostAt < REMEMBER_S) continue;
      this.#lostAt.delete(peer);
      this.#links.delete(peer);
      this.changed();
    }
    // All in one tick: it costs the browser and the radio a third of pings spread over the second.
    if (now - this.#pingedAt >= PING_S - 0.1) {
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

  /** Sorted by name, so that nobody's slider jumps. @returns {Link[]} */
  all() {
    return [...this.#links.values()].sort((a, b) => a.name.localeCompare(b.name) || a.peer.localeCompare(b.peer));
  }

  /** @returns {Link[]} */
  open() {
    return [...this.#links.values()].filter((link) => link.state === "open");
  }

  /** Links that play, as far as one knows. */
  get playing() {
    return this.open().filter((link) => !link.silent).length;
  }

  get opening() {
    return [...this.#links.values()].filter((link) => link.state === "connecting").length;
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
    if (link.state === "lost" && link.ending === SILENT) {
      this.#links.delete(link.peer); // it was shown as silent for long enough
    } else if (link.state === "lost" && !this.#lostAt.has(link.peer)) {
      this.#lostAt.set(link.peer, this.clock());
    }
    this.changed();
  }
}
