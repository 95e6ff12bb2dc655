/**
 * What a place on the surface means: x is pitch (A2 to A5), y is the vowel (a e i o u from bottom to top).
 *
 * The page only names what the synth will sing; the synth maps x and y itself.
 */

export const F0_LOW_HZ = 110;
export const OCTAVES = 3;
export const SEMITONES = 12 * OCTAVES;

/** Vowels on the path, with the place y, a word that has the sound, and the colour of its band. */
export const VOWELS = [
  { y: 0, name: "a", sound: "ah", rgb: [255, 118, 92] },
  { y: 0.25, name: "e", sound: "eh", rgb: [255, 190, 84] },
  { y: 0.5, name: "i", sound: "ee", rgb: [84, 214, 164] },
  { y: 0.75, name: "o", sound: "oh", rgb: [82, 168, 255] },
  { y: 1, name: "u", sound: "oo", rgb: [168, 134, 255] },
];

const NOTES = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];
const MIDI_LOW = 45; // A2, 110 Hz

/** A number held within 0…1; anything that is not a number becomes 0. @param {number} value */
export function unit(value) {
  return value >= 1 ? 1 : value > 0 ? value : 0;
}

/** Fundamental in Hz at x. @param {number} x 0…1 */
export function f0Hz(x) {
  return F0_LOW_HZ * 2 ** (OCTAVES * x);
}

/** Name of a MIDI note number. @param {number} midi @returns {{name: string, octave: number, natural: boolean}} */
export function noteName(midi) {
  const name = NOTES[((midi % 12) + 12) % 12];
  return { name, octave: Math.floor(midi / 12) - 1, natural: name.length === 1 };
}

/** The nearest note at x and how far x is from it. @param {number} x @returns {{label: string, cents: number}} */
export function noteAt(x) {
  const exact = MIDI_LOW + SEMITONES * x;
  const midi = Math.round(exact);
  const { name, octave } = noteName(midi);
  return { label: `${name}${octave}`, cents: Math.round(100 * (exact - midi)) };
}

/** Every semitone of the surface. @returns {{x: number, midi: number, name: string, octave: number, natural: boolean}[]} */
export function semitones() {
  return Array.from({ length: SEMITONES + 1 }, (_, step) => {
    const midi = MIDI_LOW + step;
    return { x: step / SEMITONES, midi, ...noteName(midi) };
  });
}

/** The vowel at y in words: one name, or two where the voice is between them. @param {number} y */
export function vowelAt(y) {
  const place = unit(y) * (VOWELS.length - 1);
  const near = Math.round(place);
  if (Math.abs(place - near) <= 0.2) return VOWELS[near].name;
  return `${VOWELS[Math.floor(place)].name}–${VOWELS[Math.ceil(place)].name}`;
}

/** Colour at y, between those of its two vowels. @param {number} y @returns {number[]} red, green, blue 0…255 */
export function colourAt(y) {
  const place = unit(y) * (VOWELS.length - 1);
  const low = Math.min(Math.floor(place), VOWELS.length - 2);
  const part = place - low;
  return VOWELS[low].rgb.map((value, k) => Math.round(value + part * (VOWELS[low + 1].rgb[k] - value)));
}
