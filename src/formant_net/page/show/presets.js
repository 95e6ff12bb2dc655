/** The menu of presets: those of the linked synths, and the present one. A choice goes to every synth that knows it. */

/** @typedef {import("../controller/link.js").Link} Link */

const asPeopleCount = new Intl.Collator(undefined, { numeric: true }).compare;

export class Presets {
  /** @type {Link[]} */
  #links = [];
  #shown = "";

  /** @param {HTMLElement} field hidden while no synth lists presets @param {HTMLSelectElement} menu */
  constructor(field, menu) {
    this.field = field;
    this.menu = menu;
    menu.addEventListener("change", () => {
      for (const link of this.#links) link.setPreset(menu.value);
      menu.blur(); // so that the keys play again
    });
  }

  /** @param {Link[]} links the open links @param {boolean} maySet whether this page may change settings */
  show(links, maySet) {
    this.#links = links;
    this.menu.disabled = !maySet;
    const { names, chosen, words } = choice(links.map((link) => link.synth));
    this.field.hidden = names.length === 0;
    // The menu is written only when an entry has changed, because writing closes an open menu.
    const wanted = JSON.stringify([names, chosen === null ? words : ""]);
    if (wanted !== this.#shown) {
      this.#shown = wanted;
      const entries = names.map((name) => new Option(name, name));
      if (chosen === null) {
        const now = new Option(words, "");
        now.disabled = true;
        entries.unshift(now);
      }
      this.menu.replaceChildren(...entries);
    }
    if (this.menu.value !== (chosen ?? "")) this.menu.value = chosen ?? "";
  }
}

/**
 * The entries of the menu, and the chosen one: null if it is not an entry; `words` then describes it.
 * @param {{preset: string | null, presets: string[]}[]} synths
 * @returns {{names: string[], chosen: string | null, words: string}}
 */
export function choice(synths) {
  const able = synths.filter((synth) => synth.presets.length > 0);
  const names = [...new Set(able.flatMap((synth) => synth.presets))].sort(asPeopleCount);
  const now = new Set(able.map((synth) => synth.preset));
  if (now.size > 1) return { names, chosen: null, words: "several" };
  const [only = null] = now;
  if (only !== null && names.includes(only)) return { names, chosen: only, words: only };
  return { names, chosen: null, words: only ?? "the box's own voice" };
}
