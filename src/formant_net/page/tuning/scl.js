/** Scala scale files (`.scl`): the steps of a tuning up to its period. The same rules as in tuning/scl.py. */

/**
 * @typedef {{description: string, cents: number[], warnings: string[]}} Scale cents of each degree from the second on
 */

export const MOST_BYTES = 100_000;
export const MOST_STEPS = 1024;
const CENTS = /^([-+]?(?:\d{1,7}\.\d*|\.\d+))(?=\s|!|$)/;
const RATIO = /^([-+]?\d{1,30})(?:[ \t]*\/[ \t]*([-+]?\d{1,30}))?(?=\s|!|$)/;
/** A number as both languages read it: JavaScript alone knows more, such as `0x1b8`. */
const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;
/** A whole number above two octaves was probably meant as cents. */
const LARGEST_WITHOUT_A_DOT = 4;

/** A tuning that cannot be used. The text says what is wrong, what is allowed and what to do. */
export class TuningError extends Error {}

/** The number that a text is, or NaN. @param {string} text */
export const numberOf = (text) => (NUMBER.test(text) ? Number(text) : NaN);

/** The text of a file: UTF-8, or else Latin-1. @param {ArrayBuffer} bytes */
export function textOf(bytes) {
  if (bytes.byteLength > MOST_BYTES) throw new TuningError(`the file has ${bytes.byteLength} bytes: ${MOST_BYTES} at most`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("latin1").decode(bytes);
  }
}

/** The lines of a Scala file without its comments. @param {string} text */
export const linesOf = (text) => text.replace(/^\ufeff/, "").split(/\r{0,2}\n|\r/).filter((line) => !line.startsWith("!"));

/** @param {string} text @returns {Scale} */
export function parseScl(text) {
  const [first = "", ...others] = linesOf(text);
  const description = first.trim();
  const rest = others.map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("!"));
  const count = /^(\d{1,6})(?=\s|!|$)/.exec(rest[0] ?? "");
  if (!count) {
    const found = rest.length > 0 ? `“${rest[0].slice(0, 40)}”` : "nothing";
    throw new TuningError(
      `the number of notes is missing after the description “${description.slice(0, 40)}”: there is ${found}. ` +
        "The description must not begin with “!”, which makes it a comment",
    );
  }
  const number = Number(count[1]);
  if (number < 1 || number > MOST_STEPS) throw new TuningError(`${number} notes: a scale has 1 … ${MOST_STEPS}`);
  const pitches = rest.slice(1);
  if (pitches.length < number) {
    throw new TuningError(`${number} notes are announced and ${pitches.length} follow: correct the number or add lines`);
  }
  /** @type {string[]} */
  const warnings = [];
  const cents = pitches.slice(0, number).map((line, k) => pitchOf(line, k + 1, warnings));
  const more = pitches.length - number;
  if (more > 0) warnings.push(`${more} lines after the ${number} announced notes are ignored`);
  return { description, cents, warnings };
}

/** Cents after which the degrees repeat. @param {Scale} scale */
export const periodOf = ({ cents }) => cents[cents.length - 1];

/** Cents of a degree, 0 for the first. @param {Scale} scale @param {number} number any whole number */
export function degree(scale, number) {
  const count = scale.cents.length;
  const periods = Math.floor(number / count);
  const rest = number - periods * count;
  return periods * periodOf(scale) + (rest > 0 ? scale.cents[rest - 1] : 0);
}

/**
 * Cents of one line. A number with a dot is in cents; any other is a ratio.
 * @param {string} line @param {number} place @param {string[]} warnings
 */
function pitchOf(line, place, warnings) {
  const cents = CENTS.exec(line);
  if (cents) return Number(cents[1]);
  const ratio = RATIO.exec(line);
  if (!ratio) {
    const hint = /^[-+]?\d+,\d/.test(line) ? "write a point for the comma" : "write cents, 701.955, or a ratio, 3/2";
    throw new TuningError(`note ${place}: “${line.slice(0, 40)}” is no pitch: ${hint}`);
  }
  const above = Number(ratio[1]);
  const below = Number(ratio[2] ?? 1);
  if (above <= 0 || below <= 0) {
    throw new TuningError(`note ${place}: the ratio ${ratio[0]} is not above 0: write it with whole numbers above 0`);
  }
  if (ratio[2] === undefined && above > LARGEST_WITHOUT_A_DOT) {
    warnings.push(`note ${place}: ${above} is the ratio ${above}/1. If cents are meant, write ${above}.0`);
  }
  return 1200 * (Math.log2(above) - Math.log2(below));
}
