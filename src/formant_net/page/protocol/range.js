/** What lies where on a synth's surface: pitch at x = 0, width in octaves, vowels from bottom to top. */

/** @typedef {{lowHz: number, octaves: number, vowels: string[]}} Range vowels lie at equal steps of y */

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
  return pitched && named ? { lowHz, octaves, vowels } : null;
}

/** @param {Range} a @param {Range} b */
export const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** @param {unknown} text */
const isName = (text) => typeof text === "string" && text.length >= 1 && text.length <= 8;
