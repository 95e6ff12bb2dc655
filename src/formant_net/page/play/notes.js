/** Notes and pitch along x. The synth maps x itself; the page uses the same rule to name notes and to place keys. */
import { PLAIN } from "../protocol/range.js";

/** @typedef {import("../protocol/range.js").Range} Range */

const NAMES = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];

/** The MIDI note number of a pitch, with its fraction. @param {number} hz */
export const midiOf = (hz) => 69 + 12 * Math.log2(hz / 440);

/** Fundamental in Hz at x. @param {number} x 0…1 @param {Range} range */
export function f0Hz(x, range = PLAIN) {
  return range.lowHz * 2 ** (range.octaves * x);
}

/** The x of a MIDI note, 0…1 if it is on the surface. @param {number} midi @param {Range} range */
export function xOf(midi, range = PLAIN) {
  return (midi - midiOf(range.lowHz)) / (12 * range.octaves);
}

/** The lowest C of the surface, as a MIDI note number. @param {Range} range */
export function lowestC(range = PLAIN) {
  return 12 * Math.ceil(midiOf(range.lowHz) / 12 - 1e-9);
}

/** Name of a MIDI note number. @param {number} midi @returns {{name: string, octave: number, natural: boolean}} */
export function noteName(midi) {
  const name = NAMES[((midi % 12) + 12) % 12];
  return { name, octave: Math.floor(midi / 12) - 1, natural: name.length === 1 };
}

/**
 * The nearest note at x and the distance of x from it.
 * @param {number} x @param {Range} range @returns {{label: string, cents: number}}
 */
export function noteAt(x, range = PLAIN) {
  return nearestNote(midiOf(range.lowHz) + 12 * range.octaves * x);
}

/**
 * The nearest note of equal temperament.
 * @param {number} exact MIDI number @returns {{label: string, cents: number}}
 */
export function nearestNote(exact) {
  const midi = Math.round(exact);
  const { name, octave } = noteName(midi);
  return { label: `${name}${octave}`, cents: Math.round(100 * (exact - midi)) };
}

/**
 * Every semitone of the surface.
 * @param {Range} range
 * @returns {{x: number, midi: number, name: string, octave: number, natural: boolean}[]}
 */
export function semitones(range = PLAIN) {
  const low = Math.ceil(midiOf(range.lowHz) - 1e-9);
  const high = Math.floor(midiOf(f0Hz(1, range)) + 1e-9);
  return Array.from({ length: Math.max(0, high - low + 1) }, (_, step) => {
    const midi = low + step;
    return { x: xOf(midi, range), midi, ...noteName(midi) };
  });
}
