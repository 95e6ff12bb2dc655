/** Turns the pointers on the surface (fingers, pens, the mouse) into touches. */

export class Pointers {
  /** Browser's pointer id to our finger id. @type {Map<number, number>} */
  #fingers = new Map();
  /** Types of pointers that have reported a measured pressure; the others report a constant. @type {Set<string>} */
  #pressing = new Set();

  /**
   * @param {HTMLElement} surface
   * @param {import("./plane.js").Playing} touches
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

  /** Forget all pointers: the page no longer knows whether they are down. */
  forget() {
    this.#fingers.clear();
    this.touches.forget();
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (!plays(event)) return;
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
      // The pointer was lifted already; its pointerup follows.
    }
    this.events.changed();
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const finger = this.#fingers.get(event.pointerId);
    // While one button is down, browsers report the other buttons as moves.
    if (finger === undefined) {
      if (event.button === 0) this.#down(event);
      return;
    }
    if (!plays(event)) {
      this.#up(event);
      return;
    }
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

  /**
   * The pressure, or undefined if it is not measured: devices without a sensor always report 0, 0.5 or 1.
   * @param {PointerEvent} event
   */
  #pressure({ pointerType, pressure }) {
    if (pointerType === "mouse") return undefined;
    if (pressure > 0 && pressure < 1 && pressure !== 0.5) this.#pressing.add(pointerType);
    return this.#pressing.has(pointerType) ? pressure : undefined;
  }
}

/** Whether the first button, the finger or the tip of the pen is down. @param {PointerEvent} event */
const plays = ({ buttons }) => (buttons & 1) !== 0;
