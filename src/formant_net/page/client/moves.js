/**
 * When a client moves to another server, and whereto: its server asks for it, or a better server is well again.
 *
 * The client registers at the new server before it leaves the present one. signaling.js holds both conversations; this
 * file knows the moments, the checks of better servers, and the move that is under way.
 */

/** @typedef {{attempt: number, place: number, until: number, opened: boolean}} Moving a conversation that has begun */

export class Moves {
  /** The move that is under way. @type {Moving | null} */
  moving = null;
  #servers;
  /** @type {number | null} */
  #checkAt = null;
  /** @type {number | null} */
  #goAt = null;

  /**
   * @param {import("./servers.js").ServerList} servers
   * @param {import("../protocol/numbers.js").Numbers} timing
   * @param {import("../protocol/numbers.js").Numbers} bounds
   * @param {() => number} random gives numbers in 0…1
   */
  constructor(servers, timing, bounds, random) {
    this.#servers = servers;
    this.timing = timing;
    this.bounds = bounds;
    this.random = random;
  }

  /** The present server has registered the client: the checks of better ones begin anew. @param {number} now seconds */
  registered(now) {
    this.#servers.forgetChecks();
    this.#checkAt = this.#servers.place > 0 ? now + this.timing.home_s / this.bounds.home_checks : null;
  }

  /**
   * The present server asks the client to leave. Clients move at random moments: otherwise the next server would get
   * all registrations at once.
   * @param {number} withinS @param {number} now seconds
   */
  asked(withinS, now) {
    this.#goAt = now + (this.random() * Math.min(withinS, this.timing.move_s)) / 2;
  }

  /** The present conversation has ended: no move begins. One that is under way goes on. */
  lost() {
    this.#checkAt = this.#goAt = null;
  }

  /**
   * Begin to move. @param {number} attempt of the new WebSocket @param {number} place @param {number} now seconds
   * @returns {string} the server's address
   */
  begin(attempt, place, now) {
    this.moving = { attempt, place, until: now + this.timing.open_s, opened: false };
    return this.#servers.at(place);
  }

  /** The conversation that the move has begun is the present one from now on. @param {Moving} moving */
  done(moving) {
    this.moving = null;
    this.#servers.place = moving.place;
  }

  /** The move under way has failed: the client stays. */
  failed() {
    if (this.moving) this.#servers.unwell(this.moving.place);
    this.moving = null;
  }

  /** When `overdue`, `placeDue` or `checksDue` has something to give, seconds, or null. @returns {(number | null)[]} */
  moments() {
    return [this.#checkAt, this.#goAt, this.moving?.until ?? null];
  }

  /** The move under way, if its time is up. @param {number} now seconds */
  overdue(now) {
    return this.moving && now >= this.moving.until ? this.moving : null;
  }

  /**
   * Where to move now, because the present server has asked for it; null for not now.
   * @param {number} now seconds @param {boolean} online
   */
  placeDue(now, online) {
    if (this.#goAt === null || now < this.#goAt) return null;
    this.#goAt = null;
    return online && !this.moving && this.#servers.length > 1 ? this.#servers.nextPlace : null;
  }

  /** The addresses of all better servers, if the time to check them has come. @param {number} now seconds */
  checksDue(now) {
    if (this.#checkAt === null || now < this.#checkAt) return [];
    this.#checkAt = now + (this.timing.home_s / this.bounds.home_checks) * (0.75 + 0.5 * this.random());
    return this.#servers.better();
  }

  /** Record a check of a better server. @param {number} place @param {boolean} ok @returns {boolean} move there now */
  checked(place, ok) {
    return this.#servers.checked(place, ok) && !this.moving;
  }
}
