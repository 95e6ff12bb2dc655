/**
 * Where a synth stands with one controller that it calls: waiting, offering, connecting, open.
 *
 * client/peer.py is the same for boxes; link_synth of tests/vectors holds both.
 */

/**
 * @typedef {"waiting" | "offering" | "connecting" | "open" | "gone"} State
 * @typedef {"start" | "relisted" | "answer" | "opened" | "lost" | "forget"} Event
 * @typedef {"close" | "make" | "accept"} Action
 */

/** For each state and event the next state, and what is to be done. @type {Record<State, Partial<Record<Event, [State, ...Action[]]>>>} */
const TABLE = {
  waiting: { start: ["offering", "make"], relisted: ["offering", "make"], forget: ["gone"] },
  offering: {
    answer: ["connecting", "accept"],
    relisted: ["offering", "close", "make"],
    lost: ["waiting", "close"],
    forget: ["gone", "close"],
  },
  connecting: { opened: ["open"], relisted: ["offering", "close", "make"], lost: ["waiting", "close"] },
  // The peers talk to each other directly now. News from the registry does not close the link.
  open: { relisted: ["open"], lost: ["waiting", "close"] },
  gone: {},
};

export class Peer {
  /** @type {State} */
  state = "waiting";
  /** Number of the present link. */
  link = 0;
  retryAt = 0;
  madeAt = 0;
  /** When the controller last said something on the link. */
  heardAt = 0;
  /** The controller has shown that it pings: from then on its silence means death. */
  keepsTime = false;
  /** It was silent for `dead_s`. The link is closed only when another one can be made. */
  suspected = false;
  /** When a link that had worked was last lost, seconds. @type {number | null} */
  workedAt = null;
  /** Seconds after which an offer that has no answer is given up. */
  answerS;
  #openedAt = 0;
  /** When both descriptions were there, seconds. */
  #askedAt = 0;
  /** When a path was found, seconds. @type {number | null} */
  #reachedAt = null;

  /**
   * @param {string} name
   * @param {import("../protocol/numbers.js").Numbers} timing
   * @param {import("../timers/backoff.js").Backoff} backoff
   * @param {() => number} nextLink numbers that are not used again
   */
  constructor(name, timing, backoff, nextLink) {
    this.name = name;
    this.timing = timing;
    this.backoff = backoff;
    this.nextLink = nextLink;
    this.answerS = timing.link_setup_s;
  }

  /**
   * One step.
   * @param {Event} event @param {number} now seconds
   * @returns {[Action, number][]} what is to be done, each with the number of its link; nothing for an unexpected event
   */
  handle(event, now) {
    const step = TABLE[this.state][event];
    if (!step) return [];
    const before = this.state;
    const [after, ...actions] = step;
    this.state = after;
    /** @type {[Action, number][]} */
    const done = [];
    for (const action of actions) {
      if (action === "make") {
        this.link = this.nextLink();
        this.madeAt = now;
        this.#reachedAt = null;
        this.keepsTime = this.suspected = false;
      }
      done.push([action, this.link]);
    }
    if (after === "connecting") this.#askedAt = now;
    if (after === "open" && before !== "open") {
      this.#openedAt = this.heardAt = now;
      this.backoff.healthy(now);
    }
    if (after === "waiting" && event === "lost") this.retryAt = now + this.#delayS(before, now);
    return done;
  }

  /** The controller said something on the link. @param {number} now seconds */
  heard(now) {
    this.heardAt = now;
    this.suspected = false;
  }

  /** A path is found. The handshakes that remain may take longer on a bad path. @param {number} now seconds */
  reached(now) {
    if (this.state === "connecting") this.#reachedAt ??= now;
  }

  get isReached() {
    return this.#reachedAt !== null;
  }

  /** When the present state ends by itself, seconds, or null: retry, set-up, or silence. @returns {number | null} */
  deadline() {
    const { reach_s, link_setup_s, dead_s, abandon_s } = this.timing;
    if (this.state === "waiting") return this.retryAt;
    if (this.state === "offering") return this.madeAt + this.answerS;
    if (this.state === "connecting") return this.#reachedAt === null ? this.#askedAt + reach_s : this.#reachedAt + link_setup_s;
    if (this.state !== "open") return null;
    if (this.suspected) return this.heardAt + abandon_s;
    return this.keepsTime ? this.heardAt + dead_s : null;
  }

  /** Whether nothing has been heard for `dead_s`. @param {number} now seconds */
  silent(now) {
    return now - this.heardAt >= this.timing.dead_s;
  }

  /**
   * Seconds before the next try: none after a link that worked, a short time for a while after that, else the back-off.
   * A link that closed at once counts as one that never opened.
   * @param {State} before @param {number} now seconds
   */
  #delayS(before, now) {
    const delayS = this.backoff.failed(now);
    if (before === "open" && now - this.#openedAt >= this.timing.dead_s) {
      this.workedAt = now;
      return 0;
    }
    const { eager_s, eager_step_s } = this.timing;
    return this.workedAt !== null && now - this.workedAt < eager_s ? Math.min(delayS, eager_step_s) : delayS;
  }
}
