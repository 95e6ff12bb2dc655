/** What follows from the fleet document for one box: level, silence and why, delay. As `fleet/effective.py`. */
import { isPhone } from "../protocol/phones.js";
import { newcomer, SILENT_DB } from "./document.js";

/**
 * One thing that makes a box silent: what it is called, and the path of what would have to change.
 * @typedef {{text: string, path: string}} Reason
 *
 * @typedef {import("./document.js").Document} Document
 */

/**
 * @param {Document} document @param {string} id of the box
 * @param {Iterable<string>} [solo] paths that are soloed
 * @param {Iterable<string>} [here] ids of the boxes that are there: a solo counts only if it has one of them
 * @returns {{gainDb: number, because: Reason[], delayMs: number}} gainDb in -60…0; delayMs >= 0
 */
export function effective(document, id, solo = [], here = []) {
  const box = document.boxes[id] ?? newcomer(document, id);
  const zone = box.zone ? document.zones[box.zone] : undefined;
  const because = [];
  if (document.master.off) because.push({ text: "all off", path: "master" });
  if (document.master.hold_new && !(id in document.boxes) && !isPhone(id)) {
    because.push({ text: "new", path: `boxes/${id}` });
  }
  if (box.mute) because.push({ text: "mute", path: `boxes/${id}` });
  if (zone?.mute) because.push({ text: `zone ${zone.name}`, path: `zones/${box.zone}` });
  const heard = soloed(document, solo, here);
  if (heard.size > 0 && !heard.has(id)) because.push({ text: "solo", path: "solo" });
  const level = document.master.db + (zone?.db ?? 0) + box.db;
  return {
    gainDb: Math.max(SILENT_DB, Math.min(0, level)),
    because,
    delayMs: box.delay_ms - box.output_latency_ms + leastDelayMs(document),
  };
}

/**
 * The boxes that are heard because of a solo, among those that are there.
 * @param {Document} document @param {Iterable<string>} solo @param {Iterable<string>} here
 */
function soloed(document, solo, here) {
  const paths = new Set(solo);
  const found = new Set();
  if (paths.size === 0) return found;
  for (const id of here) {
    const zone = document.boxes[id]?.zone;
    if (paths.has(`boxes/${id}`) || (zone && paths.has(`zones/${zone}`))) found.add(id);
  }
  return found;
}

/**
 * What is added to every box so that no sum is below 0: nobody can sound before the touch.
 * @param {Document} document
 */
function leastDelayMs(document) {
  return Math.max(0, ...Object.values(document.boxes).map((box) => box.output_latency_ms - box.delay_ms));
}
