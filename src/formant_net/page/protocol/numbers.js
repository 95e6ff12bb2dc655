/**
 * Durations and bounds of the protocol, as the server sends them with the page: the page has none of its own.
 *
 * The names are those of `protocol/timing.py` and `protocol/bounds.py`, where each number has its reason.
 * Names that end in `_s` are seconds, those in `_bytes` are bytes.
 */

/** @typedef {Record<string, number>} Numbers */

/** `sings` is the version of what sings in the page, or "" if it cannot sing. @returns {{timing: Numbers, bounds: Numbers, sings: string}} */
export function readNumbers() {
  return JSON.parse(document.getElementById("numbers")?.textContent ?? "");
}
