/**
 * What is known of controllers by the names of their ports: the table of midi/devices.py.
 */

/** @typedef {"absolute" | "relative" | "from-zero"} Slide */
/**
 * `members` of the lower zone used unasked; `skip`: a port that would play everything twice.
 * @typedef {{name: string, members: number, slide: Slide, skip: boolean}} Device
 */

/** @type {[string[], string, number, Slide, boolean][]} */
const TABLE = [
  [["midi through"], "MIDI Through", 0, "absolute", true],
  [["osmose", "port 2"], "Osmose, port 2", 0, "absolute", true],
  [["osmose", "midi 2"], "Osmose, port 2", 0, "absolute", true],
  [["osmose"], "Osmose", 15, "from-zero", false],
  [["seaboard"], "Seaboard", 15, "relative", false],
  [["lightpad"], "Lightpad Block", 15, "relative", false],
  [["continuum"], "Continuum", 15, "absolute", false],
  [["linnstrument"], "LinnStrument", 0, "absolute", false],
  [["sensel"], "Sensel Morph", 15, "absolute", false],
  [["soundplane"], "Soundplane", 15, "absolute", false],
];

/** @param {string} port its name @returns {Device} */
export function deviceOf(port) {
  const found = TABLE.find(([words]) => words.every((word) => port.toLowerCase().includes(word)));
  const [, name, members, slide, skip] = found ?? [[], "", 0, /** @type {Slide} */ ("absolute"), false];
  return { name, members, slide, skip };
}
