/** What the strip says: the scale, the range, and what is held, in few words. */
import { ALL } from "../tuning/scales.js";
import { EQUAL, SHIPPED } from "../tuning/shipped.js";

/** Names of scales for people. @param {string} name */
export const scaleName = (name) => (name === ALL ? "all steps" : name.replace("-", " "));

/** @param {string} root */
export const rootName = (root) => root.replace("#", "♯").replace(/b$/, "♭");

/**
 * The scale in a few words: "Every pitch", "D major", "Slendro on D".
 * @param {import("../play/choice.js").Choice} choice @param {string} file name of the tuning of a file
 */
export function scaleWords({ scale, root, tuning }, file) {
  const key = rootName(root);
  const named = scale === "" || scale === ALL ? "" : `${key} ${scaleName(scale)}`;
  if (tuning === EQUAL) return named || (scale === ALL ? "Semitones" : "Every pitch");
  const words = tuning in SHIPPED ? SHIPPED[tuning] : file || "From a file";
  return named ? `${named}, ${words.charAt(0).toLowerCase()}${words.slice(1)}` : `${words} on ${key}`;
}

/**
 * The range by its lowest and highest line: "C3 – C5".
 * @param {import("../play/view.js").View} view @param {(note: number) => string} name
 */
export function rangeWords({ range, lines }, name) {
  const low = 69 + 12 * Math.log2(range.lowHz / 440);
  const ends = lines?.length ? [lines[0].note, lines[lines.length - 1].note] : [low, low + 12 * range.octaves];
  return `${name(ends[0])} – ${name(ends[1])}`;
}

/** @param {boolean} holding @param {number} held */
export function holdWords(holding, held) {
  if (!holding) return { text: "Hold", spoken: "Hold notes when fingers are lifted" };
  const notes = held === 1 ? "1 note is held" : `${held} notes are held`;
  return { text: held > 0 ? `End ${held}` : "Hold", spoken: `Hold. ${notes}: press to end` };
}

/** What the plane of vowels does, or why it is not there. @param {boolean} shown */
export const planeWords = (shown) =>
  shown
    ? "A finger moves the vowel of all your notes: hold some, or play keys. If nothing sounds, it sings the last pitch."
    : "This preset has no plane of vowels. Child, giant, plane, zing, chime and shear have one.";

/** What the surface is, in words. @param {boolean} plane */
export const surfaceWords = (plane) =>
  plane ? "left to right is front to back, up is close" : "across is pitch, up is the vowel";
