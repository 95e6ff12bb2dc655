/** Draws the background of the surface: bands of vowels with lines of notes, or the plane of vowels. */
import { semitones, xOf } from "../play/notes.js";
import { pointOf } from "../play/plane.js";
import { bands, colourOf, soundOf } from "./colours.js";

/** @typedef {import("../protocol/range.js").Range} Range */

export const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const FOOT = 26;
/** Pixels of a semitone from which there is room for the names of the black keys. */
const SHARPS = 48;
/** Pixels between the names of two vowels, at least: with many, only some are written. */
const APART = 40;
/** Pixels from a name to the edge. */
const EDGE = 26;
/** Largest width of a vowel's name, in pixels. */
const NAME = 60;

/**
 * @param {CanvasRenderingContext2D} ctx in CSS pixels
 * @param {{width: number, height: number, left: number, top: number, bottom: number}} area size and safe insets
 * @param {Range} range the notes and vowels of the surface
 * @param {import("../play/view.js").Line[] | null} [lines] null: the semitones
 */
export function drawGrid(ctx, area, range, lines = null) {
  tints(ctx, area, range);
  notes(ctx, area, range, lines ?? linesOf(range));
  vowels(ctx, area, range);
}

/** @param {CanvasRenderingContext2D} ctx @param {{width: number, height: number}} area @param {Range} range */
function tints(ctx, { width, height }, range) {
  ctx.fillStyle = "#0a0c12";
  ctx.fillRect(0, 0, width, height);
  const tint = ctx.createLinearGradient(0, height, 0, 0);
  const shown = bands(range);
  for (const { y, rgb } of shown) {
    tint.addColorStop(y, `rgb(${rgb.join(" ")} / 0.19)`);
    // The colour is darker between two vowels, so that each vowel is a band without a hard edge.
    if (y < 1) tint.addColorStop(y + 0.5 / (shown.length - 1), `rgb(${rgb.join(" ")} / 0.07)`);
  }
  ctx.fillStyle = tint;
  ctx.fillRect(0, 0, width, height);
}

/** The semitones of a range; each A is a chief one. @param {Range} range @returns {import("../play/view.js").Line[]} */
const linesOf = (range) =>
  semitones(range).map(({ midi, name, octave, natural }) => {
    return { note: midi, label: `${name}${octave}`, chief: name === "A", faint: !natural };
  });

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {{width: number, height: number, bottom: number}} area @param {Range} range
 * @param {import("../play/view.js").Line[]} lines
 */
function notes(ctx, { width, height, bottom }, range, lines) {
  const step = width / (12 * range.octaves);
  const roomy = width / Math.max(1, lines.length) > 20;
  ctx.textAlign = "center";
  ctx.textBaseline = "alphabetic";
  const shown = lines.map((line) => ({ ...line, x: xOf(line.note, range), named: !line.faint || step > SHARPS }));
  for (const { x, chief, named, faint } of shown) {
    const at = Math.round(Math.min(width - 1, Math.max(0, x * width))) + 0.5;
    const shade = ctx.createLinearGradient(0, 0, 0, height);
    const strength = chief ? 0.5 : faint ? 0.065 : 0.2;
    shade.addColorStop(0, `rgb(255 255 255 / ${strength * 0.35})`);
    shade.addColorStop(0.75, `rgb(255 255 255 / ${strength * 0.7})`);
    shade.addColorStop(1, `rgb(255 255 255 / ${strength})`);
    ctx.strokeStyle = shade;
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.moveTo(at, 0);
    ctx.lineTo(at, height - bottom - (named ? FOOT : 0));
    ctx.stroke();
  }
  // On a narrow screen the labels of octaves come first, and labels that are too near to them are left out.
  const inOrder = shown.filter(({ named }) => named).sort((a, b) => rank(a) - rank(b));
  /** The places of the labels. @type {{left: number, right: number}[]} */
  const taken = [];
  for (const { x, label: whole, chief } of inOrder) {
    ctx.font = chief ? `600 13px ${FONT}` : `500 ${roomy ? 13 : 10.5}px ${FONT}`;
    ctx.fillStyle = chief ? "#ffffff" : "rgb(222 228 242 / 0.72)";
    const label = chief || roomy ? whole : whole.replace(/^([A-G][♯♭]?)-?\d+$/, "$1");
    const half = ctx.measureText(label).width / 2 + 1.5;
    const middle = Math.min(width - half, Math.max(half, x * width));
    const place = { left: middle - half, right: middle + half };
    if (taken.some(({ left, right }) => place.left < right && place.right > left)) continue;
    taken.push(place);
    ctx.fillText(label, middle, height - bottom - 9);
  }
}

/** The order in which notes get their labels: chief ones, then C, then the others. @param {{chief: boolean, label: string}} line */
const rank = ({ chief, label }) => (chief ? 0 : /^C-?\d/.test(label) ? 1 : 2);

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {{width: number, height: number, left: number, top: number, bottom: number}} area
 * @param {Range} range
 */
