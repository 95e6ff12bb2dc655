/**
 * The desk's core: its copy of the fleet document, its requests, and what became of each. As `desk/core.py`.
 *
 * It opens no socket and reads no clock: `drain` gives the messages to send. A fader that moves is shown at once and
 * sent 20 times a second; the server answers requests in the order in which they came.
 */
import { documentOf, newcomer, split } from "../fleet/document.js";

/** Seconds between two messages of one fader: as often as the server tells a box. */
export const FADER_S = 0.05;
/** Seconds in which a server names everything that there is. Until then rows of an earlier connection stay in place. */
const SETTLE_S = 1;
/** Outcomes that are kept, the newest. */
const MOST_OUTCOMES = 100;
/** Seconds after which a level is old: a box says it once a second at least. */
const LEVEL_OLD_S = 2;
/** Seconds after which a request without an answer is lost: a server that gets too much drops some unread. */
const UNANSWERED_S = 10;
const UNANSWERED = { code: "not-here", message: "The server did not answer: look, then do it again" };
const LOST = { code: "not-here", message: "The server went away before it answered: look, then do it again" };

/**
 * @typedef {import("../fleet/document.js").Fields} Fields
 * @typedef {{rev: number} | {code: string, message: string}} Outcome
 * @typedef {{id: string, here: boolean, name: string, steered: boolean, since: number | null, wanted: number,
 *   applied: number, refused: Record<string, string>}} Box how a box is, as the server says
 * @typedef {{at: number, fields: Fields, before: Said | null}} Said `health` of a box, when it said that (seconds of
 *   this page), and the one before
 */

export class Desk {
  /** Of the document; "" as long as it is not open. */
  epoch = "";
  rev = 0;
  /** How each box is, by its id. @type {Map<string, Box>} */
  boxes = new Map();
  /** Paths that are soloed. @type {string[]} */
  solo = [];
  /** Why the document cannot be opened, in the server's words. */
  fault = "";
  /** What each box said last of how it is. @type {Map<string, Said>} */
  health = new Map();
  /** How loud each box is, dB of full scale, and when that was heard, seconds. @type {Map<string, {db: number, at: number}>} */
  #levels = new Map();
  #wantsLevels = false;
  /** Since when this desk has known that a box does not follow, seconds. @type {Map<string, number>} */
  lateSince = new Map();
  /**
   * The last refusal; whoever has shown it sets null.
   * @type {{path: string, code: string, message: string} | null}
   */
  trouble = null;
  /** @type {Map<string, Fields>} */
  #parts = new Map();
  /** Paths, and boxes as `seen` names them, of an earlier connection. The server has not named them again yet. */
  #unconfirmed = new Set();
  /** When the server has named everything, seconds. @type {number | null} */
  #settledAt = null;
  #last = 0;
  /**
   * Requests without an answer, the oldest first; when each was sent, seconds, or null before.
   * @type {{number: number, path: string, type: string, at: number | null}[]}
   */
  #asked = [];
  /** The document was asked for at this time, seconds, or will be (null). @type {{at: number | null} | null} */
  #opening = null;
  /** @type {Map<number, Outcome>} */
  #outcomes = new Map();
  /**
   * Faders and mutes on their way to the server.
   * @type {Map<string, {set: Fields, due: boolean, sentAt: number, number: number}>}
   */
  #wishes = new Map();
  /** @type {object[]} */
  #out = [];

  /** Whether the document is here. */
  get open() {
    return this.epoch !== "";
  }

