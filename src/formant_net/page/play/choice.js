/** What a player chose for the surface: checked, and written as parts of an address and as text for this device. */
import { readNumbers } from "../protocol/numbers.js";
import { ALL, SCALES } from "../tuning/scales.js";
import { EQUAL, SHIPPED } from "../tuning/shipped.js";

/** The tuning that is read from a file. */
export const FILE = "file";
/** Vowels along y, or on a surface of their own. */
export const PATH = "path";
export const PLANE = "plane";
export const ROOTS = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
export const MOST_OCTAVES = 4;
export const MOST_SHIFT = 4;

/**
 * @typedef {object} Choice
 * @property {string} scale "": every pitch; else `all`, a name, or degrees such as `0,2,4`
 * @property {string} root one of ROOTS
 * @property {string} tuning a name of SHIPPED, or FILE
 * @property {number} snap percent of the way to the step
 * @property {number} octaves 1…4; 0: as the synth
 * @property {number} shift octaves up or down
 * @property {string} vowels PATH or PLANE
 * @property {string[]} without ids of synths that this page does not play
 */

/** @type {Readonly<Choice>} */
export const PLAIN_CHOICE = {
  ...{ scale: "", root: "C", tuning: EQUAL, snap: 100, octaves: 0, shift: 0 },
  ...{ vowels: PATH, without: [] },
};

const KEYS = /** @type {const} */ (["scale", "root", "tuning", "snap", "octaves", "shift", "vowels", "without"]);

/** Whether an address says something about the surface. @param {URLSearchParams} address */
export const speaks = (address) => KEYS.some((key) => address.has(key));

/**
 * The choice that an address tells; what it does not tell, or what makes no sense, is plain.
 * @param {URLSearchParams} address @returns {Choice}
 */
export function readChoice(address) {
  return checked({ ...Object.fromEntries(address), without: (address.get("without") ?? "").split(" ") });
}

/**
 * Put a choice into the parts of an address; what is plain is left out.
 * @param {URLSearchParams} address @param {Choice} choice
 */
export function writeChoice(address, choice) {
  for (const key of KEYS) {
    const text = key === "without" ? choice.without.join(" ") : String(choice[key]);
    const plain = key === "without" ? "" : String(PLAIN_CHOICE[key]);
    if (text === plain) address.delete(key);
    else address.set(key, text);
  }
}

/** @param {any} said of an address or of the memory of this device @returns {Choice} */
export function checked(said) {
  const { scale, root, tuning, snap, octaves, shift, vowels, without } = said ?? {};
  const known = typeof tuning === "string" && (Object.hasOwn(SHIPPED, tuning) || tuning === FILE);
  return {
    scale: isScale(scale) ? scale : PLAIN_CHOICE.scale,
    root: ROOTS.includes(root) ? root : PLAIN_CHOICE.root,
    tuning: known ? tuning : PLAIN_CHOICE.tuning,
    snap: whole(snap, 0, 100, PLAIN_CHOICE.snap),
    octaves: whole(octaves, 0, MOST_OCTAVES, PLAIN_CHOICE.octaves),
    shift: whole(shift, -MOST_SHIFT, MOST_SHIFT, PLAIN_CHOICE.shift),
    vowels: vowels === PLANE ? PLANE : PATH,
    without: Array.isArray(without) ? without.filter(isId).slice(0, readNumbers().bounds.most_synths) : [],
  };
}

/** @param {unknown} text */
const isScale = (text) =>
  typeof text === "string" && (text === ALL || Object.hasOwn(SCALES, text) || /^\d{1,4}(,\d{1,4}){0,127}$/.test(text));

/** @param {unknown} text */
const isId = (text) => typeof text === "string" && /^[\w.:-]{1,64}$/.test(text);

/** @param {unknown} value @param {number} low @param {number} high @param {number} plain */
function whole(value, low, high, plain) {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isInteger(number) && number >= low && number <= high ? number : plain;
}
