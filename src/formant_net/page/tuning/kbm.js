/** Scala keyboard mappings (`.kbm`): which key plays which degree of a scale. The same rules as in tuning/kbm.py. */
import { MOST_STEPS, TuningError, degree, linesOf, numberOf } from "./scl.js";

/**
 * @typedef {object} Mapping
 * @property {(number | null)[]} degrees of the keys from `middle` on; null: silent. Empty: each key is the next degree
 * @property {number} first keys first…last are tuned; the others keep equal temperament
 * @property {number} last
 * @property {number} middle the key that plays degrees[0]
 * @property {number} reference the key with the pitch `pitch`
 * @property {number} pitch MIDI number
 * @property {number} octave the degree at which the map begins anew; 0: the scale's period
 */
/** The pitch of each key 0…127 as a MIDI number; null: silent. @typedef {(number | null)[]} Keys */

const KEYS = 128;
const FIELDS = [
  ...["the size of the map", "the first key", "the last key", "the middle key", "the reference key"],
  ...["the reference frequency", "the degree of the formal octave"],
];

/**
 * The key nearest to `root` is degree 0 with just that pitch, and each key is the next degree.
 * @param {number} root MIDI number @returns {Mapping}
 */
export function rooted(root) {
  const key = Math.min(Math.max(Math.round(root), 0), KEYS - 1);
  return { degrees: [], first: 0, last: KEYS - 1, middle: key, reference: key, pitch: root, octave: 0 };
}

/** @param {string} text @returns {Mapping} */
export function parseKbm(text) {
  const lines = linesOf(text).filter((line) => line.trim() !== "" && !line.trimStart().startsWith("!"));
  const words = lines.map((line) => line.trim().split(/\s+/)[0]);
  if (words.length < FIELDS.length) {
    throw new TuningError(`${FIELDS[words.length]} is missing: a keyboard mapping begins with ${FIELDS.length} numbers`);
  }
  const size = whole(words, 0, 0, MOST_STEPS);
  const [first, last] = [whole(words, 1, 0, KEYS - 1), whole(words, 2, 0, KEYS - 1)];
  const [middle, reference] = [whole(words, 3, -MOST_STEPS, MOST_STEPS), whole(words, 4, 0, KEYS - 1)];
  const octave = whole(words, 6, 0, MOST_STEPS);
  const hz = numberOf(words[5]);
  if (!(hz >= 1 && hz <= 20_000)) {
    throw new TuningError(`${FIELDS[5]} is “${words[5].slice(0, 20)}”: write Hz within 1 … 20000`);
  }
  const entries = words.slice(FIELDS.length, FIELDS.length + size).map(entry);
  const degrees = [...entries, ...Array(size - entries.length).fill(null)]; // the last silent ones may be left out
  if (size > 0 && degrees.every((each) => each === null)) {
    throw new TuningError("every key is silent (“x”): map one key at least");
  }
  return { degrees, first, last, middle, reference, pitch: 69 + 12 * Math.log2(hz / 440), octave };
}

/** The pitch of every key. @param {import("./scl.js").Scale} scale @param {Mapping} mapping @returns {Keys} */
export function keysOf(scale, mapping) {
  const reference = centsOf(scale, mapping, mapping.reference);
  if (reference === null) {
    throw new TuningError(`the reference key ${mapping.reference} is silent in the map: give the frequency of another`);
  }
  return Array.from({ length: KEYS }, (_, key) => {
    if (key < mapping.first || key > mapping.last) return key;
    const cents = centsOf(scale, mapping, key);
    return cents === null ? null : mapping.pitch + (cents - reference) / 100;
  });
}

/**
 * Cents of a key above degree 0 of the middle key.
 * @param {import("./scl.js").Scale} scale @param {Mapping} mapping @param {number} key
 */
function centsOf(scale, { degrees, middle, octave }, key) {
  if (degrees.length === 0) return degree(scale, key - middle);
  const rounds = Math.floor((key - middle) / degrees.length);
  const own = degrees[key - middle - rounds * degrees.length];
  return own === null ? null : rounds * degree(scale, octave || scale.cents.length) + degree(scale, own);
}

/** @param {string[]} words @param {number} field @param {number} low @param {number} high */
function whole(words, field, low, high) {
  const number = /^[-+]?\d{1,6}$/.test(words[field]) ? Number(words[field]) : NaN;
  if (number >= low && number <= high) return number;
  throw new TuningError(`${FIELDS[field]} is “${words[field].slice(0, 20)}”: write a whole number within ${low} … ${high}`);
}

/** @param {string} word */
function entry(word) {
  if (word === "x" || word === "X") return null;
  if (/^[-+]?\d{1,6}$/.test(word)) return Number(word);
  throw new TuningError(`“${word.slice(0, 20)}” in the map is no degree: write a whole number, or x for a silent key`);
}
