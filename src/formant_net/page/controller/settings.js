/**
 * Settings that somebody chose for one synth: asked for until the synth's state shows them.
 *
 * `params` may lose a message, so the setting is sent there again with each ping. On `commands` it is sent once.
 */

/** Tries after which a setting that the synth does not show is given up. Then the synth's own state is shown. */
const TRIES = 5;

/** @typedef {import("../protocol/synth.js").SynthState} SynthState */
/**
 * @typedef {object} Request
 * @property {number | boolean | string} value
 * @property {{type: string, name: string, value: unknown}} wire
 * @property {number} tries
 */

/** What is sent for each field of the state. @type {Record<string, {type: string, name: string}>} */
const WIRE = {
  volume: { type: "param", name: "volume" },
  poweredOn: { type: "command", name: "power" },
  preset: { type: "command", name: "preset" },
};

export class Settings {
  /** @type {Map<string, Request>} */
  #requests = new Map();

  /**
   * Ask for a setting. If a person chose it, the synth remembers it over a restart.
   * @param {"volume" | "poweredOn" | "preset"} field @param {number | boolean | string} value
   * @param {boolean} [remember] false: it was played
   */
  request(field, value, remember = true) {
    this.#requests.set(field, { value, wire: { ...WIRE[field], value, remember }, tries: TRIES });
  }

  /**
   * The state to show: each setting that is still asked for, and otherwise the synth's state.
   * @param {SynthState} said @returns {SynthState}
   */
  over(said) {
    const wanted = [...this.#requests].map(([field, { value }]) => [field, value]);
    return { ...said, ...Object.fromEntries(wanted) };
  }

  /** The synth has said how it is: requests that it follows are over. @param {SynthState} said */
  settle(said) {
    for (const [field, { value }] of this.#requests) {
      if (same(/** @type {any} */ (said)[field], value)) this.#requests.delete(field);
    }
  }

  /**
   * Send what is wanted, once more or for the first time.
   * @param {boolean} reliable whether the synth has the reliable channel
   * @param {(label: "params" | "commands", message: object) => boolean} send whether there was room for it
   * @param {string} [only] this field, and no other
   */
  ask(reliable, send, only) {
    for (const [field, request] of this.#requests) {
      if (only !== undefined && field !== only) continue;
      const label = reliable && request.wire.type === "command" ? "commands" : "params";
      if (request.tries === 0) this.#requests.delete(field);
      else if (label === "commands" && request.tries < TRIES) request.tries -= 1;
      else if (send(label, request.wire)) request.tries -= 1;
    }
  }
}

/**
 * Whether a synth says what was asked for; its numbers may be rounded.
 * @param {unknown} said @param {unknown} wanted
 */
const same = (said, wanted) =>
  typeof wanted === "number" ? Math.abs(Number(said) - wanted) <= 0.005 : said === wanted;
