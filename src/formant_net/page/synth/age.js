/**
 * How old a message is when it arrives, although its sender's clock is not ours: an upper bound. synth/age.py has the
 * reasons. After an outage old touches arrive in order and would be played.
 */
import { Steps } from "./steps.js";

/** Rate at which a bound on another clock is loosened, s/s: well above the drift of two crystals (2e-4). */
const DRIFT = 1e-3;
/** Without echoes: seconds after which touches that keep seeming old mean that the peer's clock was set or slept. */
const CLOCK_PATIENCE_S = 1;
/** Seconds after its first touch by which a peer must have sent a stamped ping. After that it never echoes. */
const PING_PATIENCE_S = 1.5;
/** A message that seems to come from further in the future means that the peer's clock was set. */
const SET_S = 0.005;

export class Age {
  /** Whether the peer stamps its pings and will echo; null until it is known. @type {boolean | null} */
  echoing = null;
  steps = new Steps();
  /** @type {number | null} */
  #aheadS = null;
  #aheadAt = 0;
  /** @type {number | null} */
  #askedAt = null;
  /** @type {number | null} */
  #quickestS = null;
  #quickestAt = 0;
  /** @type {number | null} */
  #oldSince = null;

  /**
   * The peer pinged, with a stamp of its own or without, and perhaps sent back a stamp of ours.
   * @param {number | null} tMs @param {number | null} echoMs @param {number | null} heldMs @param {number} now seconds
   */
  ping(tMs, echoMs, heldMs, now) {
    if (tMs === null) {
      this.echoing = this.echoing || false;
      return;
    }
    this.echoing = true;
    this.steps.saw(tMs, now);
    if (echoMs === null || heldMs === null || heldMs < 0) return;
    const leftS = (echoMs + heldMs) / 1000;
    if (leftS > now + this.steps.doubtS) return; // its clock was set meanwhile, or it makes things up
    const aheadS = leftS - tMs / 1000;
    const knownS = this.#faded(now);
    if (knownS === null || aheadS > knownS) {
      this.#aheadS = aheadS;
      this.#aheadAt = now;
    }
  }

  /**
   * Upper bound of the age of a message that the peer stamped, seconds; infinite while nothing is known.
   * @param {number} tMs @param {number} now seconds @param {number} limitS
   */
  of(tMs, now, limitS) {
    this.steps.saw(tMs, now);
    if (this.steps.still) return 0;
    if (this.echoing === null) {
      this.#askedAt ??= now;
      if (now - this.#askedAt < PING_PATIENCE_S) return Infinity;
      this.echoing = false;
    }
    if (!this.echoing) return this.#relative(tMs, now, limitS);
    const aheadS = this.#faded(now);
    if (aheadS === null) return Infinity;
    const ageS = now - tMs / 1000 - aheadS;
    if (ageS < -SET_S - this.steps.spreadS) {
      this.#aheadS = null;
      return Infinity;
    }
    return Math.max(0, ageS);
  }

  /** @param {number} now */
  #faded(now) {
    return this.#aheadS === null ? null : this.#aheadS - DRIFT * Math.max(0, now - this.#aheadAt);
  }

  /** Without echoes: how much later a touch came than the quickest one did. @param {number} tMs @param {number} now @param {number} limitS */
  #relative(tMs, now, limitS) {
    const offsetS = now - tMs / 1000;
    const quickestS = this.#quickestS === null ? offsetS : this.#quickestS + DRIFT * (now - this.#quickestAt);
    this.#quickestAt = now;
    this.#quickestS = Math.min(offsetS, quickestS);
    const lateS = Math.max(0, offsetS - this.#quickestS - this.steps.stepS);
    if (lateS <= limitS) {
      this.#oldSince = null;
      return lateS;
    }
    this.#oldSince ??= now;
    if (now - this.#oldSince < CLOCK_PATIENCE_S) return lateS;
    this.#quickestS = offsetS;
    this.#oldSince = null;
    return 0;
  }
}