  /** The document as it will be when what was asked for has been done. */
  get document() {
    const parts = new Map(this.#parts);
    for (const [path, wish] of this.#wishes) parts.set(path, { ...this.#known(path), ...wish.set });
    return documentOf(this.rev, parts);
  }

  /** The server has registered this desk: ask for the document. */
  registered() {
    this.closed();
    this.#opening = { at: null };
    this.#out.push({ type: "desk-open", health: true });
    if (this.#wantsLevels) this.#out.push({ type: "desk-meters", on: true });
  }

  /** Whether the level meters are looked at: boxes say how loud they are only then. @param {boolean} wanted */
  watchLevels(wanted) {
    if (wanted === this.#wantsLevels) return;
    this.#wantsLevels = wanted;
    this.#levels.clear();
    if (this.open || this.#opening) this.#out.push({ type: "desk-meters", on: wanted });
  }

  /**
   * How loud a box is, dB of full scale; null: not known, or what is known is old.
   * @param {string} id @param {number} now seconds @returns {number | null}
   */
  level(id, now) {
    const heard = this.#levels.get(id);
    return heard !== undefined && now - heard.at < LEVEL_OLD_S ? heard.db : null;
  }

  /** The server is away: what is known stays to be seen, nothing can be asked for, and what was asked for is lost. */
  closed() {
    this.epoch = this.fault = "";
    this.#opening = null;
    this.#levels.clear();
    this.#wishes = new Map();
    for (const { number, path } of this.#asked) {
      this.#done(number, LOST);
      this.trouble = { path, ...LOST };
    }
  }

  /** A message of the server. @param {any} message @param {number} now seconds */
  receive(message, now) {
    switch (message.type) {
      case "desk":
        this.epoch = String(message.epoch ?? "");
        this.#opening = null;
        this.health = new Map();
        this.#unconfirmed = new Set([...this.#parts.keys(), ...[...this.boxes.keys()].map(seen)]);
        this.#settledAt = now + SETTLE_S;
        this.rev = Number(message.rev) || 0;
        this.solo = listed(message.solo);
        break;
      case "desk-changed":
        this.#changed(message);
        break;
      case "desk-soloed":
        this.solo = listed(message.solo);
        break;
      case "desk-box":
        this.#box(message, now);
        break;
      case "desk-levels":
        if (isObject(message.peak_db)) this.#hear(Object.entries(message.peak_db), now);
        break;
      case "desk-health":
        this.#health(message, now);
        break;
      case "desk-done":
        this.#done(Number(message.request), { rev: Number(message.rev) });
        break;
      case "error":
        this.#refused(message);
    }
  }

  /**
   * Change fields of a part. Returns the number of the request, by which `outcome` finds what became of it.
   * @param {string} path @param {Fields | null} set null deletes it
   * @param {number | null} base the revision that was seen
   */
  set(path, set, base = null) {
    return this.#ask({ type: "desk-set", path, set, base }, path);
  }

  /**
   * Move a fader, or mute: the last one counts. It is shown at once.
   * @param {string} path @param {Fields} set db, mute or off @param {number} now seconds
   */
  wish(path, set, now) {
    const before = this.#wishes.get(path);
    const wish = before ?? { set: {}, due: false, sentAt: -Infinity, number: 0 };
    wish.set = { ...wish.set, ...set };
    wish.due = true;
    this.#wishes.set(path, wish);
    this.onDeadline(now);
  }

  /** Solo a zone or a box, or end its solo. @param {string} path @param {boolean} on */
  setSolo(path, on) {
    return this.#ask({ type: "desk-solo", path, on }, path);
  }

  /** Set what a scene names. @param {string} id of the scene */
  recall(id) {
    return this.#ask({ type: "desk-recall", scene: id }, `scenes/${id}`);
  }

  /** Take back the last scene that was recalled. */
  undo() {
    return this.#ask({ type: "desk-undo" }, "scenes");
  }

  /** A box is to sing its tune, so that people find it, or to stop. @param {string} id @param {boolean} on */
  identify(id, on) {
    return this.#ask({ type: "desk-identify", id, on }, `boxes/${id}`);
  }

  /** The revision since which a request counts, or why it was refused; null: not known yet. @param {number} number */
  outcome(number) {
    return this.#outcomes.get(number) ?? null;
  }

  /** Since when the oldest request waits for its answer, seconds; null: none waits. @returns {number | null} */
  get waitsSince() {
    return (this.#opening ?? this.#asked[0])?.at ?? null;
  }

  /** Ids of boxes: those that follow, those that do not yet, those that are away. An older box is in none of them. */
  following() {
    /** @type {{done: string[], late: string[], away: string[]}} */
    const found = { done: [], late: [], away: [] };
    for (const box of [...this.boxes.values()].sort((a, b) => (a.id < b.id ? -1 : 1))) {
      if (!box.here) found.away.push(box.id);
      else if (box.steered) (box.applied >= box.wanted ? found.done : found.late).push(box.id);
    }
    return found;
  }

  /** When `onDeadline` has something to do, seconds, or null. @returns {number | null} */
  nextDeadline() {
    const waiting = [...this.#wishes.values()].filter((wish) => wish.due).map((wish) => wish.sentAt + FADER_S);
    if (this.#settledAt !== null) waiting.push(this.#settledAt);
    const oldest = this.#asked[0]?.at ?? null;
    if (oldest !== null) waiting.push(oldest + UNANSWERED_S);
    return waiting.length > 0 ? Math.min(...waiting) : null;
  }

  /**
   * Faders that were sent a moment ago are sent again. What the server has not named again is gone.
   * @param {number} now seconds
   */
  onDeadline(now) {
    if (this.#settledAt !== null && now >= this.#settledAt) this.#settle();
    for (const { number, path, at } of this.#asked) {
      if (at === null || now < at + UNANSWERED_S) continue;
      this.#done(number, UNANSWERED);
      this.trouble = { path, ...UNANSWERED };
    }
    for (const [path, wish] of this.#wishes) {
      if (!wish.due || now < wish.sentAt + FADER_S) continue;
      Object.assign(wish, { due: false, sentAt: now });
      wish.number = this.#ask({ type: "desk-set", path, set: wish.set, base: this.rev }, path);
    }
  }

  #settle() {
    this.#settledAt = null;
    for (const path of [...this.#parts.keys()]) if (this.#unconfirmed.has(path)) this.#parts.delete(path);
    for (const id of [...this.boxes.keys()]) if (this.#unconfirmed.has(seen(id))) this.boxes.delete(id);
    this.#unconfirmed.clear();
  }

  /** Messages to send now, in order. @param {number} now seconds @returns {object[]} */
  drain(now) {
    for (const each of [this.#opening, ...this.#asked]) if (each) each.at ??= now;
    return this.#out.splice(0);
  }

  /** @param {{type: string}} message @param {string} path */
  #ask(message, path) {
    this.#last += 1;
    this.#asked.push({ number: this.#last, path, type: message.type, at: null });
    this.#out.push({ ...message, request: this.#last });
    return this.#last;
  }

  /** @param {any} message */
  #changed({ path, set, rev }) {
    if (typeof path !== "string") return;
    this.#unconfirmed.delete(path);
    this.rev = Number(rev) || this.rev;
    if (set !== null && typeof set === "object") {
      this.#parts.set(path, set);
      return;
    }
    this.#parts.delete(path);
    const [kind, id] = split(path);
    if (kind === "boxes" && !this.boxes.get(id)?.here) this.boxes.delete(id); // it is forgotten
  }

  /** @param {any} message @param {number} now */
  #box(message, now) {
    if (typeof message.id !== "string") return;
    /** @type {Box} */
    const box = {
      id: message.id,
      here: message.here === true,
      name: typeof message.name === "string" ? message.name : "",
      steered: message.steered !== false,
      since: Number.isFinite(message.since) ? message.since : null,
      wanted: Number(message.wanted) || 0,
      applied: Number(message.applied) || 0,
      refused: isObject(message.refused) ? message.refused : {},
    };
    this.boxes.set(box.id, box);
    if (!box.here) this.#levels.delete(box.id);
    this.#unconfirmed.delete(seen(box.id));
    if (!box.here || !box.steered || box.applied >= box.wanted) this.lateSince.delete(box.id);
    else if (!this.lateSince.has(box.id)) this.lateSince.set(box.id, now);
  }

  /** @param {[string, any][]} levels @param {number} now */
  #hear(levels, now) {
    for (const [id, db] of levels) if (Number.isFinite(db)) this.#levels.set(id, { db, at: now });
  }

  /** @param {any} message @param {number} now */
  #health({ id, age_s: ageS, health }, now) {
    if (typeof id !== "string" || !isObject(health)) return;
    const last = this.health.get(id);
    const before = last ? { ...last, before: null } : null;
    this.health.set(id, { at: now - (ageS > 0 ? ageS : 0), fields: health, before });
  }

  /** @param {number} number @param {Outcome} outcome */
  #done(number, outcome) {
    this.#asked = this.#asked.filter((each) => each.number !== number);
    this.#outcomes.set(number, outcome);
    for (const old of this.#outcomes.keys()) {
      if (this.#outcomes.size <= MOST_OUTCOMES) break;
      this.#outcomes.delete(old);
    }
    for (const [path, wish] of this.#wishes) if (wish.number === number && !wish.due) this.#wishes.delete(path);
  }

  /** @param {any} message */
  #refused(message) {
    const about = String(message.about ?? "");
    const words = { code: String(message.code ?? ""), message: String(message.message ?? "").slice(0, 300) };
    if (about === "desk-open") {
      this.fault = words.message;
      this.#opening = null;
      return;
    }
    // An older server does not say which request it refuses: it answers them in their order.
    const meant = Number.isInteger(message.request)
      ? this.#asked.find(({ number }) => number === message.request)
      : this.#asked.find(({ type }) => type === about);
    if (!meant) return;
    this.#done(meant.number, words);
    this.trouble = { path: meant.path, ...words };
  }

  /** What the server said of a part, or what it takes for granted. @param {string} path */
  #known(path) {
    const [kind, id] = split(path);
    const there = this.#parts.get(path);
    return there ?? (kind === "boxes" && id ? newcomer(documentOf(this.rev, []), id) : {});
  }
}

/** How a box is named among paths. @param {string} id */
const seen = (id) => `seen ${id}`;

/** @param {unknown} value @returns {string[]} */
const listed = (value) => (Array.isArray(value) ? value.filter((each) => typeof each === "string") : []);

/** @param {unknown} value @returns {boolean} */
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
