/** The question in the way of playing: which key, or whether to come back after being sent away. */

/** @param {string} id */
const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

export class Gate {
  #gate = element("gate");
  #input = /** @type {HTMLInputElement} */ (element("gate-key"));
  /** What is asked now. */
  #asked = "";

  /** @param {{key: (key: string) => void, again: () => void}} answers */
  constructor(answers) {
    element("gate-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const key = this.#input.value.trim();
      if (this.#asked === "kicked") answers.again();
      else if (key) answers.key(keyOf(key));
    });
  }

  /** @param {string} state of the signaling @param {string} reason */
  show(state, reason) {
    const question = state === "needs-key" || state === "kicked" ? state : "";
    const kicked = question === "kicked";
    if (question) {
      write("gate-title", kicked ? "Disconnected" : reason);
      write(
        "gate-text",
        kicked
          ? `The server ended this connection${reason ? `: ${reason}` : ""}.`
          : "Open the whole join address, or scan its code again. Or type the key that follows #key= in it.",
      );
      write("gate-button", kicked ? "Play again" : "Join");
      element("gate-label").hidden = this.#input.hidden = kicked;
    }
    if (question === this.#asked) return;
    this.#asked = question;
    this.#gate.hidden = question === "";
    if (question === "needs-key") this.#input.select();
    if (kicked) element("gate-button").focus();
  }
}

/** Somebody may paste the whole address. @param {string} text */
function keyOf(text) {
  return new URLSearchParams(text.split("#")[1] ?? "").get("key") ?? text;
}

/** @param {string} id @param {string} text */
function write(id, text) {
  if (element(id).textContent !== text) element(id).textContent = text;
}
