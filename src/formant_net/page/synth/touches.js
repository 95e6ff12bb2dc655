/**
 * The fingers of one controller, kept from its touch messages: each message is state, and the newest one counts.
 *
 * synth/touches.py is the same for boxes; tests/vectors hold both. `now` is our clock in seconds, `t` in a message is
 * the controller's in ms. A touch that is too old starts and moves no voice, but it still ends voices.
 */
import { Age } from "./age.js";
import { ClockOffset } from "./clock-offset.js";

/** Seconds after a lift in which a touch without `seq` counts as an overtaken message. Nobody taps again that fast. */
const LIFT_GUARD_S = 0.03;

/**
 * @typedef {number | string} FingerId
 * @typedef {import("./messages.js").Point} Point
 * @typedef {import("./messages.js").Touch} Touch
 * @typedef {import("./messages.js").Ping} Ping
 * A note to sing. `key` names its voice and is never used again; `at` is when it is to sound, seconds, if a play-out
 * time is set.
 * @typedef {{do: "on" | "move", key: number, point: Point, at: number | null}
 *   | {do: "off", key: number, at: number | null}} Note
 */

export class Touches {
  /** Touches that were overtaken, repeated or too old. */
  droppedLate = 0;
  /** Fingers beyond the limit on their number or on new notes a second. */
  droppedFull = 0;
  /** @type {Map<FingerId, {key: number, touchedAt: number}>} */
  #fingers = new Map();
  #fullSeq = -1;
  /** The last seq of a finger, the newest last. @type {Map<FingerId, number>} */
  #fingerSeq = new Map();
  /** @type {Map<FingerId, number>} */
  #liftedAt = new Map();
  #age = new Age();
  #offset = new ClockOffset();
  /** When the newest note is to sound. */
  #soundsAt = -Infinity;
  /** @type {number | null} */
  #wakeAt = null;

  /**
   * @param {import("../protocol/numbers.js").Numbers} timing
   * @param {(now: number) => number | null} newKey a key that is not used again; null when notes come too fast
   * @param {number} mostFingers
   */
  constructor(timing, newKey, mostFingers) {
    this.timing = timing;
    this.newKey = newKey;
    this.mostFingers = mostFingers;
    this.mostRemembered = 4 * mostFingers;
  }

  get size() {
    return this.#fingers.size;
  }

