/** What a synth says of itself in its pongs, checked field by field: a field that makes no sense changes nothing. */
import { rangeOf, unit } from "./range.js";

const MAX_PRESETS = 256;
const MAX_TAKES = 16;
const MAX_REASONS = 8;

/**
 * @typedef {object} SynthState
 * @property {boolean} told it has said something
 * @property {string} name
 * @property {number | null} volume 0…1
 * @property {boolean} poweredOn
 * @property {boolean} audioEnabled it has a sound device
 * @property {string[]} silenced why the desk silences it: "mute", "zone Nave"; empty: it does not
 * @property {string | null} preset
 * @property {string[]} presets those that may be chosen
 * @property {import("./range.js").Range | null} range what it sings where, if it said so
 * @property {string[]} takes what it understands beside the plain touch: "note", "vel"
 */

/** Before its first pong. @type {SynthState} */
export const UNKNOWN = {
  ...{ told: false, name: "", volume: null, poweredOn: true, audioEnabled: true },
  ...{ silenced: [] },
  ...{ preset: null, presets: [], range: null, takes: [] },
};

/** @param {SynthState} before @param {any} said the `state` of a pong @returns {SynthState} */
export function stateOf(before, said) {
  if (said === null || typeof said !== "object") return before;
  const now = { ...before, told: true };
  if (typeof said.name === "string") now.name = said.name.slice(0, 64);
  if (typeof said.audio_enabled === "boolean") now.audioEnabled = said.audio_enabled;
  if (Number.isFinite(said.volume)) now.volume = unit(said.volume);
  if (typeof said.powered_on === "boolean") now.poweredOn = said.powered_on;
  now.silenced = Array.isArray(said.silent) ? said.silent.filter(isReason).slice(0, MAX_REASONS) : [];
  if (Array.isArray(said.presets)) now.presets = said.presets.filter(isName).slice(0, MAX_PRESETS);
  if (isName(said.preset) || said.preset === null) now.preset = said.preset;
  if (Array.isArray(said.takes)) now.takes = said.takes.filter(isName).slice(0, MAX_TAKES);
  now.range = rangeOf(said.surface) ?? before.range;
  return now;
}

/** @param {unknown} value @returns {value is string} */
const isName = (value) => typeof value === "string" && value.length > 0 && value.length <= 64;

/** @param {unknown} value @returns {value is string} */
const isReason = (value) => typeof value === "string" && value.length > 0 && value.length <= 80;
