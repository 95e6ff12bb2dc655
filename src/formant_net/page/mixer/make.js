/** Small makers of elements, and writers that change the page only where something differs. */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Record<string, any>} [properties] of the element; `aria` and `data` objects become attributes
 * @param {(Node | string)[]} children @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, { aria = {}, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(aria)) element.setAttribute(`aria-${name}`, String(value));
  element.append(...children);
  return element;
}

/** A button that can be pressed. @param {string} text @param {string} className @param {() => void} pressed */
export function button(text, className, pressed) {
  const element = make("button", { type: "button", textContent: text, className });
  element.addEventListener("click", pressed);
  return element;
}

/**
 * Set a text only if it differs, because screen readers repeat a text that is set again.
 * @param {Node} element @param {string} text
 */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {Element} element @param {string} name @param {string | null} value null: without it */
export function attribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/**
 * Show a switch: its name, whether it is on, whether it can be used.
 * @param {HTMLButtonElement} element @param {string} label @param {boolean} on @param {boolean} able
 */
export function showSwitch(element, label, on, able) {
  attribute(element, "aria-label", label);
  attribute(element, "aria-pressed", String(on));
  if (element.disabled === able) element.disabled = !able;
}

/**
 * Put elements into a list in this order. As few as possible move: one that stays keeps its focus and its finger.
 * @param {HTMLElement} list @param {HTMLElement[]} items
 */
export function arrange(list, items) {
  const places = new Map(items.map((item, place) => [/** @type {Element} */ (item), place]));
  for (const child of [...list.children]) if (!places.has(child)) child.remove();
  const staying = longestRising([...list.children].map((child) => places.get(child) ?? 0));
  /** @type {HTMLElement | null} */
  let next = null;
  for (let place = items.length - 1; place >= 0; place -= 1) {
    if (!staying.has(place)) list.insertBefore(items[place], next);
    next = items[place];
  }
}

/** The longest run of numbers that rises, with others left out. @param {number[]} numbers all different */
function longestRising(numbers) {
  /** Where the run of each length ends, with the least number. @type {number[]} */
  const ends = [];
  /** @type {(number | undefined)[]} */
  const before = [];
  numbers.forEach((number, at) => {
    let length = ends.length;
    while (length > 0 && numbers[ends[length - 1]] > number) length -= 1;
    before[at] = ends[length - 1];
    ends[length] = at;
  });
  /** @type {Set<number>} */
  const run = new Set();
  for (let at = ends.at(-1); at !== undefined; at = before[at]) run.add(numbers[at]);
  return run;
}
