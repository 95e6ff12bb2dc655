/**
 * When touches are sent: a finger down or up at once, moves once a frame, and everything again every 20 ms while held.
 *
 * The repetition is what heals loss on a channel that never retransmits.
 */

/** One sent so shortly ago needs no repetition yet. */
const RECENT_S = 0.01;

export class Sender {
  #seq = 0;
  #sentAt = -Infinity;
  #moved = false;

  /**
   * @param {object} parts
   * @param {import("./touches.js").Touches} parts.touches
   * @param {() => import("./link.js").Link[]} parts.links open ones
   * @param {() => number} parts.clock seconds
   * @param {(busy: boolean) => void} parts.repeat switches the 20 ms tick
   */
  constructor({ touches, links, clock, repeat }) {
    this.touches = touches;
    this.links = links;
    this.clock = clock;
    this.repeat = repeat;
  }

  get seq() {
    return this.#seq;
  }

  /** A finger came or went. */
  changed() {
    if (this.touches.size === 0) for (const link of this.links()) link.oweRelease();
    this.#send();
  }

  /** A finger moved. */
  moved() {
    if (this.#moved) return;
    this.#moved = true;
    requestAnimationFrame(() => {
      if (this.#moved) this.#send();
    });
  }

  /** 20 ms went by. */
  tick() {
    if (this.clock() - this.#sentAt >= RECENT_S) this.#send();
  }

  /** "No fingers" for the pings to carry. */
  idleState() {
    return this.touches.size === 0 ? { seq: this.#seq++, points: [] } : {};
  }

  #send() {
    this.#moved = false;
    this.#sentAt = this.clock();
    const links = this.links();
    const active = this.touches.size > 0;
    const due = active ? links : links.filter((link) => link.owed > 0);
    if (due.length > 0) {
      const text = JSON.stringify(this.touches.message(this.#seq++, this.#sentAt * 1000));
      for (const link of due) if (link.touch(text) && !active) link.owed -= 1;
    }
    this.repeat(active || links.some((link) => link.owed > 0));
  }
}
