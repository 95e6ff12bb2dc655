/** Scales by name: some degrees of a tuning, from a root on. The same rules as in tuning/scales.py. */
import { TuningError, degree, numberOf, periodOf } from "./scl.js";

/** Every degree of the tuning. */
export const ALL = "all";

/** Semitones of equal temperament above the root. @type {Record<string, number[]>} */
export const SCALES = {
  major: [0, 2, 4, 5, 7, 9, 11],
  minor: [0, 2, 3, 5, 7, 8, 10],
  "harmonic-minor": [0, 2, 3, 5, 7, 8, 11],
  "melodic-minor": [0, 2, 3, 5, 7, 9, 11],
  dorian: [0, 2, 3, 5, 7, 9, 10],
  phrygian: [0, 1, 3, 5, 7, 8, 10],
  lydian: [0, 2, 4, 6, 7, 9, 11],
  mixolydian: [0, 2, 4, 5, 7, 9, 10],
  locrian: [0, 1, 3, 5, 6, 8, 10],
  pentatonic: [0, 2, 4, 7, 9],
  "minor-pentatonic": [0, 3, 5, 7, 10],
  blues: [0, 3, 5, 6, 7, 10],
  "whole-tone": [0, 2, 4, 6, 8, 10],
  octatonic: [0, 2, 3, 5, 6, 8, 9, 11],
};
const SEMITONES = /** @type {Record<string, number>} */ ({ C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 });
const SHIFTS = /** @type {Record<string, number>} */ ({ "": 0, "#": 1, "♯": 1, b: -1, "♭": -1 });
/** How far from 1,200 cents a period still counts as an octave. */
const OCTAVE_WITHIN_CENTS = 50;

/** The MIDI number of a root: a note (`D`, `F#`, `Bb3`; no octave means 4) or a number 0…127. @param {string} text */
export function rootOf(text) {
  const name = /^([A-Ga-g])([#♯b♭]?)(-?\d)?$/.exec(text.trim());
  const pitch = name
    ? 12 * (Number(name[3] ?? 4) + 1) + SEMITONES[name[1].toUpperCase()] + SHIFTS[name[2]]
    : numberOf(text.trim());
  if (pitch >= 0 && pitch <= 127) return pitch;
  throw new TuningError(`“${text}” is no root: write a note such as D, F# or Bb3, or a MIDI number within 0 … 127`);
}

/**
 * The degrees of a tuning that a scale uses, in rising order.
 * @param {string} text `all`, a name of SCALES, or degrees such as `0,2,3,7` @param {import("./scl.js").Scale} tuning
 */
export function degreesOf(text, tuning) {
  const count = tuning.cents.length;
  if (text === ALL) return Array.from({ length: count }, (_, k) => k);
  if (Object.hasOwn(SCALES, text)) return nearest(text, tuning);
  if (!/^\d{1,4}(,\d{1,4}){0,1023}$/.test(text)) {
    throw new TuningError(`“${text.slice(0, 40)}” is no scale: use a name of the list, or degrees such as 0,2,4,7`);
  }
  const degrees = [...new Set(text.split(",").map(Number))].sort((a, b) => a - b);
  const highest = degrees[degrees.length - 1];
  if (highest >= count) throw new TuningError(`degree ${highest} of “${text}”: the tuning has the degrees 0 … ${count - 1}`);
  return degrees;
}

/** @param {string} name @param {import("./scl.js").Scale} tuning */
function nearest(name, tuning) {
  const count = tuning.cents.length;
  const period = periodOf(tuning);
  if (Math.abs(period - 1200) > OCTAVE_WITHIN_CENTS || count < 12) {
    throw new TuningError(
      `the scale “${name}” needs a tuning with 12 notes or more to the octave; this one has ${count} to ` +
        `${Math.round(period)} cents. Use “All steps”`,
    );
  }
  if (count === 12) return SCALES[name];
  const all = Array.from({ length: count }, (_, k) => k);
  const off = (/** @type {number} */ k, /** @type {number} */ semitone) => Math.abs(degree(tuning, k) - 100 * semitone);
  const found = SCALES[name].map((semitone) => all.reduce((best, k) => (off(k, semitone) < off(best, semitone) ? k : best)));
  return [...new Set(found)].sort((a, b) => a - b);
}
