/** A tuning from files of this device: read, checked, and kept for the next time. */
import { parseKbm } from "../tuning/kbm.js";
import { MOST_BYTES, TuningError, parseScl, textOf } from "../tuning/scl.js";

const STORE = "formant-tuning";

/**
 * @typedef {object} Own
 * @property {string} name of the scale
 * @property {string} scl text of the scale file
 * @property {string} kbm text of the keyboard mapping, or ""
 */

/** @returns {Own | null} */
export function recallOwn() {
  try {
    const { name, scl, kbm } = JSON.parse(localStorage.getItem(STORE) ?? "null") ?? {};
    return [name, scl, kbm].every((each) => typeof each === "string") && scl ? { name, scl, kbm } : null;
  } catch {
    return null;
  }
}

/**
 * @param {Own} own
 * @returns {{scale: import("../tuning/scl.js").Scale, map: import("../tuning/kbm.js").Mapping | null}}
 */
export const tuningOf = ({ scl, kbm }) => ({ scale: parseScl(scl), map: kbm ? parseKbm(kbm) : null });

/**
 * What somebody chose in the file picker: one `.scl`, and perhaps one `.kbm`; or a `.kbm` for the scale that is there.
 * @param {File[]} files @param {Own | null} before
 * @returns {Promise<{own: Own, warnings: string[]}>} @throws {TuningError}
 */
export async function readOwn(files, before) {
  let own = before ?? { name: "", scl: "", kbm: "" };
  /** @type {string[]} */
  const warnings = [];
  const scales = files.filter(({ name }) => !/\.kbm$/i.test(name));
  for (const file of [...scales, ...files.filter((each) => !scales.includes(each))]) {
    try {
      if (file.size > MOST_BYTES) throw new TuningError(`the file has ${file.size} bytes: ${MOST_BYTES} at most`);
      const text = textOf(await file.arrayBuffer());
      if (scales.includes(file)) {
        warnings.push(...parseScl(text).warnings);
        own = { name: file.name.replace(/\.scl$/i, "").slice(0, 40), scl: text, kbm: "" };
      } else {
        parseKbm(text);
        own = { ...own, kbm: text };
      }
    } catch (error) {
      if (error instanceof TuningError) throw new TuningError(`${file.name}: ${error.message}`);
      throw new TuningError(`${file.name} cannot be read: choose it again`);
    }
  }
  if (!own.scl) throw new TuningError("a .kbm file maps a scale: choose its .scl file with it");
  try {
    localStorage.setItem(STORE, JSON.stringify(own));
  } catch {
    // A browser that keeps nothing: the tuning holds until the page is closed.
  }
  return { own, warnings };
}
