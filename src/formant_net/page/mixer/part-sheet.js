/** The sheet of one box or zone: its name and place, its delays, what it says of how it is. */
import { freshId } from "../fleet/scenes.js";
import { split } from "../fleet/document.js";
import { soundWords } from "../desk/figures.js";
import { attribute, button, make, write } from "./make.js";

/**
 * @typedef {import("../desk/core.js").Desk} Desk
 * @typedef {import("../desk/board.js").BoxRow} BoxRow
 *
 * A field that people may change: what it is called, how it is typed, and how its text becomes a value.
 * @typedef {{key: string, label: string, hint?: string, type?: string, attributes?: Record<string, string>,
 *   text?: (value: any) => string, value?: (text: string) => any}} Field
 */

const number = (/** @type {string} */ text) => Number(text);
/** @type {Field[]} */
const OF_BOX = [
  { key: "name", label: "Name", attributes: { maxlength: "64" } },
  { key: "zone", label: "Zone" },
  {
    ...{ key: "tags", label: "Tags", hint: "words to find it by, with commas between them" },
    text: (tags) => tags.join(", "),
    value: (text) =>
      text
        .split(",")
        .map((tag) => tag.trim())
        .filter((tag) => tag !== ""),
  },
  {
    ...{ key: "delay_ms", label: "Delay, ms", hint: "it sounds so much later: 2.9 ms for each metre", type: "number" },
    ...{ attributes: { min: "0", max: "1000", step: "any", required: "" }, value: number },
  },
  {
    ...{ key: "output_latency_ms", label: "Delay behind it, ms", hint: "of an amplifier or Bluetooth; it is taken off" },
    ...{ type: "number", attributes: { min: "0", max: "500", step: "any", required: "" }, value: number },
  },
  { key: "preset", label: "Preset", hint: "empty: what players choose", attributes: { maxlength: "64" } },
  { key: "audio", label: "Sound device", hint: "empty: as it was started", attributes: { maxlength: "200" } },
];
/** @type {Field[]} */
const OF_ZONE = [
  { key: "name", label: "Name", attributes: { maxlength: "64", required: "" } },
  { key: "order", label: "Place in the list", type: "number", attributes: { step: "1", required: "" }, value: number },
];
const NEW_ZONE = "+";
/** Seconds for which a box sings, as in protocol/steering.py. */
const IDENTIFY_S = 10;

export class PartSheet {
  #path = "";
  /** The revision that this sheet shows; who changes it later makes a conflict. */
  #base = 0;
  /** @type {import("../fleet/document.js").Fields} */
  #seen = {};
  /** @type {Map<string, HTMLInputElement | HTMLSelectElement>} */
  #inputs = new Map();
  #title = make("h2", { id: "part-title" });
  #state = make("p", { className: "part-state" });
  #form = make("form", { className: "fields" });
  #trouble = make("p", { className: "trouble", hidden: true });
  #facts = make("dl", { className: "facts" });
  #save = make("button", { type: "submit", textContent: "Save", className: "main" });
  #remove;
  #identify;
  #newZone = make("input", { type: "text", maxLength: 64, placeholder: "Name of the new zone", hidden: true });
  /** The request that is to be answered. @type {number | null} */
  #asked = null;
  #removing = false;
  /** The new zone that this sheet has asked for: Save again means the same one. */
  #made = { name: "", id: "", order: 0 };
  /** The box that sings its tune because this desk has asked for it. */
  #sings = "";
  /** @type {number | undefined} */
  #timer;
  /** The request for it, while it is not answered. @type {number | null} */
  #identified = null;

