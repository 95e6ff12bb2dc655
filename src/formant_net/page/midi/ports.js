/**
 * The MIDI ports of the browser: asked for after a tap, attached once each, and lifted when they go.
 *
 * Browsers have them only for https addresses, and some have none at all.
 */
import { deviceOf } from "./devices.js";

/** @typedef {"off" | "asking" | "on" | "refused" | "failed" | "missing" | "insecure"} State */

export class MidiPorts {
  /** @type {State} */
  state = "off";
  /** Inputs by id. @type {Map<string, MIDIInput>} */
  #inputs = new Map();

  /**
   * @param {object} parts
   * @param {(port: string, bytes: Uint8Array) => void} parts.message
   * @param {(port: string) => void} parts.gone
   * @param {() => void} parts.changed
   */
  constructor({ message, gone, changed }) {
    this.message = message;
    this.gone = gone;
    this.changed = changed;
    if (!navigator.requestMIDIAccess) this.state = isSecureContext ? "missing" : "insecure";
  }

  /** Names of the ports that play. */
  get names() {
    return [...this.#inputs.values()].map(({ name, id }) => name || id);
  }

  /** Ask for the ports; in a tap. */
  async open() {
    if (!navigator.requestMIDIAccess || this.state === "asking" || this.state === "on") return;
    this.#become("asking");
    try {
      const access = await navigator.requestMIDIAccess({ sysex: false });
      access.addEventListener("statechange", () => this.#look(access));
      this.#become("on");
      this.#look(access);
    } catch (error) {
      const refused = error instanceof DOMException && ["NotAllowedError", "SecurityError"].includes(error.name);
      this.#become(refused ? "refused" : "failed");
    }
  }

  /** The event comes also when a port is opened, so what counts is which ports there are. @param {MIDIAccess} access */
  #look(access) {
    const there = new Map([...access.inputs.values()].filter(({ state }) => state === "connected").map((port) => [port.id, port]));
    for (const [id, input] of this.#inputs) {
      if (there.has(id)) continue;
      input.onmidimessage = null;
      this.#inputs.delete(id);
      this.gone(keyOf(input));
    }
    for (const [id, input] of there) {
      if (this.#inputs.has(id) || deviceOf(input.name ?? "").skip) continue;
      this.#inputs.set(id, input);
      input.onmidimessage = ({ data }) => data && this.message(keyOf(input), data);
    }
    this.changed();
  }

  /** @param {State} state */
  #become(state) {
    this.state = state;
    this.changed();
  }
}

/** What tells ports apart: two may have one name, and the name says which device it is. @param {MIDIInput} input */
const keyOf = ({ name, id }) => `${name ?? ""} ${id}`;

/** What is the case, and what to do. @param {State} state @param {string[]} names of the ports */
export function midiWords(state, names) {
  switch (state) {
    case "on":
      return names.length > 0 ? `Plays: ${names.join(", ")}.` : "No MIDI keyboard is there. Plug one in: it plays at once, in Firefox after the browser was restarted.";
    case "asking":
      return "The browser asks whether this page may use MIDI.";
    case "refused":
      return "The browser does not allow MIDI here. Allow it in the settings of this page, then press again.";
    case "failed":
      return "MIDI of this device cannot be opened. Another program may use it; press again to retry.";
    case "insecure":
      return "Browsers offer MIDI for https addresses only. Open this page by https.";
    case "missing":
      return "This browser has no MIDI: Safari and all browsers of iPhones lack it. Chrome, Edge and Firefox on a computer have it.";
    default:
      return "";
  }
}
