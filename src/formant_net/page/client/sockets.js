/** Carries out the effects of signaling: opens, uses and closes WebSockets, and keeps its single timer. */

const SHORTEST_MS = 10;

/**
 * Whether the page's own server is healthy. False for other servers: the page's policy forbids the request.
 * @param {string} url of the server's WebSocket
 */
async function healthy(url) {
  const health = new URL("healthz", url.replace(/^ws/, "http"));
  if (health.origin !== location.origin) return false;
  try {
    return (await fetch(health, { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

/**
 * @typedef {object} Events
 * @property {() => void} changed the state of signaling has changed
 * @property {(message: any, now: number) => void} [received] what signaling passes on, or null; without it, these two:
 * @property {(synth: string, description: RTCSessionDescriptionInit) => void} [offer]
 * @property {(synth: string, candidate: RTCIceCandidateInit | null) => void} [candidate]
 */

export class Sockets {
  /** @type {Map<number, WebSocket>} */
  #sockets = new Map();
  /** @type {number | undefined} */
  #timer;
  /** The state at the last call of `changed`. */
  #seen = "";

  /** @param {{signaling: import("./signaling.js").Signaling, clock: () => number, events: Events}} parts */
  constructor({ signaling, clock, events }) {
    this.signaling = signaling;
    this.clock = clock;
    this.events = events;
  }

  /** Make one change of signaling and carry out its effects. @param {(now: number) => void} change */
  does(change) {
    change(this.clock());
    for (const effect of this.signaling.drain()) this.#carryOut(effect);
    this.#arm();
    const { state, ending, reason, registrations } = this.signaling;
    const seen = [state, ending, reason, registrations].join();
    if (seen === this.#seen) return;
    this.#seen = seen;
    this.events.changed();
  }

  /** Check the deadline. The timer of a hidden tab may sleep, so another timer also calls this. */
  tick() {
    const due = this.signaling.nextDeadline();
    if (due !== null && this.clock() >= due) this.does((now) => this.signaling.onDeadline(now));
    else this.#arm(); // a clock that moves in steps may lag behind the timer
  }

  /** @param {object} message */
  send(message) {
    this.does(() => this.signaling.send(message));
  }

  /** @param {import("./signaling.js").Effect} effect */
  #carryOut(effect) {
    switch (effect.do) {
      case "connect":
        this.#connect(effect.attempt, effect.url);
        break;
      case "send": {
        const socket = this.#sockets.get(effect.attempt);
        if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(effect.message));
        break;
      }
      case "disconnect":
        this.#forget(effect.attempt)?.close();
        break;
      case "check":
        healthy(effect.url).then((ok) => this.does((now) => this.signaling.checked(effect.number, ok, now)));
    }
  }

  /** @param {number} attempt @param {string} url */
  #connect(attempt, url) {
    const closed = () => {
      this.#forget(attempt);
      this.does((now) => this.signaling.closed(attempt, now));
    };
    try {
      const socket = new WebSocket(url);
      this.#sockets.set(attempt, socket);
      socket.onopen = () => this.does((now) => this.signaling.opened(attempt, now));
      socket.onmessage = ({ data }) => this.#receive(attempt, data);
      socket.onclose = closed;
    } catch {
      queueMicrotask(closed); // an invalid address, or one that the page's policy forbids
    }
  }

  /** Forget a socket and ignore its further events. @param {number} attempt */
  #forget(attempt) {
    const socket = this.#sockets.get(attempt);
    this.#sockets.delete(attempt);
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    return socket;
  }

  /** @param {number} attempt @param {unknown} text */
  #receive(attempt, text) {
    let message;
    try {
      message = JSON.parse(String(text));
    } catch {
      return; // a message that is not JSON is ignored
    }
    if (message === null || typeof message !== "object") return;
    this.does((now) => this.#relayed(this.signaling.receive(attempt, message, now), now));
  }

  /** Handle a message of another client. @param {any} message @param {number} now seconds */
  #relayed(message, now) {
    if (this.events.received) {
      this.events.received(message, now);
      return;
    }
    const from = message?.source ?? message?.sender_id;
    if (typeof from !== "string") return;
    if (message.type === "offer" && message.data?.type === "offer" && typeof message.data.sdp === "string") {
      this.events.offer?.(from, { type: "offer", sdp: message.data.sdp });
    } else if (message.type === "ice-candidate" || message.type === "ice") {
      this.events.candidate?.(from, message.data ?? null);
    }
  }

  #arm() {
    clearTimeout(this.#timer);
    const due = this.signaling.nextDeadline();
    if (due !== null) this.#timer = setTimeout(() => this.tick(), Math.max(SHORTEST_MS, 1000 * (due - this.clock())));
  }
}
