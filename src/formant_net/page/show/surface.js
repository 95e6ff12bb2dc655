/** Draws the canvas, the background and one mark for each finger, only when something has changed. */
import { midiOf } from "../play/notes.js";
import { pointOf } from "../play/plane.js";
import { nameOf } from "../play/view.js";
import { PLAIN } from "../protocol/range.js";
import { drawChart, drawGrid } from "./grid.js";
import { placeLabels } from "./labels.js";
import { LABEL_HEIGHT, drawLabel, drawMark, drawSpot, labelOf, voiceOf } from "./marks.js";

const FADE_S = 0.28;

export class Surface {
  #grid = document.createElement("canvas");
  #area = { width: 0, height: 0, left: 0, top: 0, bottom: 0 };
  /** @type {Map<number, import("../play/touches.js").Point>} */
  #shown = new Map();
  /** Marks of lifted fingers. @type {{point: import("../play/touches.js").Point, at: number}[]} */
  #fading = [];
  #asked = false;
  /** What lies where. @type {import("../play/view.js").View} */
  view = { range: PLAIN, lines: null, steps: null, keys: null, own: false, plane: false, narrow: false };
  /** Called when the size has changed. */
  resized = () => {};
  /** Which synths hear the fingers. @type {import("./marks.js").Heard} */
  heard = "all";

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import("../play/touches.js").Touches} touches
   * @param {() => number} clock seconds
   */
  constructor(canvas, touches, clock) {
    this.canvas = canvas;
    this.touches = touches;
    this.clock = clock;
    this.stillness = matchMedia("(prefers-reduced-motion: reduce)");
    new ResizeObserver(() => this.#resize()).observe(canvas);
    // Moving the window to another screen changes the pixel ratio but not the size.
    addEventListener("resize", () => this.#resize());
  }

  /** Something changed: draw in the next frame. */
  invalidate() {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => this.#draw());
  }

  /** The notes and vowels of the surface. */
  get range() {
    return this.view.range;
  }

  /** Pixels. */
  get size() {
    return { width: this.#area.width, height: this.#area.height };
  }

  /** Show this from now on. @param {import("../play/view.js").View} view */
  use(view) {
    this.view = view;
    this.#drawGrid();
    this.invalidate();
  }

  /** Show from now on which synths hear the fingers. @param {import("./marks.js").Heard} heard */
  heardBy(heard) {
    if (heard === this.heard) return;
    this.heard = heard;
    this.canvas.dataset.heard = heard;
    this.invalidate();
  }

  #drawGrid() {
    const ctx = this.#grid.getContext("2d");
    if (!ctx) return;
    if (this.view.plane) drawChart(ctx, this.#area, this.range.plane ?? []);
    else drawGrid(ctx, this.#area, this.range, this.view.lines);
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const ratio = devicePixelRatio || 1;
    const style = getComputedStyle(document.documentElement);
    const inset = (/** @type {string} */ side) => parseFloat(style.getPropertyValue(`--inset-${side}`)) || 0;
    this.#area = { width, height, left: inset("left"), top: 0, bottom: inset("bottom") };
    for (const canvas of [this.canvas, this.#grid]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.getContext("2d")?.scale(ratio, ratio);
    }
    this.resized();
    this.#drawGrid();
    this.#draw(); // at once, because a resized canvas is blank
  }

  #draw() {
    this.#asked = false;
    const ctx = this.canvas.getContext("2d");
    const { width, height } = this.#area;
    if (!ctx || !width || !height) return;
    const now = this.clock();
    this.#follow(now);
    ctx.drawImage(this.#grid, 0, 0, width, height);
    if (this.view.plane) {
      this.#drawSteered(ctx);
      return;
    }
    for (const { point, at } of this.#fading) {
      drawMark(ctx, this.#area, point, 0.999 * (1 - (now - at) / FADE_S) ** 2, this.range, this.heard);
    }
    for (const point of this.#shown.values()) drawMark(ctx, this.#area, point, 1, this.range, this.heard);
    this.#drawLabels(ctx, [...this.#shown.values()].map((point) => ({ x: point.x, y: point.y, point })));
    if (this.#fading.length) this.invalidate();
  }

  /** One ring where the vowel of all notes is, and the name of the newest note. @param {CanvasRenderingContext2D} ctx */
  #drawSteered(ctx) {
    const { steered } = this.touches;
    if (!steered) return;
    const { width, height } = this.#area;
    const { place } = steered;
    const { x, y } = pointOf(place);
    const newest = [...this.#shown.values()].pop();
    const { colour } = voiceOf(steered, this.range, this.heard);
    drawSpot(ctx, x * width, (1 - y) * height, 36, colour, newest ? 1 : 0.4, this.heard);
    if (newest) this.#drawLabels(ctx, [{ x, y, point: { ...newest, place } }]);
  }

  /** @param {CanvasRenderingContext2D} ctx @param {{x: number, y: number, point: import("../play/touches.js").Point}[]} marks */
  #drawLabels(ctx, marks) {
    const { width, height } = this.#area;
    const { lowHz, octaves } = this.range;
    const labels = marks.map(({ point }) => {
      const name = nameOf(point.note ?? midiOf(lowHz) + 12 * octaves * point.x, this.view);
      return labelOf(ctx, point, name, this.range, this.heard);
    });
    const wanted = marks.map(({ x, y }, k) => {
      return { x: x * width, y: (1 - y) * height, width: labels[k].width, height: LABEL_HEIGHT };
    });
    placeLabels(wanted, this.#area).forEach((box, k) => box && drawLabel(ctx, labels[k], box));
  }

  /** Let the marks of fingers that were lifted since the last frame begin to fade. @param {number} now seconds */
  #follow(now) {
    const down = new Map(this.touches.points().map((point) => [point.id, point]));
    if (!this.stillness.matches) {
      for (const [id, point] of this.#shown) if (!down.has(id)) this.#fading.push({ point, at: now });
    }
    this.#shown = down;
    this.#fading = this.#fading.filter(({ at }) => now - at < FADE_S);
  }
}