function vowels(ctx, { width, height, left, top, bottom }, range) {
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  const shown = bands(range);
  const size = sizeOf(ctx, height, bottom, shown);
  /** The position of a name. Names at the ends are moved onto the screen. @param {number} y */
  const place = (y) => Math.min(height - bottom - FOOT - size * 0.75, Math.max(top + 30, (1 - y) * height));
  let below = Infinity;
  for (const { y, name, sound, rgb } of shown) {
    const line = (1 - y) * height;
    if (y > 0 && y < 1) {
      ctx.strokeStyle = `rgb(${rgb.join(" ")} / 0.28)`;
      ctx.setLineDash([2, 7]);
      ctx.beginPath();
      ctx.moveTo(0, Math.round(line) + 0.5);
      ctx.lineTo(width, Math.round(line) + 0.5);
      ctx.stroke();
      ctx.setLineDash([]);
    }
    const at = place(y);
    // If there are too many vowels, the first and the last keep their names, and those of the others that fit.
    if (below - at < size || (y < 1 && at - place(1) < size)) continue;
    below = at;
    ctx.font = `500 ${size}px ${FONT}`;
    ctx.fillStyle = `rgb(${rgb.join(" ")} / 0.95)`;
    ctx.fillText(name, left + 16, at);
    const offset = ctx.measureText(name).width + 8;
    ctx.font = `400 ${Math.min(13, size)}px ${FONT}`;
    ctx.fillStyle = `rgb(${rgb.join(" ")} / 0.8)`;
    ctx.fillText(sound, left + 16 + offset, at + size * 0.12);
  }
}

/**
 * The largest font size at which the names of vowels do not overlap.
 * @param {CanvasRenderingContext2D} ctx @param {number} height @param {number} bottom @param {{name: string}[]} shown
 */
function sizeOf(ctx, height, bottom, shown) {
  const largest = height < 520 ? 24 : 34;
  const apart = (height / (shown.length - 1) - bottom - FOOT) / 1.75;
  ctx.font = `500 ${largest}px ${FONT}`;
  const widest = Math.max(...shown.map(({ name }) => ctx.measureText(name).width));
  return Math.max(12, Math.min(largest, Math.max(16, apart), (largest * NAME) / widest));
}

/**
 * The plane: each vowel at its place, in its colour, and words at the four sides.
 * @param {CanvasRenderingContext2D} ctx in CSS pixels
 * @param {{width: number, height: number, left: number, top: number, bottom: number}} area size and safe insets
 * @param {import("../protocol/range.js").OnPlane[]} plane
 */
export function drawChart(ctx, area, plane) {
  const { width, height, left, bottom } = area;
  ctx.fillStyle = "#0a0c12";
  ctx.fillRect(0, 0, width, height);
  const shown = plane.map(({ name, front, open }, k) => {
    const { x, y } = pointOf([front, open]);
    return { name, rgb: colourOf(name, k).join(" "), x: x * width, y: (1 - y) * height };
  });
  const reach = Math.max(width, height) * 0.3;
  for (const { rgb, x, y } of shown) {
    const light = ctx.createRadialGradient(x, y, 0, x, y, reach);
    light.addColorStop(0, `rgb(${rgb} / 0.16)`);
    light.addColorStop(1, `rgb(${rgb} / 0)`);
    ctx.fillStyle = light;
    ctx.fillRect(0, 0, width, height);
  }
  sides(ctx, area);
  const size = Math.min(width, height) < 520 ? 24 : 34;
  const foot = size < 30 ? 44 : 66; // below it there is room for the sound, and for the word of the side
  /** @type {{x: number, y: number}[]} */
  const taken = [];
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  for (const { name, rgb, x, y } of shown) {
    const at = {
      x: Math.min(width - EDGE, Math.max(left + EDGE, x)),
      y: Math.min(height - bottom - foot, Math.max(EDGE + 4, y)),
    };
    if (taken.some((other) => Math.hypot(other.x - at.x, other.y - at.y) < APART)) continue;
    taken.push(at);
    ctx.font = `500 ${size}px ${FONT}`;
    ctx.fillStyle = `rgb(${rgb} / 0.95)`;
    ctx.fillText(name, at.x, at.y);
    if (size < 30) continue;
    ctx.font = `400 13px ${FONT}`;
    ctx.fillStyle = `rgb(${rgb} / 0.8)`;
    ctx.fillText(soundOf(name), at.x, at.y + size * 0.8);
  }
}

/** @param {CanvasRenderingContext2D} ctx @param {{width: number, height: number, left: number, bottom: number}} area */
function sides(ctx, { width, height, left, bottom }) {
  const middle = (height - bottom) / 2;
  ctx.font = `500 13px ${FONT}`;
  ctx.fillStyle = "rgb(222 228 242 / 0.6)";
  ctx.textBaseline = "middle";
  ctx.textAlign = "center";
  ctx.fillText("close", width / 2, 16);
  ctx.fillText("open", width / 2, height - bottom - 14);
  ctx.textAlign = "left";
  ctx.fillText("front", left + 10, middle);
  ctx.textAlign = "right";
  ctx.fillText("back", width - 10, middle);
}
