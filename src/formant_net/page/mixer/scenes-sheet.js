/** The sheet of scenes: recall one, take the recall back, store the present levels, delete. */
import { captured, freshId } from "../fleet/scenes.js";
import { attribute, button, make, write } from "./make.js";

/** @typedef {import("../desk/core.js").Desk} Desk */

export class ScenesSheet {
  #list = make("ul", { className: "scenes" });
  #empty = make("p", { textContent: "No scene yet. A scene keeps the present faders, mutes and presets." });
  #undo;
  #form = make("form", { className: "store" });
  #name = make("input", { type: "text", maxLength: 64, required: true, placeholder: "Name", autocomplete: "off" });
  #ramp = make("input", { type: "number", min: "0", max: "600", step: "any", value: "2", required: true });
  #trouble = make("p", { className: "trouble", hidden: true });
  #store = make("button", { type: "submit", textContent: "Store", className: "main" });
  /** What is shown. */
  #shown = "";
  /** The scene whose deletion has to be confirmed. */
  #deleting = "";
  /** @type {{number: number, said: string, undo: boolean} | null} */
  #asked = null;

  /**
   * @param {HTMLDialogElement} sheet
   * @param {{desk: Desk, send: () => void, said: (text: string, undo: boolean) => void}} parts
   */
  constructor(sheet, { desk, send, said }) {
    this.sheet = sheet;
    this.desk = desk;
    this.send = send;
    this.said = said;
    this.#undo = button("Undo the last recall", "quiet", () => this.undo());
    const close = button("×", "close", () => sheet.close());
    attribute(close, "aria-label", "Close");
    attribute(this.#trouble, "role", "alert");
    attribute(this.#name, "aria-label", "Name of the scene to store");
    const ramp = make("label", { className: "ramp" }, "Ramp", this.#ramp, "s");
    this.#form.append(this.#name, ramp, this.#store);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#storeScene();
    });
    const title = make("h2", { id: "scenes-title", textContent: "Scenes" });
    const body = make("div", { className: "body" }, this.#empty, this.#list, this.#trouble);
    const heading = make("h3", { textContent: "Store the present levels" });
    const foot = make("div", { className: "foot" }, heading, this.#form, this.#undo);
    sheet.append(make("div", { className: "top" }, title, close), body, foot);
    sheet.addEventListener("click", (event) => event.target === sheet && sheet.close());
  }

  open() {
    this.#trouble.hidden = true;
    this.#deleting = "";
    this.sheet.showModal();
  }

  /** Take back the last scene that was recalled, by whichever desk. */
  undo() {
    this.#ask(this.desk.undo(), "The recall is undone", false);
  }

  /** @param {boolean} able */
  show(able) {
    this.#answered();
    if (!this.sheet.open) return;
    const { scenes } = this.desk.document;
    this.#empty.hidden = Object.keys(scenes).length > 0;
    this.#store.disabled = this.#undo.disabled = !able;
    const shown = JSON.stringify([scenes, able, this.#deleting]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const byName = (/** @type {string} */ a, /** @type {string} */ b) => scenes[a].name.localeCompare(scenes[b].name);
    const ids = Object.keys(scenes).sort(byName);
    const focused = this.#list.contains(document.activeElement) ? document.activeElement?.id : "";
    this.#list.replaceChildren(...ids.map((id) => this.#item(id, scenes[id], able)));
    if (focused) document.getElementById(focused)?.focus();
  }

  /** @param {string} id @param {import("../fleet/document.js").Fields} scene @param {boolean} able */
  #item(id, scene, able) {
    const recalled = `${scene.name} is recalled`;
    const recall = button(scene.name, "recall", () => this.#ask(this.desk.recall(id), recalled, true));
    const ramp = scene.ramp_s > 0 ? `within ${scene.ramp_s} s` : "at once";
    recall.append(" ", make("small", { textContent: ramp }));
    attribute(recall, "aria-label", `recall ${scene.name} ${ramp}`);
    const again = button("Store again", "quiet", () => this.#storeAgain(id, scene));
    attribute(again, "aria-label", `Store again: ${scene.name}`);
    const sure = this.#deleting === id;
    const remove = button(sure ? "Delete now" : "Delete", "quiet", () => this.#delete(id, scene));
    attribute(remove, "aria-label", `${sure ? "Delete now" : "Delete"}: ${scene.name}`);
    [recall, again, remove].forEach((each, place) =>
      Object.assign(each, { id: `scene-${id}-${place}`, disabled: !able }),
    );
    return make("li", {}, recall, again, remove);
  }

  #storeScene() {
    const name = this.#name.value.trim();
    if (!name) return this.#name.focus();
    const document = this.desk.document;
    const id = freshId("s-", name, Object.keys(document.scenes));
    const scene = captured(document, name, Number(this.#ramp.value) || 0);
    this.#ask(this.desk.set(`scenes/${id}`, scene, document.rev), `${name} is stored`, false);
    this.#name.value = "";
  }

  /** @param {string} id @param {import("../fleet/document.js").Fields} scene */
  #storeAgain(id, scene) {
    const document = this.desk.document;
    const anew = captured(document, scene.name, scene.ramp_s);
    this.#ask(this.desk.set(`scenes/${id}`, anew, document.rev), `${scene.name} is stored`, false);
  }

  /** @param {string} id @param {import("../fleet/document.js").Fields} scene */
  #delete(id, scene) {
    if (this.#deleting !== id) {
      this.#deleting = id;
      this.show(true);
      return;
    }
    this.#deleting = "";
    this.#ask(this.desk.set(`scenes/${id}`, null, this.desk.rev), `${scene.name} is deleted`, false);
  }

  /** @param {number} number @param {string} said once it is done @param {boolean} undo */
  #ask(number, said, undo) {
    this.#asked = { number, said, undo };
    this.#trouble.hidden = true;
    this.send();
  }

  #answered() {
    if (!this.#asked) return;
    const { number, said, undo } = this.#asked;
    const outcome = this.desk.outcome(number);
    if (outcome === null) return;
    this.#asked = null;
    if (!("code" in outcome)) return this.said(said, undo);
    this.#trouble.hidden = false;
    write(this.#trouble, outcome.message);
  }
}
