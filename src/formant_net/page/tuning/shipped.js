/** The tunings that come with Formant: the server hands out the files of tuning/shipped. */
import { TuningError, parseScl } from "./scl.js";

export const EQUAL = "equal";
/** Names, and words for people. @type {Record<string, string>} */
export const SHIPPED = {
  equal: "Equal 12",
  just: "Just",
  pythagorean: "Pythagorean",
  "quarter-comma": "Quarter-comma",
  "equal-19": "Equal 19",
  "equal-31": "Equal 31",
  "equal-53": "Equal 53",
  "bohlen-pierce": "Bohlen–Pierce",
  pelog: "Pelog",
  slendro: "Slendro",
};

/** Twelve equal steps: there without asking the server. @type {import("./scl.js").Scale} */
export const TWELVE = { description: "equal", cents: Array.from({ length: 12 }, (_, k) => 100 * (k + 1)), warnings: [] };

/** A tuning of SHIPPED. @param {string} name @returns {Promise<import("./scl.js").Scale>} */
export async function shipped(name) {
  if (name === EQUAL) return TWELVE;
  if (!Object.hasOwn(SHIPPED, name)) throw new TuningError(`“${name.slice(0, 40)}” is no tuning of Formant's: choose one of the list`);
  const answer = await fetch(new URL(`shipped/${name}.scl`, import.meta.url)).catch(() => null);
  if (!answer?.ok) throw new TuningError(`the server does not hand out the tuning “${name}” now: choose it again later`);
  return parseScl(await answer.text());
}
