/** What a controller says on a data channel, checked: a message that makes no sense is null, and changes nothing. */

/**
 * @typedef {{id: number | string, x: number, y: number, z: number | null, note: number | null, vel: number | null,
 *   place: number[] | null, since: number | null}} Point
 * @typedef {{finger: number | string, active: boolean, point: Point | null, seq: number | null, t: number | null,
 *   points: Point[] | null}} Touch
 * @typedef {{timestamp: unknown, t: number | null, echo: number | null, held: number | null, seq: number | null,
 *   points: Point[] | null, rttMs: number | null}} Ping
 */

/** The range of a `note`, as protocol/fields.py has it. */
const NOTES = { low: 0, high: 135 };

const WRONG = Symbol("wrong");

/** A field that is missing (null), a number in a range, or wrong. @param {any} value @param {number} low @param {number} high */
function number(value, low, high) {
  if (value === undefined || value === null) return null;
  return typeof value === "number" && value >= low && value <= high ? value : WRONG;
}

/** @param {any} value */
const stamp = (value) => number(value, -1e15, 1e15);
/** @param {any} value */
const unit = (value) => number(value, 0, 1);

/** @param {any} value */
function seqOf(value) {
  const found = number(value, 0, Number.MAX_SAFE_INTEGER);
  return found === null || Number.isInteger(found) ? found : WRONG;
}

/** @param {any} value */
const isFinger = (value) => Number.isSafeInteger(value) || (typeof value === "string" && value.length <= 64);

/** A place on a plane of vowels: back to front, close to open. @param {any} said */
function placeOf(said) {
  if (said === undefined || said === null) return null;
  const two = Array.isArray(said) && said.length === 2 && said.every((each) => typeof each === "number" && unit(each) === each);
  return two ? said : WRONG;
}

/** @param {any} said @returns {Point | typeof WRONG} */
function pointOf(said) {
  if (said === null || typeof said !== "object" || !isFinger(said.id)) return WRONG;
  const point = {
    ...{ id: said.id, x: unit(said.x), y: unit(said.y), z: unit(said.z), vel: unit(said.vel) },
    ...{ note: number(said.note, NOTES.low, NOTES.high), place: placeOf(said.place), since: stamp(said.since) },
  };
  if (point.x === null || point.y === null || Object.values(point).includes(WRONG)) return WRONG;
  return /** @type {Point} */ (point);
}

/** @param {any} said @param {number} most @returns {Point[] | null | typeof WRONG} */
function pointsOf(said, most) {
  if (said === undefined || said === null) return null;
  if (!Array.isArray(said) || said.length > most) return WRONG;
  const points = said.map(pointOf);
  return points.includes(WRONG) ? WRONG : /** @type {Point[]} */ (points);
}

/** @param {any} said @param {import("../protocol/numbers.js").Numbers} bounds @returns {Touch | null} */
export function touchOf(said, bounds) {
  const id = said.id ?? 0;
  const fields = { seq: seqOf(said.seq), t: stamp(said.t), points: pointsOf(said.points, bounds.fingers) };
  const place = said.x === undefined || said.x === null || said.y === undefined || said.y === null;
  const point = place ? null : pointOf({ ...said, id, since: null });
  const wrong = typeof said.active !== "boolean" || !isFinger(id) || point === WRONG || Object.values(fields).includes(WRONG);
  if (wrong || (said.active && fields.points === null && point === null)) return null;
  return /** @type {Touch} */ ({ finger: id, active: said.active, point, ...fields });
}

/** @param {any} said @param {import("../protocol/numbers.js").Numbers} bounds @returns {Ping | null} */
export function pingOf(said, bounds) {
  const fields = {
    ...{ t: stamp(said.t), echo: stamp(said.echo), held: stamp(said.held), seq: seqOf(said.seq) },
    ...{ points: pointsOf(said.points, bounds.fingers), rttMs: number(said.rtt_ms, 0, 60_000) },
  };
  if (Object.values(fields).includes(WRONG)) return null;
  return /** @type {Ping} */ ({ timestamp: said.timestamp ?? null, ...fields });
}
