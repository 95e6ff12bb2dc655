/** The two data channels of a link, on the thread that reads and writes them. */

/**
 * @typedef {"params" | "commands"} Label
 * @typedef {object} Events
 * @property {() => void} opened `params` is open
 * @property {(text: unknown, label: Label) => void} message
 * @property {(reason: string) => void} ended in words
 */

export class Channels {
  /** @type {Map<Label, RTCDataChannel>} */
  #channels = new Map();

  /** @param {import("../protocol/numbers.js").Numbers} bounds @param {Events} events */
  constructor(bounds, events) {
    this.bounds = bounds;
    this.events = events;
  }

  /** A channel of the link. One of a later version is not an error: it is ignored. @param {RTCDataChannel} channel */
  add(channel) {
    const { label } = channel;
    if ((label !== "params" && label !== "commands") || this.#channels.has(label)) return;
    this.#channels.set(label, channel);
    channel.onmessage = ({ data }) => this.events.message(data, label);
    if (label !== "params") return;
    channel.onclose = () => this.events.ended("connection closed");
    channel.onopen = () => this.events.opened();
    if (channel.readyState === "open") this.events.opened();
  }

  /** Whether the channel is open. @param {Label} label */
  has(label) {
    return this.#channels.get(label)?.readyState === "open";
  }

  /**
   * Send a text, unless too much waits already: each text is the present state, and the next one is newer.
   * @param {Label} label @param {string} text @returns {"sent" | "full" | "gone"}
   */
  send(label, text) {
    const channel = this.#channels.get(label);
    if (!channel) return "gone";
    const bound = label === "params" ? this.bounds.unsent_bytes : this.bounds.unsent_command_bytes;
    if (channel.bufferedAmount > bound) return "full";
    try {
      channel.send(text);
      return "sent";
    } catch {
      return "gone"; // it closed between our look and our send
    }
  }

  /** Report no further event. */
  forget() {
    for (const channel of this.#channels.values()) channel.onopen = channel.onclose = channel.onmessage = null;
  }
}
