/** Vowels along y, from bottom to top at equal steps. */
import { PLAIN, unit } from "../protocol/range.js";

/** @typedef {import("../protocol/range.js").Range} Range */

/** The y of each vowel. @param {Range} range @returns {{y: number, name: string}[]} */
export function vowelPlaces({ vowels } = PLAIN) {
  return vowels.map((name, k) => ({ y: k / (vowels.length - 1), name }));
}

/** The vowel at y in words: one name, or two where the voice is between them. @param {number} y @param {Range} range */
export function vowelAt(y, { vowels } = PLAIN) {
  const place = unit(y) * (vowels.length - 1);
  const near = Math.round(place);
  if (Math.abs(place - near) <= 0.2) return vowels[near];
  return `${vowels[Math.floor(place)]}–${vowels[Math.ceil(place)]}`;
}
