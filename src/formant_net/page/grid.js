/** The still picture under the fingers: coloured bands of vowels, a line and a name for each note. */
import { bands, semitones } from "./mapping.js";

/** @typedef {import("./mapping.js").Range} Range */

export const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const FOOT = 26;

/**
 * @param {CanvasRenderingContext2D} ctx in CSS pixels
 * @param {{width: number, height: number, left: number, top: number, bottom: number}} area size and safe insets
 * @param {Range} range what is sung where
 */
export function drawGrid(ctx, area, range) {
  tints(ctx, area, range);
  notes(ctx, area, range);
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
    // Darker between two vowels: each is a band, yet nothing has an edge.
    if (y < 1) tint.addColorStop(y + 0.5 / (shown.length - 1), `rgb(${rgb.join(" ")} / 0.07)`);
  }
  ctx.fillStyle = tint;
  ctx.fillRect(0, 0, width, height);
}

/** @param {CanvasRenderingContext2D} ctx @param {{width: number, height: number, bottom: number}} area @param {Range} range */
function notes(ctx, { width, height, bottom }, range) {
  const step = width / (12 * range.octaves);
  const roomy = step > 20;
  ctx.textAlign = "center";
  ctx.textBaseline = "alphabetic";
  /** Where a label may begin: on a narrow screen the octave's own label comes first and its neighbour gives way. */
  let free = 0;
  const lastA = width - (roomy ? 0 : 26);
  for (const { x, name, octave, natural } of semitones(range)) {
    const at = Math.min(width - 0.5, Math.max(0.5, Math.round(x * width) + 0.5));
    const isA = name === "A";
    const shade = ctx.createLinearGradient(0, 0, 0, height);
    const strength = isA ? 0.5 : natural ? 0.2 : 0.065;
    shade.addColorStop(0, `rgb(255 255 255 / ${strength * 0.35})`);
    shade.addColorStop(0.75, `rgb(255 255 255 / ${strength * 0.7})`);
    shade.addColorStop(1, `rgb(255 255 255 / ${strength})`);
    ctx.strokeStyle = shade;
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.moveTo(at, 0);
    ctx.lineTo(at, height - bottom - (natural ? FOOT : 0));
    ctx.stroke();
    if (!natural) continue;
    ctx.font = isA ? `600 13px ${FONT}` : `500 ${roomy ? 13 : 10.5}px ${FONT}`;
    ctx.fillStyle = isA ? "#ffffff" : "rgb(222 228 242 / 0.72)";
    const label = isA || roomy ? `${name}${octave}` : name;
    const half = ctx.measureText(label).width / 2 + 3;
    const middle = Math.min(width - half, Math.max(half, at));
    if (!isA && (middle - half < free - 3 || middle + half > lastA)) continue;
    ctx.fillText(label, middle, height - bottom - 9);
    free = middle + half;
  }
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {{width: number, height: number, left: number, top: number, bottom: number}} area
 * @param {Range} range
 */
function vowels(ctx, { width, height, left, top, bottom }, range) {
  const size = height < 520 ? 24 : 34;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  for (const { y, name, sound, rgb } of bands(range)) {
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
    const at = Math.min(height - bottom - FOOT - size * 0.75, Math.max(top + 30, line));
    ctx.font = `500 ${size}px ${FONT}`;
    ctx.fillStyle = `rgb(${rgb.join(" ")} / 0.95)`;
    ctx.fillText(name, left + 16, at);
    const offset = ctx.measureText(name).width + 8;
    ctx.font = `400 13px ${FONT}`;
    ctx.fillStyle = `rgb(${rgb.join(" ")} / 0.8)`;
    ctx.fillText(sound, left + 16 + offset, at + size * 0.12);
  }
}
