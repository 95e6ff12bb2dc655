/** The board: what the desk shows of every zone and box, in words, and what needs attention. It draws nothing. */
import { effective } from "../fleet/effective.js";
import { newcomer, SILENT_DB } from "../fleet/document.js";
import { isPhone } from "../protocol/phones.js";
import { figures, stale, troubles } from "./figures.js";

/** Seconds that a box has to follow before this is worth a word: a sound device may take that long to open. */
const LATE_S = 5;

/**
 * @typedef {import("./core.js").Desk} Desk
 * @typedef {import("../fleet/document.js").Fields} Fields
 * @typedef {{text: string, undo: string, path: string}} Why a reason for silence; `undo` says what ends it, or is ""
 * @typedef {"good" | "busy" | "bad" | "away"} Tone
 *
 * @typedef {object} BoxRow
 * @property {string} path
 * @property {string} id
 * @property {string} name
 * @property {Fields} fields
 * @property {Tone} tone
 * @property {string} state in words
 * @property {boolean} here
 * @property {boolean} solo
 * @property {number} gainDb what all faders come to
 * @property {Why[]} because
 * @property {number | null} levelDb how loud it is now, dB of full scale; null: not known
 * @property {import("./figures.js").Figure[]} figures
 * @property {boolean} stale the figures are old
 * @property {string[]} attention what somebody should look at
 * @property {string[]} remedies what to do about it
 *
 * @typedef {object} ZoneRow
 * @property {string} path "" for boxes without a zone
 * @property {string} id
 * @property {string} name
 * @property {Fields} fields
 * @property {boolean} solo
 * @property {string} count in words
 * @property {BoxRow[]} boxes
 */

/**
 * Zones in their order with their boxes by name; those without a zone last.
 * @param {Desk} desk
 * @param {{now: number, wallMs: number, find?: string, attentionOnly?: boolean}} how `now` seconds of this page,
 *   `wallMs` since 1970
 * @returns {{zones: ZoneRow[], boxes: number, here: number, attention: number, shown: number}}
 */
export function board(desk, { now, wallMs, find = "", attentionOnly = false }) {
  const document = desk.document;
  // Browsers that sing are no boxes: nobody steers them, and a hall has hundreds.
  const seen = [...desk.boxes.values()].filter((box) => box.steered || !isPhone(box.id));
  const here = seen.filter((box) => box.here).map((box) => box.id);
  const ids = [...new Set([...Object.keys(document.boxes).filter((id) => !isPhone(id)), ...seen.map((box) => box.id)])];
  const rows = ids.map((id) => boxRow(desk, document, id, here, now, wallMs)).sort(byName);
  const words = find.trim().toLowerCase();
  const shown = rows.filter((row) => (!attentionOnly || row.attention.length > 0) && matches(row, document, words));
  const order = Object.keys(document.zones).sort((a, b) => {
    const [one, other] = [document.zones[a], document.zones[b]];
    return one.order - other.order || compare(one.name, other.name);
  });
  const zones = order.map((id) => zoneRow(desk, document, id, shown, rows));
  const homeless = rows.some((row) => !(row.fields.zone in document.zones));
  if (homeless) zones.push(zoneRow(desk, document, "", shown, rows));
  const narrowed = words !== "" || attentionOnly;
  return {
    zones: narrowed ? zones.filter((zone) => zone.boxes.length > 0) : zones,
    boxes: rows.length,
    here: here.length,
    attention: rows.filter((row) => row.attention.length > 0).length,
    shown: shown.length,
  };
}

/** A level in words. @param {number} db */
export function levelWords(db) {
  return db <= SILENT_DB ? "silent" : `${db === 0 ? "0" : db.toFixed(1).replace("-", "−")} dB`;
}

/** @param {number} ms since 1970 @param {number} wallMs */
export function sinceWords(ms, wallMs) {
  const then = new Date(ms);
  const time = then.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  if (then.toDateString() === new Date(wallMs).toDateString()) return time;
  return `${then.toLocaleDateString([], { day: "numeric", month: "short" })} ${time}`;
}

/**
 * @param {Desk} desk @param {import("../fleet/document.js").Document} document @param {string} id
 * @param {string[]} here @param {number} now @param {number} wallMs @returns {BoxRow}
 */
