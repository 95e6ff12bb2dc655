/**
 * Decides when touches are sent: a finger down or up at once, moves once a frame, all held fingers again at each tick.
 *
 * The channel never retransmits. The repetition makes up for lost messages.
 */
import { Pace } from "./pace.js";

export class Sender {
  #seq = 0;
  #sentAt = -Infinity;
  #moved = false;

  /**
   * @param {object} parts
   * @param {import("../protocol/numbers.js").Numbers} parts.timing
   * @param {import("../protocol/numbers.js").Numbers} parts.bounds
   * @param {import("./touches.js").Touches} parts.touches
   * @param {() => import("../controller/link.js").Link[]} parts.links the open links
   * @param {() => number} parts.clock seconds
   * @param {(busy: boolean) => void} parts.repeat switches the ticks on and off
   */
  constructor({ timing, bounds, touches, links, clock, repeat }) {
    this.timing = timing;
    this.pace = new Pace(timing, bounds);
    this.touches = touches;
    this.links = links;
    this.clock = clock;
    this.repeat = repeat;
  }

  get seq() {
    return this.#seq;
  }

  /** A finger came down or was lifted. */
  changed() {
    if (this.touches.size === 0) for (const link of this.links()) link.oweRelease();
    this.#send(true);
  }

  /** A finger moved. */
  moved() {
    if (this.#moved) return;
    this.#moved = true;
    requestAnimationFrame(() => {
      if (this.#moved) this.#send();
    });
  }

  /** Send again, unless that was just done. A clock that has not moved since may be one that moves in steps. */
  tick() {
    const sinceS = this.clock() - this.#sentAt;
    if (sinceS === 0 || sinceS >= this.timing.resend_s / 2) this.#send();
  }

  /** The state "no fingers" for pings to carry; empty while a finger is down. */
  idleState() {
    return this.touches.size === 0 ? { seq: this.#seq++, points: [] } : {};
  }

  /** @param {boolean} [changed] a finger came down or was lifted */
  #send(changed = false) {
    this.#moved = false;
    const now = (this.#sentAt = this.clock());
    const links = this.links();
    const active = this.touches.size > 0;
    const wanted = active ? links : links.filter((link) => link.owed > 0);
    const due = changed ? wanted : this.pace.due(wanted, now);
    const seq = due.length > 0 ? this.#seq++ : this.#seq;
    const text = (/** @type {import("../controller/link.js").Link} */ link) =>
      JSON.stringify(this.touches.message(seq, this.#sentAt * 1000, link));
    const common = this.touches.isCommon && due.length > 0 ? text(due[0]) : null;
    for (const link of due) {
      this.pace.sent(link, now);
      if (link.touch(common ?? text(link)) && !active) link.owed -= 1;
    }
    this.repeat(active || links.some((link) => link.owed > 0));
  }
}
