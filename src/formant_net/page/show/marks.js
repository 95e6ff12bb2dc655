/** Draws the glowing mark under one finger, and its label with the note and the vowel. */
import { xOf } from "../play/notes.js";
import { nearestOn } from "../play/plane.js";
import { vowelAt } from "../play/vowels.js";
import { colourAt, colourOf } from "./colours.js";
import { FONT } from "./grid.js";

/** @typedef {import("../protocol/range.js").Range} Range */
/** Which synths hear a finger, as a mark shows it. @typedef {"all" | "some" | "nobody"} Heard */

export const LABEL_HEIGHT = 44;
const NOTE = `600 19px ${FONT}`;
const SMALL = `400 13px ${FONT}`;
const UNHEARD = "150 156 170";

/**
 * @param {CanvasRenderingContext2D} ctx in CSS pixels
 * @param {{width: number, height: number}} area
 * @param {{x: number, y: number, z?: number, note?: number, place?: [number, number]}} point
 * @param {number} strength 1 while down, falling to 0 after the release
 * @param {Range} range the notes and vowels of the surface
 * @param {Heard} heard
 */
export function drawMark(ctx, { width, height }, point, strength, range, heard) {
  const x = point.x * width;
  const sung = point.note === undefined ? x : xOf(point.note, range) * width;
  const y = (1 - point.y) * height;
  const { colour } = voiceOf(point, range, heard);

  ctx.globalCompositeOperation = "lighter";
  ctx.strokeStyle = `rgb(${colour} / ${0.4 * strength})`;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(sung, 0); // the line stands where the voice is, the ring where the finger is
  ctx.lineTo(sung, height);
  ctx.moveTo(0, y);
  ctx.lineTo(width, y);
  ctx.stroke();
  drawSpot(ctx, x, y, 30 + 16 * (point.z ?? 0.4), colour, strength, heard);
}

/**
 * The ring of a finger with its glow.
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} x @param {number} y @param {number} radius
 * @param {string} colour @param {number} strength @param {Heard} heard
 */
export function drawSpot(ctx, x, y, radius, colour, strength, heard) {
  ctx.globalCompositeOperation = "lighter";
  if (heard !== "nobody") glow(ctx, x, y, radius * 3.4, colour, strength);
  ctx.globalCompositeOperation = "source-over";

  ctx.strokeStyle = `rgb(255 255 255 / ${0.9 * strength})`;
  ctx.lineWidth = 2;
  ctx.setLineDash(heard === "all" ? [] : [8, 7]);
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.stroke();
  ctx.setLineDash([]);
}

/**
 * The vowel of a finger in words, and its colour.
 * @param {{y: number, place?: [number, number]}} point @param {Range} range @param {Heard} heard
 */
export function voiceOf({ y, place }, range, heard) {
  const near = place && range.plane ? nearestOn(place, range.plane).name : null;
  const rgb = near === null ? colourAt(y, range) : colourOf(near);
  return { vowel: near ?? vowelAt(y, range), colour: heard === "nobody" ? UNHEARD : rgb.join(" ") };
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} x @param {number} y @param {number} reach @param {string} colour @param {number} strength
 */
function glow(ctx, x, y, reach, colour, strength) {
  const light = ctx.createRadialGradient(x, y, 0, x, y, reach);
  light.addColorStop(0, `rgb(${colour} / ${0.85 * strength})`);
  light.addColorStop(0.22, `rgb(${colour} / ${0.42 * strength})`);
  light.addColorStop(0.5, `rgb(${colour} / ${0.12 * strength})`);
  light.addColorStop(0.75, `rgb(${colour} / ${0.035 * strength})`);
  light.addColorStop(1, `rgb(${colour} / 0)`);
  ctx.fillStyle = light;
  ctx.fillRect(x - reach, y - reach, 2 * reach, 2 * reach);
}

/**
 * @typedef {{note: string, fine: string, vowel: string, colour: string, noteWidth: number, fineWidth: number,
 *   vowelWidth: number, width: number}} Label
 */

/**
 * The text of a label, and its width.
 * @param {CanvasRenderingContext2D} ctx @param {{y: number, place?: [number, number]}} point @param {{label: string, cents: number}} name of its pitch
 * @param {Range} range @param {Heard} heard
 * @returns {Label}
 */
export function labelOf(ctx, point, { label: note, cents }, range, heard) {
  const tuned = cents === 0 ? "in tune" : `${cents > 0 ? "+" : "−"}${Math.abs(cents)} ct`;
  const fine = heard === "nobody" ? "not heard" : tuned;
  const { vowel, colour } = voiceOf(point, range, heard);
  ctx.font = NOTE;
  const noteWidth = ctx.measureText(note).width;
  const vowelWidth = ctx.measureText(vowel).width;
  ctx.font = SMALL;
  const fineWidth = ctx.measureText(fine).width;
  const width = 16 + noteWidth + 8 + fineWidth + 14 + vowelWidth + 16;
  return { note, fine, vowel, colour, noteWidth, fineWidth, vowelWidth, width };
}

/** @param {CanvasRenderingContext2D} ctx @param {Label} label @param {import("./labels.js").Box} box */
export function drawLabel(ctx, label, { left, top, width, height }) {
  const middle = top + height / 2;
  ctx.fillStyle = "rgb(10 12 18 / 0.86)";
  ctx.strokeStyle = `rgb(${label.colour} / 0.7)`;
  ctx.lineWidth = 1;
  pill(ctx, left, top, width, height);
  ctx.fill();
  ctx.stroke();
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.font = NOTE;
  ctx.fillStyle = "#ffffff";
  ctx.fillText(label.note, left + 16, middle);
  ctx.fillStyle = `rgb(${label.colour})`;
  ctx.fillText(label.vowel, left + width - 16 - label.vowelWidth, middle);
  ctx.font = SMALL;
  ctx.fillStyle = "#a9b2c6";
  ctx.fillText(label.fine, left + 16 + label.noteWidth + 8, middle + 1);
}

/**
 * Draw a rectangle with half circles at its ends. Not every browser's canvas has `roundRect`.
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} left @param {number} top @param {number} width @param {number} height
 */
function pill(ctx, left, top, width, height) {
  const radius = height / 2;
  ctx.beginPath();
  ctx.arc(left + radius, top + radius, radius, Math.PI / 2, 1.5 * Math.PI);
  ctx.arc(left + width - radius, top + radius, radius, 1.5 * Math.PI, Math.PI / 2);
  ctx.closePath();
}
