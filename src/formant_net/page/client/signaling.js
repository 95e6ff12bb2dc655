/**
 * A client's conversation with its servers: it connects, registers, stays registered, comes back, moves or stops.
 *
 * It opens no socket and reads no clock: `drain` gives the effects, and sockets.js carries them out. A page that is
 * asked to move, or whose better server is healthy again, registers there before it leaves the present server. Links to
 * synths need no server.
 */
import { Backoff } from "../timers/backoff.js";
import { Moves } from "./moves.js";
import { ServerList } from "./servers.js";
import { next } from "./states.js";

/** Error codes after which no further try helps: another key or token is needed. */
const FOR_GOOD = ["bad-key", "token-expired", "not-allowed"];

/**
 * @typedef {import("./states.js").State} State
 * @typedef {{id: string, resume: string | null, run: string, fresh?: () => void}} Identity
 * @typedef {import("./moves.js").Moving} Moving
 *
 * An effect: open a WebSocket, close one, send on one, or check whether a server is healthy.
 * @typedef {{do: "connect", attempt: number, url: string}
 *   | {do: "disconnect", attempt: number}
 *   | {do: "send", attempt: number, message: object}
 *   | {do: "check", number: number, url: string}} Effect
 */

export class Signaling {
  /** @type {State} */
  state = "idle";
  /** The server's message when it refused us or sent us away. */
  reason = "";
  /** Why it stopped: another key is needed, or the server sent us away. @type {"" | "needs-key" | "kicked"} */
  ending = "";
  /** @type {RTCIceServer[]} */
  iceServers = [];
  /** The name of the edge that has registered us, and where it is. */
  edge = "";
  location = "";
  /** False if the server lets us only play: synths then refuse our settings. */
  maySet = true;
  /** Count of registrations. After each a synth has to ask for the list. */
  registrations = 0;
  #attempt = 0;
  #attempts = 0;
  #servers;
  #moves;
  #backoff;
  #heartbeatS;
  /** When a heartbeat is due, a try begins, or a try is given up. @type {number | null} */
  #deadline = null;
  /** When the server must have answered the question of `verify`. @type {number | null} */
  #answerBy = null;
  /** Whether this server sends `registered`; some accept clients without it. */
  #confirms = true;
  #renamed = false;
  /** @type {Effect[]} */
  #out = [];

  /**
   * @param {object} parts
   * @param {Identity} parts.identity
   * @param {string[]} parts.servers addresses of WebSockets, the best first
   * @param {string | null} [parts.key]
   * @param {import("../protocol/numbers.js").Numbers} parts.timing
   * @param {import("../protocol/numbers.js").Numbers} parts.bounds
   * @param {() => number} parts.random gives numbers in 0…1
   * @param {"controller" | "synth" | "desk"} [parts.role]
   */
  constructor({ identity, servers, key = null, timing, bounds, random, role = "controller" }) {
    this.identity = identity;
    this.key = key;
    this.timing = timing;
    this.random = random;
    this.role = role;
    this.#servers = new ServerList(servers, bounds);
    this.#moves = new Moves(this.#servers, timing, bounds, random);
    this.#backoff = new Backoff(timing, random);
    this.#heartbeatS = timing.heartbeat_s;
  }

  /** The server that is in use or tried next. */
  get url() {
    return this.#servers.current;
  }

  /** The server has us registered, and can pass messages on. */
  get online() {
    return this.state === "registered";
  }

  /** It is registered, and no answer to `verify` is outstanding. */
  get answers() {
    return this.online && this.#answerBy === null;
  }

  /** When the server is tried again, seconds; null while no try waits. */
  get retryAt() {
    return this.state === "waiting" ? this.#deadline : null;
  }

  /** Begin to connect. @param {number} now seconds */
  start(now) {
    this.#dial(now);
  }

  /** The WebSocket of an attempt is open. @param {number} attempt @param {number} now seconds */
  opened(attempt, now) {
    const move = this.#moves.moving;
    if (move && attempt === move.attempt && !move.opened) {
      move.opened = true;
      this.#register(attempt);
    } else if (attempt === this.#attempt && this.state === "connecting") {
      this.#step("opened");
      this.#deadline = now + this.timing.register_s;
      this.#register(attempt);
    }
  }

