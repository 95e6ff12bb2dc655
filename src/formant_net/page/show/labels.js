/** Places the labels of marks near their fingers, inside the surface, and without overlap. */

/** Pixels from the finger to the middle of its label, so that the hand does not hide it. */
const AWAY = 92;
const EDGE = 6;

/** @typedef {{left: number, top: number, width: number, height: number}} Box */

/**
 * @param {{x: number, y: number, width: number, height: number}[]} wanted fingers and sizes of their labels, in pixels
 * @param {{width: number, height: number}} area
 * @returns {(Box | null)[]} null where there is no room for a readable label
 */
export function placeLabels(wanted, area) {
  /** @type {Box[]} */
  const taken = [];
  return wanted.map(({ x, y, width, height }) => {
    const isFree = (/** @type {Box} */ place) => isInside(place, area) && !taken.some((other) => meet(place, other));
    const box = places(x, y, width, height, area).find(isFree);
    if (box) taken.push(box);
    return box ?? null;
  });
}

/**
 * The places for a label: above the finger, below it, next to it; then the same farther away.
 * @param {number} x @param {number} y @param {number} width @param {number} height @param {{width: number}} area
 */
function places(x, y, width, height, area) {
  const held = (/** @type {number} */ left) => Math.min(area.width - width - EDGE, Math.max(EDGE, left));
  const centred = held(x - width / 2);
  const boxes = [];
  for (let row = 0; row < 4; row += 1) {
    const away = AWAY + row * (height + EDGE);
    for (const middle of [y - away, y + away]) {
      for (const left of [centred, held(x - width - EDGE), held(x + EDGE)]) {
        boxes.push({ left, top: middle - height / 2, width, height });
      }
    }
    if (row === 0) {
      for (const left of [x + AWAY / 2, x - AWAY / 2 - width]) {
        boxes.push({ left: held(left), top: y - height / 2, width, height });
      }
    }
  }
  return boxes;
}

/** @param {Box} box @param {{width: number, height: number}} area */
const isInside = (box, area) =>
  box.left >= 0 && box.top >= EDGE && box.left + box.width <= area.width && box.top + box.height <= area.height - EDGE;

/** @param {Box} a @param {Box} b */
const meet = (a, b) =>
  a.left < b.left + b.width + EDGE &&
  b.left < a.left + a.width + EDGE &&
  a.top < b.top + b.height + EDGE &&
  b.top < a.top + a.height + EDGE;