  /** Take one touch message: with `points` the state of every finger, without the state of one.
   * @param {Touch} touch @param {number} now @returns {Note[]} */
  touch(touch, now) {
    return [...this.#overdue(now), ...this.#touch(touch, now)];
  }

  /** @param {Touch} touch @param {number} now @returns {Note[]} */
  #touch(touch, now) {
    const ageS = this.#ageS(touch.t, now);
    this.#schedule(touch.t, now);
    if (touch.points !== null) return this.#state(touch.points, touch.seq, ageS, now);
    const { finger: name, point, seq } = touch;
    if (!this.#isNewest(name, seq)) {
      this.droppedLate += 1;
      return [];
    }
    if (!touch.active || point === null) return this.#lift(name, now);
    const overtaken = seq === null && now - (this.#liftedAt.get(name) ?? -1e9) < LIFT_GUARD_S;
    if (overtaken || this.#old(ageS)) {
      this.droppedLate += 1;
      return [];
    }
    return this.#place(point, ageS, now, null);
  }

  /** Take what a ping says of the controller's clock. @param {Ping} ping @param {number} now */
  clock({ t, echo, held }, now) {
    this.#age.ping(t, echo, held, now);
    if (t === null) return;
    const doubtS = this.#age.steps.doubtS;
    this.#offset.stepS = this.#age.steps.spreadS;
    this.#offset.came(t / 1000, now);
    if (echo === null || held === null) return;
    if (held >= 0 && echo + held <= 1000 * (now + doubtS)) this.#offset.echoed(t / 1000, echo / 1000, held / 1000, now);
  }

  /** Take the state of the fingers that a ping carries. @param {Ping} ping @param {number} now @returns {Note[]} */
  ping(ping, now) {
    if (ping.points === null) return [];
    const overdue = this.#overdue(now);
    this.#schedule(ping.t, now);
    return [...overdue, ...this.#state(ping.points, ping.seq, this.#ageS(ping.t, now), now)];
  }

  /**
   * End the holds that are over before a message is read: a thread that stood still finds the messages before its
   * timer. A finger that goes on is then a new note, because the lease of its old voice may have ended.
   * @param {number} now @returns {Note[]}
   */
  #overdue(now) {
    return this.#wakeAt !== null && now >= this.#wakeAt ? this.onDeadline(now) : [];
  }

  /** End every voice: the link is gone, or the power is off. @param {number} now @returns {Note[]} */
  releaseAll(now) {
    this.#soundsAt = Math.max(this.#soundsAt, now);
    return [...this.#fingers.keys()].flatMap((name) => this.#lift(name, now));
  }

  /** When `onDeadline` wants to be called at the latest, seconds, or null. */
  nextDeadline() {
    return this.#wakeAt;
  }

  /** Release the fingers that no message has mentioned for `hold_s`. @param {number} now @returns {Note[]} */
  onDeadline(now) {
    this.#soundsAt = Math.max(this.#soundsAt, now);
    const gone = [...this.#fingers].filter(([, { touchedAt }]) => now >= touchedAt + this.timing.hold_s);
    const notes = gone.flatMap(([name]) => this.#lift(name, now));
    this.#wakeAt = null;
    for (const { touchedAt } of this.#fingers.values()) this.#wakeBy(touchedAt + this.timing.hold_s);
    return notes;
  }

  /** Set when a message is to sound: the same moment on every synth that receives it. @param {number | null} tMs @param {number} now */
  #schedule(tMs, now) {
    if (!this.timing.play_out_s) return;
    let sent = now;
    if (tMs !== null) {
      this.#offset.came(tMs / 1000, now);
      sent = Math.min(now, tMs / 1000 + (this.#offset.ahead(now) ?? 0));
    }
    this.#soundsAt = Math.max(this.#soundsAt, sent + this.timing.play_out_s);
  }

  /** When a note is to begin whose first message was lost. @param {number | null} sinceMs @param {number} now */
  #began(sinceMs, now) {
    const ahead = this.#offset.ahead(now);
    if (sinceMs === null || ahead === null || !this.timing.play_out_s) return null;
    return Math.min(Math.max(sinceMs / 1000 + ahead + this.timing.play_out_s, now), this.#soundsAt);
  }

  get #at() {
    return this.timing.play_out_s ? this.#soundsAt : null;
  }

  /** @param {number | null} tMs @param {number} now */
  #ageS(tMs, now) {
    return tMs === null ? 0 : this.#age.of(tMs, now, this.timing.touch_age_s);
  }

  /** @param {number} ageS */
  #old(ageS) {
    return ageS > this.timing.touch_age_s;
  }

  /** These fingers are down, no others. @param {Point[]} points @param {number | null} seq @param {number} ageS @param {number} now */
  #state(points, seq, ageS, now) {
    if (seq !== null) {
      if (seq <= this.#fullSeq) {
        this.droppedLate += 1;
        return [];
      }
      this.#fullSeq = seq;
    }
    const isNew = (/** @type {FingerId} */ name) => seq === null || seq > (this.#fingerSeq.get(name) ?? -1);
    const named = new Set(points.map(({ id }) => id));
    const gone = [...this.#fingers.keys()].filter((name) => !named.has(name) && isNew(name));
    const notes = gone.flatMap((name) => this.#lift(name, now));
    if (points.length > 0 && this.#old(ageS)) {
      this.droppedLate += 1;
      return notes;
    }
    for (const point of points) if (isNew(point.id)) notes.push(...this.#place(point, ageS, now, this.#began(point.since, now)));
    return notes;
  }

  /** @param {Point} point @param {number} ageS @param {number} now @param {number | null} beginsAt @returns {Note[]} */
  #place(point, ageS, now, beginsAt) {
    const sentAt = now - ageS;
    const finger = this.#fingers.get(point.id);
    if (finger) {
      finger.touchedAt = Math.max(finger.touchedAt, sentAt);
      return [{ do: "move", key: finger.key, point, at: this.#at }];
    }
    const key = this.#fingers.size >= this.mostFingers ? null : this.newKey(now);
    if (key === null) {
      this.droppedFull += 1;
      return [];
    }
    this.#fingers.set(point.id, { key, touchedAt: sentAt });
    this.#wakeBy(sentAt + this.timing.hold_s);
    return [{ do: "on", key, point, at: beginsAt ?? this.#at }];
  }

  /** @param {FingerId} name @param {number} now @returns {Note[]} */
  #lift(name, now) {
    const finger = this.#fingers.get(name);
    if (!finger) return [];
    this.#fingers.delete(name);
    this.#liftedAt.set(name, now);
    if (this.#liftedAt.size > this.mostRemembered) this.#liftedAt.delete(/** @type {FingerId} */ (first(this.#liftedAt)));
    return [{ do: "off", key: finger.key, at: this.#at }];
  }

  /** @param {FingerId} name @param {number | null} seq */
  #isNewest(name, seq) {
    if (seq === null) return true;
    if (seq <= Math.max(this.#fullSeq, this.#fingerSeq.get(name) ?? -1)) return false;
    this.#fingerSeq.delete(name);
    this.#fingerSeq.set(name, seq);
    if (this.#fingerSeq.size > this.mostRemembered) {
      // The order of a Map is age. The entry that is removed is long past; no message older than it may count again.
      const forgotten = /** @type {FingerId} */ (first(this.#fingerSeq));
      this.#fullSeq = Math.max(this.#fullSeq, this.#fingerSeq.get(forgotten) ?? -1);
      this.#fingerSeq.delete(forgotten);
    }
    return true;
  }

  /** @param {number} at */
  #wakeBy(at) {
    this.#wakeAt = this.#wakeAt === null ? at : Math.min(this.#wakeAt, at);
  }
}

/** The oldest key. @template K @param {Map<K, unknown>} map */
const first = (map) => map.keys().next().value;