  /** The WebSocket of an attempt closed, or could not be opened. @param {number} attempt @param {number} now seconds */
  closed(attempt, now) {
    if (attempt === this.#moves.moving?.attempt) this.#moves.failed();
    else if (attempt === this.#attempt && this.#connected) this.#fail(now);
  }

  /**
   * Handle a message of the server.
   * @param {number} attempt @param {any} message @param {number} now seconds
   * @returns {any | null} a message for other parts of the page, or null
   */
  receive(attempt, message, now) {
    const move = this.#moves.moving;
    if (move && attempt === move.attempt) {
      this.#moving(move, message, now);
      return null;
    }
    if (attempt !== this.#attempt || (this.state !== "registering" && this.state !== "registered")) return null;
    const online = this.state === "registered";
    switch (message.type) {
      case "registered":
        this.#accepted(message, now);
        return null;
      case "kicked":
        // We may be registered at the next server already, and this server has learned of it before us.
        if (move?.opened) this.#take(move);
        else this.#stop("kicked", words(message.reason ?? message.kicked_by));
        return null;
      case "move":
        if (online) this.#moves.asked(seconds(message.within_s), now);
        return null;
      case "ice-servers": // passwords of relays expire
        if (online && Array.isArray(message.ice_servers)) this.iceServers = message.ice_servers;
        return null;
      case "error":
        if (!online) this.#refused(message, now);
        else if (message.about === "register") this.#answerBy = null; // an error is an answer as well
        return online ? message : null;
      default:
        if (!online && this.#showsAcceptance(message)) this.#accepted(null, now);
        return this.state === "registered" ? message : null;
    }
  }

  /** Send a message on the present WebSocket, or drop it if we are not registered. @param {object} message */
  send(message) {
    if (this.state === "registered") this.#out.push({ do: "send", attempt: this.#attempt, message });
  }

  /**
   * Ask the server for an answer, because another connection has failed. The browser would notice a dead server only
   * after minutes.
   * @param {number} now seconds
   */
  verify(now) {
    if (this.state !== "registered" || this.#answerBy !== null || !this.#confirms) return;
    this.#answerBy = now + this.timing.verify_s;
    this.#register(this.#attempt); // every server answers this, and it changes nothing
  }

  /**
   * Try again now if a try waits: the network came back, or somebody looks at the page.
   * @param {number} now seconds
   */
  hurry(now) {
    if (this.state === "waiting") this.#dial(now);
  }

  /**
   * Begin again in any state: with another network, with another key, or after the server has sent us away.
   * @param {number} now seconds
   */
  restart(now) {
    this.#leave();
    this.state = "idle";
    this.ending = this.reason = "";
    this.#dial(now);
  }

  /** The client ends: it leaves its server and tries no more. */
  leave() {
    this.#leave();
    this.state = "idle";
  }

  /** When `onDeadline` must be called next, seconds, or null. @returns {number | null} */
  nextDeadline() {
    const moments = [this.#deadline, this.#answerBy, ...this.#moves.moments()];
    const given = /** @type {number[]} */ (moments.filter((moment) => moment !== null));
    return given.length > 0 ? Math.min(...given) : null;
  }

  /**
   * Do what is due: connect again, send a heartbeat, give an attempt up, move, or check the better servers.
   * @param {number} now seconds
   */
  onDeadline(now) {
    const due = (/** @type {number | null} */ moment) => moment !== null && now >= moment;
    const late = this.#moves.overdue(now);
    if (late) {
      this.#out.push({ do: "disconnect", attempt: late.attempt });
      this.#moves.failed();
    }
    if (due(this.#answerBy)) {
      this.#out.push({ do: "disconnect", attempt: this.#attempt });
      this.#fail(now);
      return;
    }
    const place = this.#moves.placeDue(now, this.state === "registered");
    if (place !== null) this.#go(place, now);
    this.#moves.checksDue(now).forEach((url, number) => this.#out.push({ do: "check", number, url }));
    if (!due(this.#deadline)) return;
    if (this.state === "waiting") {
      this.#dial(now);
    } else if (this.state === "registered") {
      this.#deadline = now + this.#heartbeatS;
      this.send({ type: "heartbeat", source: this.identity.id });
    } else {
      this.#out.push({ do: "disconnect", attempt: this.#attempt });
      this.#fail(now);
    }
  }

  /**
   * The result of a check of a better server.
   * @param {number} number @param {boolean} ok @param {number} now seconds
   */
  checked(number, ok, now) {
    if (this.state === "registered" && this.#moves.checked(number, ok)) this.#go(number, now);
  }

  /** The effects since the last call, in order. @returns {Effect[]} */
  drain() {
    return this.#out.splice(0);
  }

  get #connected() {
    return this.state === "connecting" || this.state === "registering" || this.state === "registered";
  }

  /** @param {number} now seconds */
  #dial(now) {
    this.#step("dial");
    const move = this.#moves.moving;
    if (move) {
      // The connection that the move has begun replaces the lost one.
      this.#moves.done(move);
      this.#attempt = move.attempt;
      this.#deadline = move.until;
      if (move.opened) this.#step("opened");
      return;
    }
    this.#attempt = ++this.#attempts;
    this.#deadline = now + this.timing.open_s;
    this.#out.push({ do: "connect", attempt: this.#attempt, url: this.url });
  }

  /** @param {number} attempt */
  #register(attempt) {
    const { id, resume, run } = this.identity;
    const message = {
      type: "register",
      client_id: id,
      role: this.role,
      meta: { run },
      ...(this.key ? { key: this.key } : {}),
      ...(resume ? { resume } : {}),
    };
    this.#out.push({ do: "send", attempt, message });
  }

  /** @param {any} message `registered`, or null from a server that does not send it @param {number} now seconds */
  #accepted(message, now) {
    const asked = this.#answerBy !== null;
    this.#answerBy = null;
    if (!asked && !this.#step("accepted")) return;
    this.#confirms = message !== null;
    if (typeof message?.resume === "string") this.identity.resume = message.resume;
    this.iceServers = Array.isArray(message?.ice_servers) ? message.ice_servers : [];
    if (asked) return; // the answer to `verify` brings nothing else
    this.edge = words(message?.edge);
    this.location = words(message?.location);
    this.maySet = message?.settings !== false;
    this.reason = "";
    this.#renamed = false;
    if (Array.isArray(message?.servers)) this.#servers.learn(message.servers);
    this.registrations += 1;
    this.#moves.registered(now);
    this.#backoff.healthy(now);
    // The bounds hold even if a server asks for a heartbeat every millisecond.
    const heartbeatS = seconds(message?.heartbeat_s);
    if (heartbeatS > 0) this.#heartbeatS = Math.min(3600, Math.max(0.1, heartbeatS));
    // Only controllers send heartbeats.
    this.#deadline = this.role === "controller" ? now + this.#heartbeatS : null;
  }

  /**
   * Whether only a registered client gets such a message. Other servers may not send `registered`.
   * @param {any} message
   */
  #showsAcceptance(message) {
    const types = { controller: ["offer"], synth: ["controllers-list", "controller-joined"], desk: [] };
    return /** @type {string[]} */ (types[this.role]).includes(message.type);
  }

  /** The server sent an `error` instead of `registered`. @param {any} message @param {number} now seconds */
  #refused(message, now) {
    const code = words(message.code);
    if (FOR_GOOD.includes(code)) {
      const unknown = this.key ? "Wrong key" : "This instrument needs a key";
      this.#stop("needs-key", code === "bad-key" ? unknown : words(message.message ?? code));
      return;
    }
    this.#out.push({ do: "disconnect", attempt: this.#attempt });
    if (code === "id-taken" && this.identity.fresh && !this.#renamed) {
      this.#renamed = true;
      this.identity.fresh();
      this.state = "idle";
      this.#dial(now);
      return;
    }
    this.#fail(now, words(message.message ?? code));
  }

  /** @param {number} now seconds @param {string} reason the server's message */
  #fail(now, reason = "") {
    const worked = this.state === "registered";
    this.reason = reason;
    this.#answerBy = null;
    this.#moves.lost();
    this.#step("failed");
    this.#deadline = now + this.#backoff.failed(now);
    // A client that was registered tries the same server again first; any other tries the next one.
    if (!worked) this.#servers.place = this.#servers.nextPlace;
  }

  /** Stop trying until `restart`. @param {"needs-key" | "kicked"} ending @param {string} reason */
  #stop(ending, reason) {
    this.#leave();
    this.#step("stopped");
    this.ending = ending;
    this.reason = reason;
  }

  /** Close all connections and cancel all deadlines. */
  #leave() {
    if (this.#connected) this.#out.push({ do: "disconnect", attempt: this.#attempt });
    if (this.#moves.moving) this.#out.push({ do: "disconnect", attempt: this.#moves.moving.attempt });
    this.#moves.moving = this.#deadline = this.#answerBy = null;
    this.#moves.lost();
  }

  // --- several servers -----------------------------------------------------------------------------------------------

  /** Begin to move to another server. @param {number} place @param {number} now seconds */
  #go(place, now) {
    this.#attempts += 1;
    this.#out.push({ do: "connect", attempt: this.#attempts, url: this.#moves.begin(this.#attempts, place, now) });
  }

  /**
   * Handle a message of the server that we move to.
   * @param {Moving} move @param {any} message @param {number} now seconds
   */
  #moving(move, message, now) {
    if (message.type === "registered" || this.#showsAcceptance(message)) {
      if (this.#connected) this.#out.push({ do: "disconnect", attempt: this.#attempt });
      this.#take(move);
      this.#answerBy = null;
      this.#accepted(message.type === "registered" ? message : null, now);
    } else if (message.type === "error" || message.type === "kicked") {
      this.#out.push({ do: "disconnect", attempt: move.attempt });
      this.#moves.failed();
    }
  }

  /** Continue with the connection that the move has opened. @param {Moving} move */
  #take(move) {
    this.#step("moved");
    this.#moves.done(move);
    this.#attempt = move.attempt;
    this.#deadline = move.until;
  }

  /** @param {import("./states.js").Event} event @returns {boolean} whether the event was expected */
  #step(event) {
    const after = next(this.state, event);
    if (after) this.state = after;
    return after !== null;
  }
}

/** A remote text, shortened for the screen. Some objects cannot become a text. @param {unknown} text */
const words = (text) => (typeof text === "string" || typeof text === "number" ? String(text).slice(0, 200) : "");
/** @param {unknown} value */
const seconds = (value) => (typeof value === "number" ? value : 0);