function boxRow(desk, document, id, here, now, wallMs) {
  const seen = desk.boxes.get(id);
  const fields = document.boxes[id] ?? newcomer(document, id);
  const name = fields.name || seen?.name || id;
  const { gainDb, because } = effective(document, id, desk.solo, here);
  const said = seen?.here ? desk.health.get(id) : undefined;
  const all = figures(said);
  const old = stale(said, now);
  const late = now - (desk.lateSince.get(id) ?? now) > LATE_S;
  const attention = attentionOf(seen, late, said, old);
  /** @type {Why[]} */
  const steered = seen?.here && seen.steered; // nothing makes a box silent that is not there, or is not steered
  const why = steered ? because.map((reason) => whyOf(reason, name)) : [];
  if (steered && gainDb <= SILENT_DB && why.length === 0) why.push({ text: "fader down", undo: "", path: "" });
  const { tone, state } = stateOf(seen, late, old, attention, wallMs);
  return {
    ...{ path: `boxes/${id}`, id, name, fields, tone, state, here: Boolean(seen?.here) },
    ...{ solo: desk.solo.includes(`boxes/${id}`), gainDb, because: why, levelDb: desk.level(id, now) },
    ...{ figures: all, stale: old, attention, remedies: old ? [] : remediesOf(said) },
  };
}

/**
 * @param {import("./core.js").Box | undefined} seen @param {boolean} late @param {boolean} old
 * @param {string[]} attention @param {number} wallMs @returns {{tone: Tone, state: string}}
 */
function stateOf(seen, late, old, attention, wallMs) {
  if (!seen?.here) {
    return { tone: "away", state: seen?.since ? `away since ${sinceWords(seen.since, wallMs)}` : "away" };
  }
  const [first] = attention;
  if (first) return { tone: old || late || !seen.steered ? "busy" : "bad", state: first };
  return seen.applied >= seen.wanted ? { tone: "good", state: "ready" } : { tone: "busy", state: "follows…" };
}

/**
 * What somebody should look at, the worst first.
 * @param {import("./core.js").Box | undefined} seen @param {boolean} late
 * @param {import("./core.js").Said | undefined} said @param {boolean} old @returns {string[]}
 */
function attentionOf(seen, late, said, old) {
  if (!seen?.here) return ["away"];
  const found = Object.entries(seen.refused).map(([what, why]) => `${what}: ${why}`);
  found.push(...(old ? ["no report for a while"] : troubles(said).map((each) => each.text)));
  if (late) found.push("does not follow");
  if (!seen.steered) found.push("older: no desk steers it");
  return found;
}

/** @param {import("./core.js").Said | undefined} said */
const remediesOf = (said) => troubles(said).map(({ text, remedy }) => (remedy ? `${text}: ${remedy}` : text));

/** @param {import("../fleet/effective.js").Reason} reason @param {string} name of the box @returns {Why} */
function whyOf({ text, path }, name) {
  if (path === "master") return { text: "all is off", undo: "All on", path };
  if (path === "solo") return { text: "others solo", undo: "End the solo", path };
  if (path.startsWith("zones/")) return { text: `${text} muted`, undo: `Unmute ${text}`, path };
  if (text === "new") return { text: "new", undo: `Admit ${name}`, path };
  return { text: "muted", undo: `Unmute ${name}`, path };
}

/**
 * @param {Desk} desk @param {import("../fleet/document.js").Document} document @param {string} id "" for boxes
 *   without a zone
 * @param {BoxRow[]} shown @param {BoxRow[]} all @returns {ZoneRow}
 */
function zoneRow(desk, document, id, shown, all) {
  const known = document.zones;
  const fields = known[id] ?? { name: Object.keys(known).length > 0 ? "Without a zone" : "All boxes" };
  const inside = (/** @type {BoxRow} */ row) => (id ? row.fields.zone === id : !(row.fields.zone in known));
  const members = all.filter(inside);
  const away = members.filter((row) => !row.here).length;
  const count = members.length === 1 ? "1 box" : `${members.length} boxes`;
  return {
    path: id ? `zones/${id}` : "",
    ...{ id, name: fields.name, fields, solo: desk.solo.includes(`zones/${id}`) },
    count: away > 0 ? `${members.length - away} of ${count}` : count,
    boxes: shown.filter(inside),
  };
}

/** @param {BoxRow} row @param {import("../fleet/document.js").Document} document @param {string} words */
function matches(row, document, words) {
  if (words === "") return true;
  const texts = [row.name, row.id, document.zones[row.fields.zone]?.name ?? "", ...row.fields.tags];
  return texts.some((text) => text.toLowerCase().includes(words));
}

/** @param {string} a @param {string} b */
const compare = (a, b) => a.localeCompare(b, undefined, { numeric: true }) || (a < b ? -1 : a > b ? 1 : 0);

/** @param {BoxRow} a @param {BoxRow} b */
const byName = (a, b) => compare(a.name, b.name) || compare(a.id, b.id);