  /**
   * @param {HTMLDialogElement} sheet
   * @param {{desk: Desk, send: () => void}} parts
   */
  constructor(sheet, { desk, send }) {
    this.sheet = sheet;
    this.desk = desk;
    this.send = send;
    this.#remove = button("Forget", "quiet", () => this.#forget());
    this.#identify = button("Identify", "", () => this.#sing());
    const close = button("×", "close", () => this.sheet.close());
    attribute(close, "aria-label", "Close");
    attribute(this.#trouble, "role", "alert");
    attribute(this.#newZone, "aria-label", "Name of the new zone");
    const foot = make("div", { className: "foot" }, this.#remove, this.#identify, this.#save);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#store();
    });
    this.#save.setAttribute("form", (this.#form.id = "part-form"));
    const body = make("div", { className: "body" }, this.#state, this.#form, this.#trouble, this.#facts);
    sheet.append(make("div", { className: "top" }, this.#title, close), body, foot);
    sheet.addEventListener("click", (event) => event.target === sheet && sheet.close());
  }

  /** Whether the sheet is open. */
  get isOpen() {
    return this.sheet.open;
  }

  /** Of what it shows; "" while it is closed. */
  get path() {
    return this.isOpen ? this.#path : "";
  }

  /** @param {string} path of a box or a zone */
  open(path) {
    this.#path = path;
    this.#asked = null;
    this.#removing = false;
    this.#made = { name: "", id: "", order: 0 };
    this.#trouble.hidden = true;
    this.#look();
    const box = path.startsWith("boxes/");
    this.#fill(box ? OF_BOX : OF_ZONE);
    this.#identify.hidden = !box;
    write(this.#title, this.#name(null));
    if (!this.sheet.open) this.sheet.showModal();
  }

  /** What has become of it since. @param {BoxRow | null} row of a box @param {boolean} able */
  show(row, able) {
    if (!this.isOpen) return;
    this.#answered();
    const box = row !== null;
    write(this.#title, this.#name(row));
    this.#save.disabled = !able || this.#asked !== null;
    const sings = row !== null && this.#sings === row.id;
    this.#identify.disabled = !able || !row?.here;
    write(this.#identify, sings ? "It sings… stop" : "Identify");
    attribute(this.#identify, "aria-pressed", String(sings));
    this.#remove.disabled = !able || Boolean(row?.here);
    write(this.#remove, this.#removing ? "Forget it now" : box ? "Forget" : "Delete");
    attribute(this.#remove, "title", row?.here ? "A box that is there cannot be forgotten" : null);
    write(this.#state, row ? stateWords(row) : "");
    this.#state.dataset.tone = row?.tone ?? "";
    this.#facts.hidden = !row;
    if (row) this.#showFacts(row);
  }

  /** @param {BoxRow | null} row */
  #name(row) {
    const [kind, id] = split(this.#path);
    if (kind === "boxes") return row?.name ?? id;
    return id ? this.desk.document.zones[id]?.name ?? "This zone is gone" : "New zone";
  }

  /** Take what the document says now as what is seen. */
  #look() {
    const [kind, id] = split(this.#path);
    const document = this.desk.document;
    this.#base = document.rev;
    const there = /** @type {any} */ (document)[kind]?.[id];
    this.#seen = there ?? (kind === "zones" ? { name: "", order: Object.keys(document.zones).length + 1 } : blank());
  }

  /** @param {Field[]} fields */
  #fill(fields) {
    this.#inputs.clear();
    const rows = fields.map((field) => {
      const id = `part-${field.key}`;
      const input = field.key === "zone" ? this.#zones() : make("input", { type: field.type ?? "text" });
      for (const [name, value] of Object.entries(field.attributes ?? {})) input.setAttribute(name, value);
      Object.assign(input, { id, autocomplete: "off" });
      if (field.key !== "zone") input.value = textOf(field, this.#seen[field.key]);
      if (field.key === "name" && this.#path.startsWith("boxes/")) {
        attribute(input, "placeholder", this.desk.boxes.get(split(this.#path)[1])?.name ?? "");
      }
      this.#inputs.set(field.key, input);
      const label = make("label", { htmlFor: id, textContent: field.label });
      const hint = make("small", { id: `${id}-hint`, textContent: field.hint ?? "" });
      if (field.hint) attribute(input, "aria-describedby", hint.id);
      const inputs = field.key === "zone" ? [input, this.#newZone] : [input];
      return make("div", { className: "field" }, label, ...inputs, ...(field.hint ? [hint] : []));
    });
    this.#form.replaceChildren(...rows);
  }

  #zones() {
    const choices = Object.entries(this.desk.document.zones).map(([id, zone]) => new Option(zone.name, id));
    const menu = make("select", {}, new Option("none", ""), ...choices, new Option("a new zone…", NEW_ZONE));
    menu.value = this.#seen.zone ?? "";
    this.#newZone.hidden = true;
    this.#newZone.value = "";
    menu.addEventListener("change", () => {
      this.#newZone.hidden = menu.value !== NEW_ZONE;
      if (!this.#newZone.hidden) this.#newZone.focus();
    });
    return menu;
  }

  #store() {
    const [kind] = split(this.#path);
    /** @type {import("../fleet/document.js").Fields} */
    const set = {};
    for (const field of kind === "boxes" ? OF_BOX : OF_ZONE) {
      const text = this.#inputs.get(field.key)?.value ?? "";
      if (text === textOf(field, this.#seen[field.key])) continue;
      set[field.key] = field.value ? field.value(text.trim()) : text.trim();
    }
    if (set.zone === NEW_ZONE) {
      const name = this.#newZone.value.trim();
      if (!name) return this.#newZone.focus();
      const { id, order } = this.#zoneNamed(name);
      set.zone = id;
      this.desk.set(`zones/${id}`, { name, order }, null);
    }
    let path = this.#path;
    if (path === "zones/") {
      if (!set.name) return;
      path += this.#zoneNamed(set.name).id;
      Object.assign(set, { order: set.order ?? this.#seen.order });
    }
    if (Object.keys(set).length === 0) return this.sheet.close();
    this.#asked = this.desk.set(path, set, this.#base);
    this.send();
  }

  /** The new zone of this sheet with a name. @param {string} name */
  #zoneNamed(name) {
    if (name !== this.#made.name) {
      const there = Object.keys(this.desk.document.zones);
      this.#made = { name, id: freshId("z-", name, there), order: there.length + 1 };
    }
    return this.#made;
  }

  /** Let the box sing its tune, or stop it. */
  #sing() {
    const id = split(this.#path)[1];
    const on = this.#sings !== id;
    clearTimeout(this.#timer);
    this.#sings = on ? id : "";
    if (on) this.#timer = setTimeout(() => (this.#sings = ""), 1000 * IDENTIFY_S);
    this.#trouble.hidden = true;
    this.#identified = this.desk.identify(id, on);
    this.send();
  }

  #forget() {
    if (!this.#removing) {
      this.#removing = true;
      write(this.#remove, "Forget it now");
      return;
    }
    this.#asked = this.desk.set(this.#path, null, this.desk.rev);
    this.send();
  }

  /** The server has answered what this sheet asked for. */
  #answered() {
    const heard = this.#identified === null ? null : this.desk.outcome(this.#identified);
    if (heard) this.#identified = null;
    if (heard && "code" in heard) {
      this.#sings = "";
      this.#trouble.hidden = false;
      write(this.#trouble, heard.message);
    }
    if (this.#asked === null) return;
    const outcome = this.desk.outcome(this.#asked);
    if (outcome === null) return;
    this.#asked = null;
    if (!("code" in outcome)) return this.sheet.close();
    this.#removing = false;
    this.#trouble.hidden = false;
    const kept = outcome.code === "desk-conflict" ? ` ${this.#conflict()}` : "";
    write(this.#trouble, outcome.message + kept);
  }

  /** What another desk has set meanwhile; from now on it is seen, so that Save overwrites it. */
  #conflict() {
    const before = this.#seen;
    this.#look();
    const fields = this.#path.startsWith("boxes/") ? OF_BOX : OF_ZONE;
    const others = fields.filter((each) => textOf(each, before[each.key]) !== textOf(each, this.#seen[each.key]));
    for (const field of others) {
      const input = this.#inputs.get(field.key);
      if (input && input.value === textOf(field, before[field.key])) input.value = textOf(field, this.#seen[field.key]);
    }
    const said = others.map((each) => `${each.label} is “${textOf(each, this.#seen[each.key])}” now`).join(", ");
    return `${said ? `${said}. ` : ""}Save again to set yours.`;
  }

  /** @param {BoxRow} row */
  #showFacts(row) {
    const old = row.stale ? " (old)" : "";
    const none = !row.figures.some((each) => each.known);
    const figures = none ? [{ label: "How it is", text: "not known", known: false, bad: false }] : row.figures;
    const facts = [
      ["Id", row.id, false],
      ["Sounds now", soundWords(row.levelDb) ?? "not known", false],
      ...figures.map((each) => [each.label, each.known ? each.text + old : each.text, each.bad]),
    ];
    const words = JSON.stringify(facts);
    if (this.#facts.dataset.words === words) return;
    this.#facts.dataset.words = words;
    this.#facts.replaceChildren(
      ...facts.map(([label, text, bad]) => {
        const value = make("dd", { textContent: String(text) });
        if (bad) value.dataset.tone = "bad";
        if (text === "not known") value.dataset.tone = "unknown";
        return make("div", {}, make("dt", { textContent: String(label) }), value);
      }),
    );
  }
}

/** @param {BoxRow} row */
function stateWords(row) {
  const more = row.attention.filter((each) => each !== row.state && !row.remedies.some((one) => one.startsWith(each)));
  const first = row.remedies.some((one) => one.startsWith(row.state)) ? [] : [row.state];
  return [...first, ...(row.here ? more : []), ...row.remedies].join(". ");
}

/** @param {Field} field @param {any} value */
const textOf = (field, value) => (value === undefined ? "" : field.text ? field.text(value) : String(value));

/** A box of which nothing is set. */
const blank = () => ({ name: "", zone: "", tags: [], delay_ms: 0, output_latency_ms: 0, preset: "", audio: "" });
