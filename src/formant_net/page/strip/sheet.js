/** The sheet below the strip: every choice of the surface, each with its words. */
import { FILE, PATH, PLAIN_CHOICE, PLANE, ROOTS } from "../play/choice.js";
import { ALL, SCALES } from "../tuning/scales.js";
import { SHIPPED } from "../tuning/shipped.js";
import { planeWords, rootName, scaleName } from "./words.js";

/** @typedef {import("../play/choice.js").Choice} Choice */

/** @template {HTMLElement} T @param {string} id @returns {T} */
const element = (id) => /** @type {T} */ (document.getElementById(id));

export class Sheet {
  #scale = /** @type {HTMLSelectElement} */ (element("scale"));
  #root = /** @type {HTMLSelectElement} */ (element("root"));
  #tuning = /** @type {HTMLSelectElement} */ (element("tuning"));
  #files = /** @type {HTMLInputElement} */ (element("tuning-files"));
  #snap = /** @type {HTMLInputElement} */ (element("snap"));
  #octaves = /** @type {HTMLSelectElement} */ (element("octaves"));
  #vowels = /** @type {HTMLSelectElement} */ (element("vowels"));
  #plays = element("plays");
  #shownSynths = "";
  #choice = PLAIN_CHOICE;

  /**
   * @param {object} does
   * @param {(part: Partial<Choice>) => void} does.choose
   * @param {(files: File[]) => void} does.files
   * @param {() => void} does.share
   * @param {() => void} does.reset
   */
  constructor({ choose, files, share, reset }) {
    this.choose = choose;
    this.#scale.append(new Option("Every pitch", ""), new Option("All steps", ALL));
    for (const name of Object.keys(SCALES)) this.#scale.append(new Option(capital(scaleName(name)), name));
    for (const name of ROOTS) this.#root.append(new Option(rootName(name), name));
    for (const [name, words] of Object.entries(SHIPPED)) this.#tuning.append(new Option(words, name));
    this.#octaves.append(new Option("As the synth", "0"));
    for (const count of [1, 2, 3, 4]) this.#octaves.append(new Option(count === 1 ? "1 octave" : `${count} octaves`, String(count)));
    this.#vowels.append(new Option("Up the surface", PATH), new Option("On a plane of their own", PLANE));
    menu(this.#scale, (scale) => choose({ scale }));
    menu(this.#root, (root) => choose({ root }));
    menu(this.#tuning, (tuning) => choose({ tuning }));
    menu(this.#octaves, (octaves) => choose({ octaves: Number(octaves) }));
    menu(this.#vowels, (vowels) => choose({ vowels }));
    this.#snap.addEventListener("input", () => choose({ snap: this.#snap.valueAsNumber }));
    element("tuning-open").addEventListener("click", () => this.#files.click());
    this.#files.addEventListener("change", () => {
      files([...(this.#files.files ?? [])]);
      this.#files.value = ""; // so that the same file can be chosen again
    });
    element("share").addEventListener("click", share);
    element("plain").addEventListener("click", reset);
  }

  /**
   * @param {Choice} choice @param {string} file name of the tuning of a file, or ""
   * @param {import("../play/view.js").View} view @param {boolean} mapped whether a keyboard mapping says what is played
   * @param {string} note what is to be said of the tuning
   */
  show(choice, file, view, mapped, note) {
    this.#choice = choice;
    if (file && this.#tuning.options.length === Object.keys(SHIPPED).length) this.#tuning.append(new Option(file, FILE));
    if (file) this.#tuning.options[this.#tuning.options.length - 1].text = file;
    if (!isListed(this.#scale, choice.scale)) this.#scale.append(new Option(`Degrees ${choice.scale}`, choice.scale));
    set(this.#scale, choice.scale || (view.steps ? ALL : "")); // a tuning alone is played with all its steps
    set(this.#root, choice.root);
    set(this.#tuning, choice.tuning);
    set(this.#octaves, String(choice.octaves));
    set(this.#vowels, choice.vowels);
    this.#scale.disabled = this.#root.disabled = mapped;
    if (this.#snap.valueAsNumber !== choice.snap) this.#snap.value = String(choice.snap);
    this.#snap.disabled = view.steps === null;
    write("snap-percent", `${choice.snap} %`);
    const narrow = view.narrow ? "On this screen fewer octaves fit: each step has room for a finger." : "";
    say("tuning-note", note);
    say("range-note", narrow);
    say("vowels-note", choice.vowels === PLANE ? planeWords(view.plane) : "");
  }

  /** Which synths this page plays. @param {{peer: string, name: string}[]} links */
  showSynths(links) {
    const known = JSON.stringify([links.map(({ peer, name }) => [peer, name]), this.#choice.without]);
    if (known === this.#shownSynths) return;
    this.#shownSynths = known;
    element("plays-field").hidden = links.length < 2 && this.#choice.without.length === 0;
    const focused = document.activeElement?.id;
    this.#plays.replaceChildren(...links.map(({ peer, name }) => this.#switch(peer, name)));
    if (focused?.startsWith("plays-")) document.getElementById(focused)?.focus();
  }

  /** @param {string} peer @param {string} name */
  #switch(peer, name) {
    const box = document.createElement("input");
    Object.assign(box, { type: "checkbox", id: `plays-${peer}`, className: "check" });
    box.setAttribute("aria-label", `Play ${name}`);
    box.checked = !this.#choice.without.includes(peer);
    box.addEventListener("change", () => {
      const others = this.#choice.without.filter((each) => each !== peer);
      this.choose({ without: box.checked ? others : [...others, peer] });
    });
    const label = document.createElement("label");
    label.className = "check-row";
    label.append(box, name);
    return label;
  }
}

/**
 * A menu; after a choice by a pointer the keys play again.
 * @param {HTMLSelectElement} select @param {(value: string) => void} chosen
 */
function menu(select, chosen) {
  let pointed = false;
  select.addEventListener("pointerdown", () => (pointed = true));
  select.addEventListener("keydown", () => (pointed = false));
  select.addEventListener("change", () => {
    chosen(select.value);
    if (pointed) select.blur();
  });
}

/** @param {HTMLSelectElement} select @param {string} value */
const isListed = (select, value) => [...select.options].some((option) => option.value === value);

/** @param {HTMLSelectElement} select @param {string} value */
function set(select, value) {
  if (select.value !== value) select.value = value;
}

/** @param {string} text */
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** @param {string} id @param {string} text */
function write(id, text) {
  if (element(id).textContent !== text) element(id).textContent = text;
}

/** @param {string} id @param {string} text */
function say(id, text) {
  write(id, text);
  element(id).hidden = text === "";
}
