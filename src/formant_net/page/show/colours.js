/** The colour of each vowel, and a word that has its sound. */
import { PLAIN, unit } from "../protocol/range.js";
import { vowelPlaces } from "../play/vowels.js";

/** @typedef {import("../protocol/range.js").Range} Range */

/** Words or letters with the sound of a vowel. @type {Record<string, string>} */
const SOUNDS = {
  ...{ a: "ah", e: "eh", i: "ee", o: "oh", u: "oo" },
  ...{ ɑ: "ah", ɛ: "e, bed", æ: "a, cat", ɪ: "i, bit", ʊ: "u, put", ʌ: "u, cut", ɔ: "aw", ɝ: "er" },
};
/** Red, green, blue 0…255 of each vowel. Neighbours on the vowel chart share a colour. */
const COLOURS = /** @type {[string, number[]][]} */ ([
  ["aɑæɐɶ", [255, 118, 92]],
  ["eɛøœəɜɝʌ", [255, 190, 84]],
  ["iɪyʏɨʉ", [84, 214, 164]],
  ["oɔɒɤ", [82, 168, 255]],
  ["uʊɯ", [168, 134, 255]],
]);

/** Red, green, blue 0…255 of a vowel, or those of the k-th if it is not known. @param {string} name @param {number} [k] */
export const colourOf = (name, k = 0) =>
  (COLOURS.find(([alike]) => alike.includes(name[0])) ?? COLOURS[k % COLOURS.length])[1];

/** A word with the sound of a vowel, or "". @param {string} name */
export const soundOf = (name) => SOUNDS[name] ?? "";

/** The bands of vowels, from bottom to top. @param {Range} range */
export function bands(range) {
  return vowelPlaces(range).map(({ y, name }, k) => ({
    y,
    name,
    sound: soundOf(name),
    rgb: colourOf(name, k),
  }));
}

/**
 * The colour at y, mixed from those of its two vowels.
 * @param {number} y @param {Range} range @returns {number[]} red, green, blue 0…255
 */
export function colourAt(y, range = PLAIN) {
  const shown = bands(range);
  const place = unit(y) * (shown.length - 1);
  const low = Math.min(Math.floor(place), shown.length - 2);
  const part = place - low;
  return shown[low].rgb.map((value, k) => Math.round(value + part * (shown[low + 1].rgb[k] - value)));
}
