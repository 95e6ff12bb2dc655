/** The glowing mark under one finger, with the note and the vowel that it sings. */
import { FONT } from "./grid.js";
import { colourAt, noteAt, vowelAt } from "./mapping.js";

/** @typedef {import("./mapping.js").Range} Range */

/** Above the finger, where the hand does not hide it. */
const LABEL_AWAY = 92;
const LABEL_HEIGHT = 44;
const BAR = 58;

/**
 * @param {CanvasRenderingContext2D} ctx in CSS pixels
 * @param {{width: number, height: number}} area
 * @param {{x: number, y: number, z?: number}} point
 * @param {number} strength 1 while down, falling to 0 after the release
 * @param {Range} range what is sung where
 */
export function drawMark(ctx, { width, height }, point, strength, range) {
  const x = point.x * width;
  const y = (1 - point.y) * height;
  const colour = colourAt(point.y, range).join(" ");
  const radius = 30 + 16 * (point.z ?? 0.4);

  ctx.globalCompositeOperation = "lighter";
  ctx.strokeStyle = `rgb(${colour} / ${0.4 * strength})`;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(x, 0);
  ctx.lineTo(x, height);
  ctx.moveTo(0, y);
  ctx.lineTo(width, y);
  ctx.stroke();

  const reach = radius * 3.4;
  const glow = ctx.createRadialGradient(x, y, 0, x, y, reach);
  glow.addColorStop(0, `rgb(${colour} / ${0.85 * strength})`);
  glow.addColorStop(0.22, `rgb(${colour} / ${0.42 * strength})`);
  glow.addColorStop(0.5, `rgb(${colour} / ${0.12 * strength})`);
  glow.addColorStop(0.75, `rgb(${colour} / ${0.035 * strength})`);
  glow.addColorStop(1, `rgb(${colour} / 0)`);
  ctx.fillStyle = glow;
  ctx.fillRect(x - reach, y - reach, 2 * reach, 2 * reach);
  ctx.globalCompositeOperation = "source-over";

  ctx.strokeStyle = `rgb(255 255 255 / ${0.9 * strength})`;
  ctx.lineWidth = 2;
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.stroke();

  if (strength === 1) label(ctx, width, x, y, colour, point, range);
}

/**
 * @param {CanvasRenderingContext2D} ctx @param {number} width @param {number} x @param {number} y
 * @param {string} colour @param {{x: number, y: number}} point @param {Range} range
 */
function label(ctx, width, x, y, colour, point, range) {
  const { label: note, cents } = noteAt(point.x, range);
  const vowel = vowelAt(point.y, range);
  const fine = cents === 0 ? "in tune" : `${cents > 0 ? "+" : "−"}${Math.abs(cents)} ct`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.font = `600 19px ${FONT}`;
  const noteWidth = ctx.measureText(note).width;
  const vowelWidth = ctx.measureText(vowel).width;
  ctx.font = `400 13px ${FONT}`;
  const fineWidth = ctx.measureText(fine).width;
  const whole = 16 + noteWidth + 8 + fineWidth + 14 + vowelWidth + 16;
  const left = Math.min(width - whole - 6, Math.max(6, x - whole / 2));
  const above = y - LABEL_AWAY - LABEL_HEIGHT / 2 > BAR;
  const middle = above ? y - LABEL_AWAY : y + LABEL_AWAY;

  ctx.fillStyle = "rgb(10 12 18 / 0.86)";
  ctx.strokeStyle = `rgb(${colour} / 0.7)`;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.roundRect(left, middle - LABEL_HEIGHT / 2, whole, LABEL_HEIGHT, LABEL_HEIGHT / 2);
  ctx.fill();
  ctx.stroke();
  ctx.font = `600 19px ${FONT}`;
  ctx.fillStyle = "#ffffff";
  ctx.fillText(note, left + 16, middle);
  ctx.fillStyle = `rgb(${colour})`;
  ctx.fillText(vowel, left + whole - 16 - vowelWidth, middle);
  ctx.font = `400 13px ${FONT}`;
  ctx.fillStyle = "#a9b2c6";
  ctx.fillText(fine, left + 16 + noteWidth + 8, middle + 1);
}
