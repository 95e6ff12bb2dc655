/** Fingers, pens and the mouse on the surface, as touches. */

export class Pointers {
  /** Browser's pointer id to our finger id. @type {Map<number, number>} */
  #fingers = new Map();
  /** Kinds of pointers seen to measure pressure; the others report a constant. @type {Set<string>} */
  #pressing = new Set();

  /**
   * @param {HTMLElement} surface
   * @param {import("./touches.js").Touches} touches
   * @param {{changed: () => void, moved: () => void}} events
   */
  constructor(surface, touches, events) {
    this.surface = surface;
    this.touches = touches;
    this.events = events;
    surface.addEventListener("pointerdown", (event) => this.#down(event));
    surface.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of /** @type {const} */ (["pointerup", "pointercancel", "lostpointercapture"])) {
      surface.addEventListener(name, (event) => this.#up(event));
    }
    // Older iOS selects text and scrolls in spite of touch-action.
    for (const name of /** @type {const} */ (["touchstart", "touchmove"])) {
      surface.addEventListener(name, (event) => event.preventDefault(), { passive: false });
    }
  }

  /** The page lost sight of the fingers. */
  forget() {
    this.#fingers.clear();
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.pointerType === "mouse" && event.button !== 0) return;
    event.preventDefault();
    this.surface.focus({ preventScroll: true });
    const { x, y, z } = this.#place(event);
    const again = this.#fingers.get(event.pointerId);
    if (again !== undefined) this.touches.up(again);
    const finger = this.touches.down(x, y, z);
    if (finger === null) return;
    this.#fingers.set(event.pointerId, finger);
    try {
      this.surface.setPointerCapture(event.pointerId);
    } catch {
      // Already lifted; its pointerup is on the way.
    }
    this.events.changed();
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const finger = this.#fingers.get(event.pointerId);
    if (finger === undefined) return;
    const { x, y, z } = this.#place(event);
    if (this.touches.move(finger, x, y, z)) this.events.moved();
  }

  /** @param {PointerEvent} event */
  #up(event) {
    const finger = this.#fingers.get(event.pointerId);
    if (finger === undefined) return;
    this.#fingers.delete(event.pointerId);
    if (this.touches.up(finger)) this.events.changed();
  }

  /** @param {PointerEvent} event */
  #place(event) {
    const { left, top, width, height } = this.surface.getBoundingClientRect();
    return {
      x: (event.clientX - left) / width,
      y: 1 - (event.clientY - top) / height,
      z: this.#pressure(event),
    };
  }

  /** Devices without a sensor say 0, 0.5 or 1 all the time: that is not pressure. @param {PointerEvent} event */
  #pressure({ pointerType, pressure }) {
    if (pointerType === "mouse") return undefined;
    if (pressure > 0 && pressure < 1 && pressure !== 0.5) this.#pressing.add(pointerType);
    return this.#pressing.has(pointerType) ? pressure : undefined;
  }
}
