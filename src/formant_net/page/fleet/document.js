/**
 * The fleet document as the page knows it: parts by their paths, with the value of every field.
 *
 * A path is `master`, `zones/ID`, `boxes/ID` or `scenes/ID`. The server keeps the document (`fleet/document.py`).
 */
import { isPhone } from "../protocol/phones.js";

/** The bottom of a fader, dB: silence. */
export const SILENT_DB = -60;
/** The fader of a box that comes to an ensemble that is steered already, dB. */
export const NEW_BOX_DB = -20;

const MASTER = { db: 0, off: false, hold_new: false };
const ZONE = { name: "", db: 0, mute: false, order: 0, rev: 0 };
const BOX = {
  ...{ name: "", zone: "", tags: [], db: 0, mute: false, delay_ms: 0, output_latency_ms: 0 },
  ...{ preset: "", audio: "", rev: 0 },
};
const SCENE = { name: "", ramp_s: 0, master: {}, zones: {}, boxes: {}, rev: 0 };
/** @type {Record<string, object>} */
const DEFAULTS = { zones: ZONE, boxes: BOX, scenes: SCENE };

/**
 * @typedef {Record<string, any>} Fields
 * @typedef {{rev: number, master: Fields, zones: Record<string, Fields>, boxes: Record<string, Fields>,
 *   scenes: Record<string, Fields>}} Document
 */

/**
 * The document of some parts. Fields that a part does not name have their defaults.
 * @param {number} rev @param {Iterable<[string, Fields]>} parts by path @returns {Document}
 */
export function documentOf(rev, parts) {
  /** @type {Document} */
  const found = { rev, master: { ...MASTER }, zones: map(), boxes: map(), scenes: map() };
  for (const [path, fields] of parts) {
    const [kind, id] = split(path);
    if (path === "master") found.master = { ...MASTER, ...fields };
    else if (Object.hasOwn(DEFAULTS, kind) && id) /** @type {any} */ (found)[kind][id] = { ...DEFAULTS[kind], ...fields };
  }
  return found;
}

/** A map by ids that has nothing of its own: an id may be `constructor`. @returns {Record<string, Fields>} */
const map = () => Object.create(null);

/**
 * A box that the document does not know yet. A phone that sings is as loud as its holder likes.
 * @param {Document} document @param {string} id @returns {Fields}
 */
export function newcomer(document, id) {
  return { ...BOX, db: document.rev > 0 && !isPhone(id) ? NEW_BOX_DB : 0 };
}

/** Kind and id of a path; an id may contain no slash. @param {string} path @returns {[string, string]} */
export function split(path) {
  const at = path.indexOf("/");
  return at < 0 ? [path, ""] : [path.slice(0, at), path.slice(at + 1)];
}
