/** A zone: its fader, mute and solo in one line, and its boxes below, which fold away. */
import { BoxRow, step } from "./box-row.js";
import { Fader } from "./fader.js";
import { arrange, attribute, button, make, showSwitch, write } from "./make.js";

/** @typedef {import("../desk/board.js").ZoneRow} Zone */

export class ZoneBlock {
  /** @type {Zone | null} */
  #zone = null;
  item = make("section", { className: "zone" });
  #head = make("div", { className: "row head" });
  #title = make("h2");
  #fold;
  #name = make("span", { className: "zone-name" });
  #count = make("span", { className: "count" });
  #edit;
  #fader;
  #mute;
  #solo;
  #list = make("ul", { className: "boxes" });
  /** @type {Map<string, BoxRow>} */
  #rows = new Map();
  #hands;

  /**
   * @param {import("./box-row.js").Hands} hands @param {(id: string, folded: boolean) => void} fold
   */
  constructor(hands, fold) {
    this.#hands = hands;
    const path = () => this.#zone?.path ?? "";
    const open = () => this.#fold.getAttribute("aria-expanded") === "true";
    this.#fold = button("", "fold", () => fold(this.#zone?.id ?? "", open()));
    const title = make("span", { className: "title" }, this.#name, this.#count);
    this.#fold.append(make("span", { className: "chevron" }), title);
    this.#title.append(this.#fold);
    this.#edit = button("⋯", "edit", () => hands.open(path()));
    this.#fader = new Fader((db) => hands.wish(path(), { db }));
    this.#mute = button("M", "mute", () => hands.wish(path(), { mute: !this.#zone?.fields.mute }));
    this.#solo = button("S", "solo", () => hands.solo(path(), !this.#zone?.solo));
    this.#head.append(this.#title, this.#edit, this.#fader.item, this.#mute, this.#solo);
    this.item.append(this.#head, this.#list);
    this.#head.addEventListener("keydown", (event) => {
      if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
      event.preventDefault();
      step(event, event.key === "ArrowUp" ? -1 : 1);
    });
  }

  /** How loud its boxes are, where their rows are seen. @param {(id: string) => number | null} level */
  showLevels(level) {
    if (this.#list.hidden) return;
    for (const [id, row] of this.#rows) row.showLevel(level(id));
  }

  /** @param {Zone} zone @param {boolean} folded @param {boolean} able */
  show(zone, folded, able) {
    this.#zone = zone;
    const real = zone.path !== "";
    write(this.#name, zone.name);
    write(this.#count, zone.count);
    attribute(this.#fold, "aria-expanded", String(!folded));
    attribute(this.#head, "data-muted", real && zone.fields.mute ? "" : null);
    for (const part of [this.#edit, this.#fader.item, this.#mute, this.#solo]) part.hidden = !real;
    if (real) {
      attribute(this.#edit, "aria-label", `${zone.name}: details`);
      this.#fader.show(`level of zone ${zone.name}`, zone.fields.db, able);
      showSwitch(this.#mute, `mute zone ${zone.name}`, zone.fields.mute, able);
      showSwitch(this.#solo, `solo zone ${zone.name}`, zone.solo, able);
    }
    this.#list.hidden = folded;
    if (folded) return; // rows that nobody sees cost nothing
    const there = new Set(zone.boxes.map((box) => box.id));
    for (const id of this.#rows.keys()) if (!there.has(id)) this.#rows.delete(id);
    const rows = zone.boxes.map((box) => {
      const row = this.#rows.get(box.id) ?? new BoxRow(this.#hands);
      this.#rows.set(box.id, row);
      row.show(box, able);
      return row.item;
    });
    arrange(this.#list, rows);
  }
}
