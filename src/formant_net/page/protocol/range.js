/** What lies where on a synth's surface: pitch at x = 0, width in octaves, vowels from bottom to top. */

/**
 * Vowels lie at equal steps of y; `plane`: where they lie on the synth's plane of vowels, if it sings one.
 * @typedef {{lowHz: number, octaves: number, vowels: string[], plane?: OnPlane[]}} Range
 * @typedef {{name: string, front: number, open: number}} OnPlane 0 back … 1 front, 0 close … 1 open
 */

/** The surface of a synth that says nothing of it: A2 to A5, a e i o u. @type {Range} */
export const PLAIN = { lowHz: 110, octaves: 3, vowels: ["a", "e", "i", "o", "u"] };

/** A number held within 0…1; anything that is not a number becomes 0. @param {number} value */
export function unit(value) {
  return value >= 1 ? 1 : value > 0 ? value : 0;
}

/** The `surface` of a synth's state, checked. @param {any} said @returns {Range | null} null if it makes no sense */
export function rangeOf(said) {
  const { low_hz: lowHz, octaves, vowels } = said ?? {};
  const pitched = lowHz >= 10 && lowHz <= 4000 && octaves >= 0.1 && octaves <= 8;
  const named = Array.isArray(vowels) && vowels.length >= 2 && vowels.length <= 32 && vowels.every(isName);
  if (!pitched || !named) return null;
  const plane = planeOf(said.plane);
  return { lowHz, octaves, vowels, ...(plane ? { plane } : {}) };
}

/** @param {any} said [name, 0 back … 1 front, 0 close … 1 open] of each vowel @returns {OnPlane[] | null} */
function planeOf(said) {
  if (!Array.isArray(said) || said.length < 1 || said.length > 32) return null;
  const whole = said.every((each) => Array.isArray(each) && isName(each[0]) && isUnit(each[1]) && isUnit(each[2]));
  return whole ? said.map(([name, front, open]) => ({ name, front, open })) : null;
}

/** @param {Range} a @param {Range} b */
export const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** @param {unknown} value */
const isUnit = (value) => typeof value === "number" && value >= 0 && value <= 1;

/** @param {unknown} text */
const isName = (text) => typeof text === "string" && text.length >= 1 && text.length <= 8;
