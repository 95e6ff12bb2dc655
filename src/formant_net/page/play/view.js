/** Which pitches lie on the surface, and where its lines are: those of a scale, if one is chosen. */
import { ALL, degreesOf, rootOf } from "../tuning/scales.js";
import { degree, periodOf } from "../tuning/scl.js";
import { Steps, stepsOf } from "../tuning/steps.js";
import { keysOf, rooted } from "../tuning/kbm.js";
import { TWELVE } from "../tuning/shipped.js";
import { PLANE } from "./choice.js";
import { midiOf, nearestNote, noteName } from "./notes.js";

/** @typedef {import("../protocol/range.js").Range} Range */
/**
 * @typedef {object} Line a line of the surface
 * @property {number} note MIDI number
 * @property {string} label its name; "" if there is none
 * @property {boolean} chief the first degree: its line is bright, and its label comes first
 * @property {boolean} faint a black key
 */
/**
 * @typedef {object} View
 * @property {Range} range what the surface spans
 * @property {Line[] | null} lines null: the semitones of the range
 * @property {Steps | null} steps where fingers are put; null: they stay where they are
 * @property {import("../tuning/kbm.js").Keys | null} keys pitches of keys; null: equal temperament
 * @property {boolean} own whether the surface is another one than the synth's
 * @property {boolean} plane whether the surface is the plane of vowels, and pitches come from elsewhere
 * @property {boolean} narrow whether fewer octaves are shown than were asked for, as steps need room
 */

/** Pixels of the place in which a finger begins on a step, at least; a single octave may have less. */
export const STEP_PX = 24;
/** Pixels between two lines at least: denser tunings show only some. */
const LINE_PX = 12;
/** What all synths can sing, MIDI numbers. */
const LOWEST = 16;
const HIGHEST = 107;

/**
 * @param {import("./choice.js").Choice} choice
 * @param {{scale: import("../tuning/scl.js").Scale, map: import("../tuning/kbm.js").Mapping | null}} tuning
 * @param {Range} synth what the synth's surface spans
 * @param {number} width of the surface in pixels
 * @returns {View} @throws {import("../tuning/scl.js").TuningError} where the choice cannot be played
 */
export function viewOf(choice, { scale, map }, synth, width) {
  const plane = choice.vowels === PLANE && synth.plane !== undefined;
  const inScale = choice.scale !== "" || scale !== TWELVE || map !== null;
  if (!inScale && choice.octaves === 0 && choice.shift === 0) {
    return { range: synth, lines: null, steps: null, keys: null, own: false, plane, narrow: false };
  }
  const root = map ? map.pitch : rootOf(`${choice.root}4`);
  const keys = map ? keysOf(scale, map) : scale === TWELVE ? null : keysOf(scale, rooted(root));
  const degrees = degreesOf(choice.scale || ALL, scale);
  const steps = map && keys ? new Steps(keys.filter((each) => each !== null)) : stepsOf(scale, degrees, root);
  const { range, narrow } = spanOf(choice, steps, root, periodOf(scale) / 100, synth, width);
  const lines = map && keys ? linesOfKeys(keys, map.middle, range) : linesOfScale(scale, degrees, root, range);
  const shown = thinned(lines, range, width);
  return { range, lines: shown, steps: inScale ? steps : null, keys, own: true, plane, narrow };
}

/**
 * From a root on, with half a step of room at both ends.
 * @param {import("./choice.js").Choice} choice @param {Steps} steps
 * @param {number} root @param {number} period semitones
 * @param {Range} synth @param {number} width
 */
