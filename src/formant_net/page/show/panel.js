/** The list of synths: the state of each, its round trip, its volume and its power. */
import { isPhone } from "../protocol/phones.js";
import { whyMute } from "./hearing.js";

/** @typedef {import("../controller/link.js").Link} Link */

/** More phones than this have a group of their own, which is closed until somebody opens it. */
const MANY_PHONES = 4;

export class Panel {
  /** @type {Map<string, Row>} */
  #rows = new Map();
  #group = document.createElement("details");
  #summary = document.createElement("summary");
  #phones = document.createElement("ul");

  /** @param {HTMLElement} list @param {HTMLElement} empty shown while there is no synth */
  constructor(list, empty) {
    this.list = list;
    this.empty = empty;
    this.#group.id = "phones";
    this.#group.hidden = true;
    this.#group.append(this.#summary, this.#phones);
    list.after(this.#group);
  }

  /** @param {Link[]} links in the order to show @param {boolean} maySet whether this page may change settings */
  show(links, maySet) {
    const here = new Set(links.map((link) => link.peer));
    for (const [peer, row] of this.#rows) {
      if (here.has(peer)) continue;
      row.item.remove();
      this.#rows.delete(peer);
    }
    const phones = links.filter(({ peer }) => isPhone(peer));
    const grouped = phones.length > MANY_PHONES;
    this.#group.hidden = !grouped;
    if (grouped) write(this.#summary, phonesWords(phones));
    this.#fill(this.list, grouped ? links.filter(({ peer }) => !isPhone(peer)) : links, maySet);
    this.#fill(this.#phones, grouped ? phones : [], maySet);
    this.empty.hidden = links.length > 0;
  }

  /** @param {HTMLElement} list @param {Link[]} links @param {boolean} maySet */
  #fill(list, links, maySet) {
    links.forEach((link, place) => {
      let row = this.#rows.get(link.peer);
      if (!row) this.#rows.set(link.peer, (row = new Row()));
      row.show(link, maySet);
      // Elements move only when the order has changed, because a moved slider loses its focus and its finger.
      if (list.children[place] !== row.item) list.insertBefore(row.item, list.children[place] ?? null);
    });
  }
}

/** All phones in one line. @param {Link[]} phones */
function phonesWords(phones) {
  const mute = phones.filter((link) => link.state !== "open" || whyMute(link) !== "").length;
  return `${phones.length} phones: ${phones.length - mute} ready${mute > 0 ? `, ${mute} not` : ""}`;
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
