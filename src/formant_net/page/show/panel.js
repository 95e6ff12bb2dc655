/** The list of synths: the state of each, its round trip, its volume and its power. */
import { whyMute } from "./hearing.js";

/** @typedef {import("../controller/link.js").Link} Link */

export class Panel {
  /** @type {Map<string, Row>} */
  #rows = new Map();

  /** @param {HTMLElement} list @param {HTMLElement} empty shown while there is no synth */
  constructor(list, empty) {
    this.list = list;
    this.empty = empty;
  }

  /** @param {Link[]} links in the order to show @param {boolean} maySet whether this page may change settings */
  show(links, maySet) {
    const here = new Set(links.map((link) => link.peer));
    for (const [peer, row] of this.#rows) {
      if (here.has(peer)) continue;
      row.item.remove();
      this.#rows.delete(peer);
    }
    links.forEach((link, place) => {
      let row = this.#rows.get(link.peer);
      if (!row) this.#rows.set(link.peer, (row = new Row()));
      row.show(link, maySet);
      // Elements move only when the order has changed, because a moved slider loses its focus and its finger.
      if (this.list.children[place] !== row.item) this.list.insertBefore(row.item, this.list.children[place] ?? null);
    });
    this.empty.hidden = links.length > 0;
  }
}

/** The row of one synth. */
class Row {
  /** @type {Link | null} */
  #link = null;
  #sliding = false;
  item = document.createElement("li");
  #name = document.createElement("h2");
  #state = document.createElement("p");
  #power = document.createElement("button");
  #label = document.createElement("label");
  #volume = document.createElement("input");
  #percent = document.createElement("output");

  constructor() {
    this.#state.className = "state";
    this.#power.className = "power";
    this.#power.type = "button";
    this.#label.className = "volume";
    Object.assign(this.#volume, { type: "range", min: "0", max: "1", step: "0.01" });
    this.#label.append("Volume", this.#volume, this.#percent);
    this.item.append(this.#name, this.#state, this.#power, this.#label);
    this.#power.addEventListener("click", () => this.#link?.setPower(!this.#link.synth.poweredOn));
    this.#volume.addEventListener("input", () => {
      this.#sliding = true;
      this.#link?.setVolume(this.#volume.valueAsNumber);
    });
    this.#volume.addEventListener("change", () => (this.#sliding = false));
  }

  /** @param {Link} link @param {boolean} maySet */
  show(link, maySet) {
    this.#link = link;
    const { tone, text } = stateWords(link);
    const on = link.synth.poweredOn;
    const able = maySet && link.state === "open" && !link.silent;
    this.item.dataset.tone = tone;
    write(this.#name, link.name);
    write(this.#state, text);
    write(this.#power, on ? "On" : "Off");
    this.#power.setAttribute("aria-pressed", String(on));
    this.#power.setAttribute("aria-label", `Power of ${link.name}`);
    this.#power.disabled = !able;
    this.#volume.setAttribute("aria-label", `Volume of ${link.name}`);
    const volume = link.synth.volume;
    this.#volume.disabled = !able || volume === null;
    if (volume === null) return;
    if (!this.#sliding) this.#volume.value = String(volume);
    write(this.#percent, `${Math.round(volume * 100)} %`);
  }
}

/** The state to show for each reason why a synth is not heard. @type {Record<string, string>} */
const STATES = {
  "has no sound device": "no sound device",
  "is switched off": "switched off",
  "has volume 0": "volume 0",
  "is silenced at the desk": "silenced at the desk",
};

/** @param {Link} link @returns {{tone: "good" | "bad", text: string}} */
export function stateWords(link) {
  if (link.state === "connecting") return { tone: "good", text: "connecting…" };
  if (link.state === "lost") return { tone: "bad", text: `lost: ${link.ending}` };
  if (link.stale) return { tone: "bad", text: `no answer for ${Math.floor(link.silentS)} s` };
  if (link.rttS === null) return { tone: "good", text: "connected" };
  const ms = link.rttS * 1000;
  const parts = [`${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`];
  if (link.queued) parts.push("network too slow");
  if (link.loss > 0) parts.push(`${Math.round(link.loss * 100)} % lost`);
  const mute = STATES[whyMute(link)];
  return { tone: mute ? "bad" : "good", text: [mute ?? "ready", ...parts].join(" · ") };
}

/**
 * Set a text only if it differs, because screen readers repeat a text that is set again.
 * @param {HTMLElement} element @param {string} text
 */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
