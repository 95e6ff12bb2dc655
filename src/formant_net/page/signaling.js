/**
 * The WebSocket to the server: registers, keeps the registration alive, comes back by itself after a loss.
 *
 * It carries discovery and signaling only; links to synths live on without it.
 */
import { Backoff } from "./backoff.js";

const CONNECT_S = 8;
const HEARTBEAT_S = 20;
/** A server that is asked whether it is still there has so long to answer. */
const VERIFY_S = 2;
/** A better server has to be well at so many checks, so far apart, before the page goes back to it. */
const CHECK_S = 10;
const CHECKS = 3;

async function homeIsWell() {
  try {
    return (await fetch("/healthz", { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

/**
 * @typedef {"connecting" | "registering" | "registered" | "waiting" | "refused" | "needs-key" | "kicked"} State
 * @typedef {object} Events
 * @property {() => void} changed the state is another one
 * @property {(synth: string, description: RTCSessionDescriptionInit) => void} offer
 * @property {(synth: string, candidate: RTCIceCandidateInit | null) => void} candidate
 */

export class Signaling {
  /** @type {State} */
  state = "connecting";
  reason = "";
  /** @type {RTCIceServer[]} */
  iceServers = [];
  edge = "";
  retryAt = 0;
  registrations = 0;
  #heartbeatS = HEARTBEAT_S;
  #since = 0;
  #sentAt = 0;
  /** @type {number | null} */
  #answerBy = null;
  /** @type {WebSocket | null} */
  #socket = null;
  /** Set by an `error` that the next close belongs to. @type {State | null} */
  #ending = null;
  /** @type {number | undefined} */
  #timer;
  /** Other servers of the ensemble, as the present one names them. @type {string[]} */
  #others = [];
  /** Which one is in use or tried next: 0 is the page's own. */
  #at = 0;
  #checkedAt = 0;
  #well = 0;

  /**
   * @param {object} parts
   * @param {string} parts.url
   * @param {import("./identity.js").Identity} parts.identity
   * @param {string | null} parts.key
   * @param {Events} parts.events
   * @param {() => number} parts.clock seconds
   * @param {Backoff} [parts.backoff]
   * @param {() => Promise<boolean>} [parts.home] whether the page's own server is well
   */
  constructor({ url, identity, key, events, clock, backoff = new Backoff(), home = homeIsWell }) {
    this.url = url;
    this.identity = identity;
    this.key = key;
    this.events = events;
    this.clock = clock;
    this.backoff = backoff;
    this.home = home;
  }

  /** The server that is in use or tried next. */
  get server() {
    return [this.url, ...this.#others][this.#at] ?? this.url;
  }

  /** Connect now, whatever was planned. */
  connect() {
    clearTimeout(this.#timer);
    this.#drop();
    this.#ending = null;
    this.#since = this.clock();
    let socket;
    try {
      socket = new WebSocket(this.server);
    } catch {
      this.#retry("waiting");
      return;
    }
    this.#socket = socket;
    this.#become("connecting");
    // A socket that was replaced may still call back: what it says is no longer about us.
    const ours = (/** @type {(event: any) => void} */ handle) => (/** @type {any} */ event) => {
      if (socket === this.#socket) handle(event);
    };
    socket.onopen = ours(() => this.#register());
    socket.onmessage = ours(({ data }) => this.#receive(data));
    socket.onclose = ours(() => this.#closed());
  }

  /** Try again at once if we are waiting: the network came back, or somebody looks at the page. */
  hurry() {
    if (this.state === "waiting" || this.state === "refused") this.connect();
  }

  /** The network is another one: what the old socket believes is worth nothing. */
  networkChanged() {
    if (this.state !== "kicked" && this.state !== "needs-key") this.connect();
  }

  /** Something else has failed: is the server still there? The browser would not tell for minutes. */
  verify() {
    if (this.state !== "registered" || this.#answerBy !== null) return;
    this.#answerBy = this.clock() + VERIFY_S;
    this.#sendRegister(); // every server answers it, and it changes nothing
  }

  /** @param {string} key */
  useKey(key) {
    this.key = key;
    this.connect();
  }

  /** @param {number} now seconds */
  tick(now) {
    if (this.state === "registered" && now - this.#sentAt >= this.#heartbeatS) {
      this.send({ type: "heartbeat", source: this.identity.id });
    }
    if (this.#answerBy !== null && now >= this.#answerBy) this.#closed();
    if ((this.state === "connecting" || this.state === "registering") && now - this.#since >= CONNECT_S) this.#closed();
    if (this.state === "registered" && this.#at > 0 && now - this.#checkedAt >= CHECK_S) this.#lookHome(now);
    // The page's own timer may sleep in a hidden tab; ticks do not.
    if ((this.state === "waiting" || this.state === "refused") && now >= this.retryAt) this.connect();
  }

  /** @param {object} message @returns {boolean} whether it left */
  send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    this.#sentAt = this.clock();
    return true;
  }

  #register() {
    this.#become("registering");
    this.#sendRegister();
  }

  #sendRegister() {
    const { id, resume, run } = this.identity;
    this.send({
      type: "register",
      client_id: id,
      role: "controller",
      meta: { run },
      ...(this.key ? { key: this.key } : {}),
      ...(resume ? { resume } : {}),
    });
  }

  /** @param {unknown} text */
  #receive(text) {
    let message;
    try {
      message = JSON.parse(String(text));
    } catch {
      return; // not ours to repair; the next message may be good
    }
    if (message === null || typeof message !== "object") return;
    const from = message.source ?? message.sender_id;
    switch (message.type) {
      case "registered":
        this.#registered(message);
        break;
      case "offer":
        if (typeof from === "string" && message.data?.type === "offer" && typeof message.data.sdp === "string") {
          this.events.offer(from, { type: "offer", sdp: message.data.sdp });
        }
        break;
      case "ice-candidate":
      case "ice":
        if (typeof from === "string") this.events.candidate(from, message.data ?? null);
        break;
      case "ice-servers":
        if (Array.isArray(message.ice_servers)) this.iceServers = message.ice_servers; // passwords of relays run out
        break;
      case "move":
        // Not all at once: the next server would be busy with a thousand registrations.
        if (this.#others.length > 0) setTimeout(() => this.#moveOn(), Math.random() * 500 * Math.min(10, Number(message.within_s) || 0));
        break;
      case "kicked":
        this.#end("kicked", String(message.reason ?? ""));
        break;
      case "error":
        this.#refused(message);
        break;
    }
  }

  /** @param {any} message */
  #registered(message) {
    if (typeof message.resume === "string") this.identity.resume = message.resume;
    if (message.heartbeat_s > 0) this.#heartbeatS = message.heartbeat_s;
    this.iceServers = Array.isArray(message.ice_servers) ? message.ice_servers : [];
    this.edge = String(message.edge ?? "");
    if (Array.isArray(message.servers)) this.#learn(message.servers);
    this.#well = 0;
    this.#checkedAt = this.clock();
    this.reason = "";
    if (this.state === "registered") {
      this.#answerBy = null; // what `verify` asked
      return;
    }
    this.registrations += 1;
    this.backoff.opened(this.clock());
    this.#become("registered");
  }

  /** An `error`: only one about our registration changes what we do. @param {any} message */
  #refused(message) {
    if (this.state === "registered") {
      if (message.about === "register") this.#answerBy = null; // it is there
      return;
    }
    const code = String(message.code ?? "");
    this.reason = String(message.message ?? code).slice(0, 200);
    if (code === "token-expired" || code === "not-allowed") {
      this.#end("needs-key", this.reason);
    } else if (code === "bad-key") {
      this.#end("needs-key", this.key ? "Wrong key" : "This instrument needs a key");
    } else if (code === "id-taken") {
      this.identity.fresh();
      this.connect();
    } else {
      this.#ending = "refused";
      this.#socket?.close();
    }
  }

  /** No more tries until somebody asks for one. @param {State} state @param {string} reason */
  #end(state, reason) {
    this.#drop();
    this.reason = reason;
    this.#become(state);
  }

  /** @param {unknown[]} servers */
  #learn(servers) {
    const secure = this.url.startsWith("wss:");
    const usable = servers.filter((one) => typeof one === "string" && /^wss?:\/\//.test(one) && (!secure || one.startsWith("wss:")));
    const now = this.server;
    this.#others = [...new Set([...(this.#at > 0 ? [now] : []), .../** @type {string[]} */ (usable)])].filter((one) => one !== this.url);
    this.#at = this.#at > 0 ? 1 + this.#others.indexOf(now) : 0;
  }

  /** To the next server; links need none of them. */
  #moveOn() {
    if (this.state !== "registered") return;
    this.#at = (this.#at + 1) % (1 + this.#others.length);
    this.connect();
  }

  /** Back to the page's own server, when it has been well for a while. @param {number} now seconds */
  async #lookHome(now) {
    this.#checkedAt = now;
    this.#well = (await this.home()) ? this.#well + 1 : 0;
    if (this.#well < CHECKS || this.state !== "registered" || this.#at === 0) return;
    this.#at = 0;
    this.connect();
  }

  #closed() {
    // Who was registered comes back to the same server first; who was not tries the next.
    if (this.state !== "registered") this.#at = (this.#at + 1) % (1 + this.#others.length);
    this.#drop();
    this.#retry(this.#ending ?? "waiting");
  }

  /** @param {State} state */
  #retry(state) {
    const now = this.clock();
    const wait = this.backoff.closed(now);
    this.retryAt = now + wait;
    this.#timer = setTimeout(() => this.hurry(), wait * 1000);
    this.#become(state);
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    this.#answerBy = null;
    socket?.close();
  }

  /** @param {State} state */
  #become(state) {
    this.state = state;
    this.events.changed();
  }
}
