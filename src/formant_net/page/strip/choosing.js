/** Carries out what is chosen: the strip and the sheet on one side, the view of the surface on the other. */
import { FILE, PLAIN_CHOICE } from "../play/choice.js";
import { viewOf } from "../play/view.js";
import { PLAIN, same } from "../protocol/range.js";
import { TuningError } from "../tuning/scl.js";
import { TWELVE, shipped } from "../tuning/shipped.js";
import { recall, remember, told } from "./memory.js";
import { readOwn, recallOwn, tuningOf } from "./own.js";
import { Sheet } from "./sheet.js";
import { Strip } from "./strip.js";
import { surfaceWords } from "./words.js";

/** @typedef {import("../play/choice.js").Choice} Choice */

const EQUAL = { scale: TWELVE, map: null };

export class Choosing {
  /** @type {Choice} */
  choice = recall();
  #own = recallOwn();
  /** The tuning that is played. @type {Parameters<typeof viewOf>[1]} */
  #tuning = EQUAL;
  /** Whose tuning it is: the choice may be newer than what was loaded. */
  #loaded = "";
  #synth = PLAIN;
  /** What is wrong with the tuning, or should be known of it. */
  #note = "";
  #sheet;
  #strip;

  /**
   * @param {object} parts
   * @param {import("../play/instrument.js").Instrument} parts.instrument
   * @param {import("../show/surface.js").Surface} parts.surface
   * @param {() => void} parts.changed
   * @param {() => void} parts.released fingers ended
   * @param {() => void} parts.leaving the surface gets another place: no finger is where it was
   * @param {() => void} parts.sharing the address will be copied: all that belongs to it has to be there
   * @param {(open: boolean) => void} parts.opens the sheet is opened or closed
   */
  constructor({ instrument, surface, changed, released, leaving, sharing, opens }) {
    this.instrument = instrument;
    this.surface = surface;
    this.changed = changed;
    this.leaving = leaving;
    this.sharing = sharing;
    this.opens = opens;
    this.#strip = new Strip({
      opens: () => this.open(this.#panel.hidden),
      shift: (by) => this.#choose({ shift: this.choice.shift + by }),
      hold: () => this.#hold(released),
    });
    this.#sheet = new Sheet({
      choose: (part) => this.#choose(part),
      files: (files) => this.#read(files),
      share: () => this.#share(),
      reset: () => this.#choose(PLAIN_CHOICE),
    });
    surface.resized = () => this.#apply();
    addEventListener("keydown", (event) => {
      const own = "input, select, button, textarea, summary, a"; // they use keys themselves
      const inField = event.target instanceof HTMLElement && event.target.matches(own);
      if (event.code === "Escape" && !this.#panel.hidden) this.close(true);
      else if (event.code === "Space" && !inField && !event.repeat) this.#hold(released);
      else return;
      event.preventDefault();
    });
    this.#load();
  }

  get #panel() {
    return /** @type {HTMLElement} */ (document.getElementById("sheet"));
  }

  /** @param {boolean} open */
  open(open) {
    this.leaving();
    this.#panel.hidden = !open;
    document.getElementById("strip-scale")?.setAttribute("aria-expanded", String(open));
    this.opens(open);
  }

  /** @param {boolean} [back] whether the focus goes back to where it was opened */
  close(back = false) {
    if (this.#panel.hidden) return;
    this.open(false);
    if (back) document.getElementById("strip-scale")?.focus();
  }

  /** The surface of the synth is this one. @param {import("../protocol/range.js").Range} range */
  over(range) {
    if (same(range, this.#synth)) return;
    this.#synth = range;
    this.#apply();
  }

  /** Somebody opened another address while the page is open. */
  addressChanged() {
    const choice = told();
    if (choice) this.#choose(choice);
  }

  /** Which synths there are. @param {{peer: string, name: string}[]} links */
  showSynths(links) {
    this.#sheet.showSynths(links);
  }

  show() {
    const { choice, instrument } = this;
    const file = this.#own?.name ?? "";
    this.#strip.show(choice, file, instrument.view, instrument);
    this.#sheet.show(choice, file, instrument.view, this.#tuning.map !== null, this.#note);
    const words = surfaceWords(instrument.view.plane);
    write("hint-how", words);
    document.getElementById("surface")?.setAttribute("aria-label", `Playing surface: ${words}`);
  }

  /** @param {Partial<Choice>} part */
  #choose(part) {
    if ((part.vowels ?? this.choice.vowels) !== this.choice.vowels) this.leaving();
    this.choice = { ...this.choice, ...part };
    remember(this.choice);
    if (this.choice.tuning === this.#loaded) this.#apply();
    else this.#load();
    this.changed();
  }

  /** @param {() => void} released */
  #hold(released) {
    if (this.instrument.hold(!this.instrument.holding)) released();
    this.surface.invalidate();
  }

  async #load() {
    const { tuning } = this.choice;
    this.#note = "";
    try {
      const found = tuning === FILE ? this.#fromFile() : { scale: await shipped(tuning), map: null };
      if (tuning !== this.choice.tuning) return; // another one was chosen meanwhile
      this.#tuning = found;
      this.#loaded = tuning;
    } catch (error) {
      this.#fail(error);
    }
    this.#apply();
  }

  #fromFile() {
    if (!this.#own) throw new TuningError("this device does not have the tuning's file: choose it here");
    return tuningOf(this.#own);
  }

  /** @param {File[]} files */
  async #read(files) {
    if (files.length === 0) return;
    try {
      const { own, warnings } = await readOwn(files, this.#own);
      this.#own = own;
      this.#loaded = "";
      this.#choose({ tuning: FILE });
      this.#note = warnings.join(". ");
    } catch (error) {
      this.#fail(error);
    }
    this.show();
  }

  #apply() {
    try {
      const view = viewOf(this.choice, this.#tuning, this.#synth, this.surface.size.width || 390);
      this.instrument.use(view, this.choice.snap / 100);
      this.surface.use(view);
    } catch (error) {
      this.#fail(error);
    }
    this.show();
  }

  /** @param {unknown} error */
  #fail(error) {
    if (!(error instanceof TuningError)) throw error;
    this.#note = `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`;
    if (!this.surface.view.own) return;
    const view = viewOf(PLAIN_CHOICE, EQUAL, this.#synth, 390);
    this.instrument.use(view, 0);
    this.surface.use(view);
  }

  async #share() {
    const note = /** @type {HTMLElement} */ (document.getElementById("share-note"));
    note.hidden = false;
    this.sharing();
    const own = this.choice.tuning === FILE ? " The tuning's file is not part of it: send it as well." : "";
    try {
      await navigator.clipboard.writeText(location.href);
      note.textContent = `Copied. Who opens it may play here as you do.${own}`;
    } catch {
      note.textContent = `Copy the address of this page from the browser.${own}`;
    }
  }
}

/** @param {string} id @param {string} text */
function write(id, text) {
  const place = document.getElementById(id);
  if (place && place.textContent !== text) place.textContent = text;
}