function spanOf({ octaves, shift }, steps, root, period, synth, width) {
  const every = period > 0.5 ? period : 12;
  const base = Math.min(Math.max(midiOf(synth.lowHz) + 12 * shift, LOWEST), HIGHEST - 12);
  const perOctave = Math.max(1, steps.at(base + 12) - steps.at(base));
  const wanted = octaves || Math.min(4, Math.max(1, Math.round(synth.octaves)));
  const margin = 6 / perOctave;
  const semitones = (width * smallest(steps, base)) / STEP_PX - 2 * margin;
  const fitting = Math.max(perOctave, Math.floor((semitones * perOctave) / 12)) / perOctave;
  const shown = Math.min(wanted, fitting);
  let low = root + Math.ceil((base - 0.01 - root) / every) * every;
  if (low + 12 * shown > HIGHEST) low -= Math.ceil((low + 12 * shown - HIGHEST) / every) * every;
  low = Math.max(low, LOWEST) - margin;
  const range = { ...synth, lowHz: 440 * 2 ** ((low - 69) / 12), octaves: shown + (2 * margin) / 12 };
  return { range, narrow: fitting < wanted };
}

/** The smallest place of a step in the octave above `base`, semitones. @param {Steps} steps @param {number} base */
function smallest({ pitches }, base) {
  const places = pitches.map((note, k) => (note < base || note > base + 12 ? 12 : (pitches[k + 1] - pitches[k - 1]) / 2));
  return Math.min(12, ...places.filter((each) => each > 0));
}

/**
 * @param {import("../tuning/scl.js").Scale} scale @param {number[]} degrees @param {number} root @param {Range} range
 * @returns {Line[]}
 */
function linesOfScale(scale, degrees, root, range) {
  const period = periodOf(scale) / 100;
  const low = midiOf(range.lowHz);
  const high = low + 12 * range.octaves;
  const named = scale.cents.length === 12 && Math.abs(period - 12) < 0.5;
  /** @type {Line[]} */
  const lines = [];
  const rounds = period > 0.01 ? [Math.floor((low - root) / period) - 1, Math.ceil((high - root) / period) + 1] : [0, 0];
  for (let round = rounds[0]; round <= rounds[1]; round += 1) {
    for (const number of degrees) {
      const note = root + round * period + degree(scale, number) / 100;
      if (note < low || note > high) continue;
      const chief = number === 0;
      const name = noteName(named ? Math.round(root + 12 * round) + number : Math.round(note));
      const label = named || chief ? `${name.name}${name.octave}` : String(number);
      lines.push({ note, label, chief, faint: named && !chief && degrees.length > 8 && !name.natural });
    }
  }
  return lines.sort((a, b) => a.note - b.note);
}

/** @param {(number | null)[]} keys @param {number} middle @param {Range} range @returns {Line[]} */
function linesOfKeys(keys, middle, range) {
  const low = midiOf(range.lowHz);
  const high = low + 12 * range.octaves;
  return keys
    .map((note, key) => ({ note: note ?? NaN, label: String(key), chief: key === middle, faint: false }))
    .filter(({ note }) => note >= low && note <= high)
    .sort((a, b) => a.note - b.note);
}

/**
 * Lines that are not too near to each other. Those of first degrees stay.
 * @param {Line[]} lines @param {Range} range @param {number} width
 */
function thinned(lines, range, width) {
  const apart = (LINE_PX * 12 * range.octaves) / Math.max(1, width);
  const chiefs = lines.filter(({ chief }) => chief);
  /** @type {Line[]} */
  const kept = [];
  for (const line of lines) {
    const near = (/** @type {Line} */ other) => Math.abs(other.note - line.note) < apart - 1e-9;
    if (line.chief || !(chiefs.some(near) || (kept.length > 0 && near(kept[kept.length - 1])))) kept.push(line);
  }
  return kept;
}

/**
 * The name of a pitch, and the cents that it is away from it.
 * @param {number} note @param {View} view @returns {{label: string, cents: number}}
 */
export function nameOf(note, view) {
  if (!view.steps) return nearestNote(note);
  const step = view.steps.nearest(note);
  const line = view.lines?.find((each) => Math.abs(each.note - step) < 1e-4);
  const label = line && !/^\d/.test(line.label) ? line.label : nearestNote(step).label;
  return { label, cents: Math.round(100 * (note - step)) };
}
