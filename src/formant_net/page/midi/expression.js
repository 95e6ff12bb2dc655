/** Vowel and effort of a finger, from controllers, velocity and pressure. The rules of midi/expression.py. */

/** Seconds from the first pressure of a note until pressure alone is its effort. */
const FADE_S = 0.03;
const MIDDLE = 64 / 127;

/** @param {number} value */
const unit = (value) => Math.min(Math.max(value, 0), 1);

/**
 * @param {number} base the vowel of CC 1, 0…1 @param {number | null} slide CC 74 of the note's channel
 * @param {number | null} master CC 74 of its master, which moves all @param {import("./devices.js").Slide} how
 */
export function vowel(base, slide, master, how) {
  let y = base;
  if (slide !== null) y = how === "absolute" ? slide : base + slide - (how === "relative" ? MIDDLE : 0);
  return unit(master === null ? y : y + master - MIDDLE);
}

/**
 * Velocity until the first pressure, then over to it.
 * @param {number} struck @param {number} pressure @param {number | null} pressedS seconds since the first
 * @param {number} factor
 */
export function effort(struck, pressure, pressedS, factor) {
  const share = pressedS === null ? 0 : unit(pressedS / FADE_S);
  return unit(((1 - share) * struck + share * Math.min(pressure, 1)) * factor);
}
