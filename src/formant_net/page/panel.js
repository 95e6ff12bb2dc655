/** The list of synths: what each says of itself, how far away it is, its volume and its power. */

/** @typedef {import("./link.js").Link} Link */

export class Panel {
  /** @type {Map<string, Row>} */
  #rows = new Map();

  /** @param {HTMLElement} list @param {HTMLElement} empty shown while there is none */
  constructor(list, empty) {
    this.list = list;
    this.empty = empty;
  }

  /** @param {Link[]} links in the order to show */
  show(links) {
    const here = new Set(links.map((link) => link.peer));
    for (const [peer, row] of this.#rows) {
      if (here.has(peer)) continue;
      row.item.remove();
      this.#rows.delete(peer);
    }
    links.forEach((link, place) => {
      let row = this.#rows.get(link.peer);
      if (!row) this.#rows.set(link.peer, (row = new Row()));
      row.show(link);
      // Moving an element takes the focus and the finger off its slider: only when the order is really another one.
      if (this.list.children[place] !== row.item) this.list.insertBefore(row.item, this.list.children[place] ?? null);
    });
    this.empty.hidden = links.length > 0;
  }
}

/** One synth of the list. */
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

  /** @param {Link} link */
  show(link) {
    this.#link = link;
    const { tone, text } = stateWords(link);
    const on = link.synth.poweredOn;
    const open = link.state === "open" && !link.silent;
    this.item.dataset.tone = tone;
    write(this.#name, link.name);
    write(this.#state, text);
    write(this.#power, on ? "On" : "Off");
    this.#power.setAttribute("aria-pressed", String(on));
    this.#power.setAttribute("aria-label", `Power of ${link.name}`);
    this.#power.disabled = !open;
    this.#volume.setAttribute("aria-label", `Volume of ${link.name}`);
    const volume = link.synth.volume;
    this.#volume.disabled = !open || volume === null;
    if (volume === null) return;
    if (!this.#sliding) this.#volume.value = String(volume);
    write(this.#percent, `${Math.round(volume * 100)} %`);
  }
}

/** @param {Link} link @returns {{tone: "good" | "bad", text: string}} */
export function stateWords(link) {
  if (link.state === "connecting") return { tone: "good", text: "connecting…" };
  if (link.state === "lost") return { tone: "bad", text: `lost: ${link.ending}` };
  if (link.stale) return { tone: "bad", text: `no answer for ${Math.floor(link.silentS)} s` };
  if (link.rttS === null) return { tone: "good", text: "connected" };
  const ms = link.rttS * 1000;
  const parts = [`${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`];
  if (link.loss > 0) parts.push(`${Math.round(link.loss * 100)} % lost`);
  if (!link.synth.poweredOn) parts.unshift("switched off");
  else if (!link.synth.audioEnabled) parts.unshift("no sound device");
  else parts.unshift("ready");
  return { tone: "good", text: parts.join(" · ") };
}

/** Leave text alone that is right already: screen readers repeat what is written. @param {HTMLElement} element @param {string} text */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
