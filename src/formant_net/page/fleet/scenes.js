/** Scenes: what a new one holds, and the ids of new zones and scenes. As `fleet/changes.py` and `desk/targets.py`. */

/**
 * The fields of a scene that brings the present faders, mutes and presets back.
 * @param {import("./document.js").Document} document @param {string} name @param {number} [rampS] seconds
 */
export function captured(document, name, rampS = 0) {
  const each = (/** @type {Record<string, any>} */ parts, /** @type {string[]} */ fields) =>
    Object.fromEntries(Object.entries(parts).map(([id, part]) => [id, chosen(part, fields)]));
  return {
    name,
    ramp_s: rampS,
    master: chosen(document.master, ["db", "off"]),
    zones: each(document.zones, ["db", "mute"]),
    boxes: each(document.boxes, ["db", "mute", "preset"]),
  };
}

/**
 * An id from a name: letters, digits and hyphens; with a number behind it if there is such an id already.
 * @param {string} prefix "z-" or "s-" @param {string} name @param {Iterable<string>} [taken] ids that there are
 */
export function freshId(prefix, name, taken = []) {
  const kept = name
    .toLowerCase()
    .replace(/[^a-z0-9]/gu, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 28);
  const there = new Set(taken);
  const first = prefix + (kept || "new");
  for (let k = 2, id = first; ; k += 1, id = `${first}-${k}`) if (!there.has(id)) return id;
}

/** @param {Record<string, any>} part @param {string[]} fields */
function chosen(part, fields) {
  return Object.fromEntries(fields.map((field) => [field, part[field]]));
}
