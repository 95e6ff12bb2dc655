/** "Hear it here": a button in the bar while nothing else sounds, and a switch in the panel. */

/**
 * @typedef {{state: "off" | "starting" | "on" | "failed", reason: string, sounds: boolean, able: boolean,
 *   threaded: boolean}} Shown `threaded`: the browser has an audio thread for this page
 */

export class HereSwitch {
  /**
   * @param {{offer: HTMLElement, box: HTMLElement, row: HTMLElement, note: HTMLElement}} elements
   * @param {{on: () => void, off: () => void}} does
   */
  constructor({ offer, box, row, note }, does) {
    this.offer = offer;
    this.box = /** @type {HTMLInputElement} */ (box);
    this.row = row;
    this.note = note;
    offer.addEventListener("click", () => does.on());
    this.box.addEventListener("change", () => (this.box.checked ? does.on() : does.off()));
  }

  /** @param {Shown} shown @param {boolean} others whether a synth is linked */
  show(shown, others) {
    const on = shown.state === "on" || shown.state === "starting";
    this.row.hidden = !shown.able;
    this.box.checked = on;
    this.offer.hidden = on || others || !shown.able;
    const words = hereWords(shown);
    if (this.note.textContent !== words) this.note.textContent = words;
    this.note.hidden = words === "";
  }
}

/** What has to be said of this device as a voice; "" if there is nothing to say. @param {Shown} shown @returns {string} */
export function hereWords({ state, reason, sounds, able, threaded }) {
  if (!able) return "This server was built without the voice for browsers: this page plays, and cannot sing.";
  if (state === "failed") return `This device cannot sing: ${reason}.`;
  if (state === "starting") return "Starting the voice of this device…";
  if (state === "on" && !sounds) return "The sound of this device is paused: tap to go on.";
  if (state === "on" && !threaded) return "For better sound open https://… : over http this browser has no audio thread.";
  return "";
}
