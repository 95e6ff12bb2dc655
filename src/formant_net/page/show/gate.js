/** The dialog that asks for a key, or whether to come back after the server has sent the page away. */

/** @param {string} id */
const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

export class Gate {
  #gate = /** @type {HTMLDialogElement} */ (element("gate"));
  #input = /** @type {HTMLInputElement} */ (element("gate-key"));
  #button = /** @type {HTMLButtonElement} */ (element("gate-button"));
  /** The present question. @type {"" | "needs-key" | "kicked"} */
  #asked = "";
  /** The person has answered, and the result is not known yet. */
  #trying = false;
  /** Why the question is asked. */
  #reason = "";

  /** @param {{key: (key: string) => void, again: () => void}} answers */
  constructor(answers) {
    element("gate-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const key = keyOf(this.#input.value.trim());
      if (this.#asked === "needs-key" && !key) return this.#input.focus();
      this.#trying = true;
      this.#button.disabled = true;
      write("gate-button", "Joining…");
      if (this.#asked === "kicked") answers.again();
      else answers.key(key);
    });
    // Nothing can be played behind the dialog. Browsers do not let a page prevent a second Escape.
    this.#gate.addEventListener("cancel", (event) => event.preventDefault());
    this.#gate.addEventListener("close", () => this.#asked !== "" && this.#ask(this.#asked, this.#reason, true));
  }

  /** Whether the dialog is open. */
  get isOpen() {
    return this.#asked !== "";
  }

  /** @param {string} state of the signaling, or how it ended @param {string} reason what the server said */
  show(state, reason) {
    if (state === "needs-key" || state === "kicked") this.#ask(state, reason);
    else if (this.#trying && (state === "connecting" || state === "registering")) return;
    else this.#close();
  }

  /**
   * @param {"needs-key" | "kicked"} question @param {string} reason
   * @param {boolean} [anew] open it again although the question is asked already
   */
  #ask(question, reason, anew = false) {
    if (question === this.#asked && !this.#trying && !anew) return;
    const again = this.#trying && reason === this.#reason;
    this.#reason = reason;
    const kicked = question === "kicked";
    this.#trying = false;
    this.#asked = question;
    this.#button.disabled = false;
    write("gate-title", kicked ? "Disconnected" : again ? "Wrong again" : reason);
    write(
      "gate-text",
      kicked
        ? `The server ended this connection${reason ? `: ${reason}` : ""}.`
        : "Open the whole join address, or scan its code again. Or type the key that follows #key= in it.",
    );
    write("gate-button", kicked ? "Play again" : "Join");
    element("gate-label").hidden = this.#input.hidden = kicked;
    if (!this.#gate.open) open(this.#gate);
    if (kicked) {
      this.#button.focus();
    } else {
      this.#input.focus();
      this.#input.select();
    }
  }

  #close() {
    this.#trying = false;
    if (this.#asked === "") return;
    this.#asked = "";
    this.#button.disabled = false;
    this.#input.value = "";
    if (this.#gate.close) this.#gate.close();
    else this.#gate.removeAttribute("open");
    document.getElementById("surface")?.focus({ preventScroll: true });
  }
}

/**
 * Open the dialog as modal: the browser keeps focus, pointers and screen readers inside. Old Safari only shows it.
 * @param {HTMLDialogElement} gate
 */
function open(gate) {
  if (gate.showModal) gate.showModal();
  else gate.setAttribute("open", "");
}

/** The key in a text, which may be the whole join URL. @param {string} text */
function keyOf(text) {
  return new URLSearchParams(text.split("#")[1] ?? "").get("key") ?? text;
}

/** @param {string} id @param {string} text */
function write(id, text) {
  if (element(id).textContent !== text) element(id).textContent = text;
}
