/** The menu of presets: what the linked synths can sing, and what they sing now. A choice goes to all that know it. */

/** @typedef {import("./link.js").Link} Link */

export class Presets {
  /** @type {Link[]} */
  #links = [];
  #shown = "";

  /** @param {HTMLElement} field hidden while no synth tells of presets @param {HTMLSelectElement} menu */
  constructor(field, menu) {
    this.field = field;
    this.menu = menu;
    menu.addEventListener("change", () => {
      for (const link of this.#links) link.setPreset(menu.value);
      menu.blur(); // the keys play again
    });
  }

  /** @param {Link[]} links those that are open */
  show(links) {
    this.#links = links;
    const { names, chosen, words } = choice(links.map((link) => link.synth));
    this.field.hidden = names.length === 0;
    // An open menu that is written anew closes: only when something in it is really another.
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
 * What the menu offers, and what is chosen: null when that is no entry of it, with words for it.
 * @param {{preset: string | null, presets: string[]}[]} synths
 * @returns {{names: string[], chosen: string | null, words: string}}
 */
export function choice(synths) {
  const able = synths.filter((synth) => synth.presets.length > 0);
  const names = [...new Set(able.flatMap((synth) => synth.presets))].sort();
  const now = new Set(able.map((synth) => synth.preset));
  if (now.size > 1) return { names, chosen: null, words: "several" };
  const [only = null] = now;
  if (only !== null && names.includes(only)) return { names, chosen: only, words: only };
  return { names, chosen: null, words: only ?? "the box's own voice" };
}
