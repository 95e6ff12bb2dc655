/**
 * What a place on the surface means: x is pitch, y is the vowel, from bottom to top.
 *
 * The page only names what the synth will sing; the synth maps x and y itself, and tells how in its state.
 */

/** @typedef {{lowHz: number, octaves: number, vowels: string[]}} Range pitch at x = 0, width in octaves, vowels at equal steps of y */

/** What a synth sings by itself: A2 to A5, a e i o u. @type {Range} */
export const PLAIN = { lowHz: 110, octaves: 3, vowels: ["a", "e", "i", "o", "u"] };

/** Words that have the sound. @type {Record<string, string>} */
const SOUNDS = {
  ...{ a: "ah", e: "eh", i: "ee", o: "oh", u: "oo" },
  ...{ ɑ: "ah", ɛ: "e, bed", æ: "a, cat", ɪ: "i, bit", ʊ: "u, put", ʌ: "u, cut", ɔ: "aw", ɝ: "er" },
};
/** Colour of a vowel, red, green, blue 0…255; those near each other on the vowel chart have the same. */
const COLOURS = /** @type {[string, number[]][]} */ ([
  ["aɑæɐɶ", [255, 118, 92]],
  ["eɛøœəɜɝʌ", [255, 190, 84]],
  ["iɪyʏɨʉ", [84, 214, 164]],
  ["oɔɒɤ", [82, 168, 255]],
  ["uʊɯ", [168, 134, 255]],
]);

/** Bands of vowels, from bottom to top. @param {Range} range */
export function bands({ vowels }) {
  return vowels.map((name, k) => ({
    y: k / (vowels.length - 1),
    name,
    sound: SOUNDS[name] ?? "",
    rgb: (COLOURS.find(([alike]) => alike.includes(name[0])) ?? COLOURS[k % COLOURS.length])[1],
  }));
}

const NOTES = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];
/** The MIDI note number of a pitch, with its fraction. @param {number} hz */
const midiOf = (hz) => 69 + 12 * Math.log2(hz / 440);

/** A number held within 0…1; anything that is not a number becomes 0. @param {number} value */
export function unit(value) {
  return value >= 1 ? 1 : value > 0 ? value : 0;
}

/** Fundamental in Hz at x. @param {number} x 0…1 @param {Range} range */
export function f0Hz(x, range = PLAIN) {
  return range.lowHz * 2 ** (range.octaves * x);
}

/** Where a MIDI note lies, 0…1 if on the surface. @param {number} midi @param {Range} range */
export function xOf(midi, range = PLAIN) {
  return (midi - midiOf(range.lowHz)) / (12 * range.octaves);
}

/** The lowest C of the surface, as a MIDI note number. @param {Range} range */
export function lowestC(range = PLAIN) {
  return 12 * Math.ceil(midiOf(range.lowHz) / 12 - 1e-9);
}

/** Name of a MIDI note number. @param {number} midi @returns {{name: string, octave: number, natural: boolean}} */
export function noteName(midi) {
  const name = NOTES[((midi % 12) + 12) % 12];
  return { name, octave: Math.floor(midi / 12) - 1, natural: name.length === 1 };
}

/** The nearest note at x and how far x is from it. @param {number} x @param {Range} range @returns {{label: string, cents: number}} */
export function noteAt(x, range = PLAIN) {
  const exact = midiOf(range.lowHz) + 12 * range.octaves * x;
  const midi = Math.round(exact);
  const { name, octave } = noteName(midi);
  return { label: `${name}${octave}`, cents: Math.round(100 * (exact - midi)) };
}

/** Every semitone of the surface. @param {Range} range @returns {{x: number, midi: number, name: string, octave: number, natural: boolean}[]} */
export function semitones(range = PLAIN) {
  const low = Math.ceil(midiOf(range.lowHz) - 1e-9);
  const high = Math.floor(midiOf(f0Hz(1, range)) + 1e-9);
  return Array.from({ length: Math.max(0, high - low + 1) }, (_, step) => {
    const midi = low + step;
    return { x: xOf(midi, range), midi, ...noteName(midi) };
  });
}

/** The vowel at y in words: one name, or two where the voice is between them. @param {number} y @param {Range} range */
export function vowelAt(y, { vowels } = PLAIN) {
  const place = unit(y) * (vowels.length - 1);
  const near = Math.round(place);
  if (Math.abs(place - near) <= 0.2) return vowels[near];
  return `${vowels[Math.floor(place)]}–${vowels[Math.ceil(place)]}`;
}

/** Colour at y, between those of its two vowels. @param {number} y @param {Range} range @returns {number[]} red, green, blue 0…255 */
export function colourAt(y, range = PLAIN) {
  const shown = bands(range);
  const place = unit(y) * (shown.length - 1);
  const low = Math.min(Math.floor(place), shown.length - 2);
  const part = place - low;
  return shown[low].rgb.map((value, k) => Math.round(value + part * (shown[low + 1].rgb[k] - value)));
}

/** What a synth says of its surface, checked; null where it says nothing that makes sense. @param {any} said @returns {Range | null} */
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
