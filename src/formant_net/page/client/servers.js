/** The list of servers that a client may use, with the one in use and the checks of better ones. */

export class ServerList {
  /** Place of the server in use, or tried next. */
  place = 0;
  #urls;
  /** For each better server, how many checks in a row have succeeded. @type {Map<number, number>} */
  #well = new Map();

  /**
   * @param {string[]} urls addresses of WebSockets, the best first
   * @param {import("../protocol/numbers.js").Numbers} bounds
   */
  constructor(urls, bounds) {
    this.#urls = [...urls];
    this.bounds = bounds;
  }

  get length() {
    return this.#urls.length;
  }

  /** The server in use, or tried next. */
  get current() {
    return this.#urls[this.place];
  }

  /** The place after the current one; after the last comes the first. */
  get nextPlace() {
    return (this.place + 1) % this.#urls.length;
  }

  /** @param {number} place */
  at(place) {
    return this.#urls[place];
  }

  /** Those that come before the current one: their places are 0, 1, … */
  better() {
    return this.#urls.slice(0, this.place);
  }

  /** Forget all checks: a server has registered the client, so the checks of better ones begin anew. */
  forgetChecks() {
    this.#well.clear();
  }

  /**
   * Record a check of a better server.
   * @param {number} place @param {boolean} ok @returns {boolean} whether enough checks in a row have succeeded
   */
  checked(place, ok) {
    if (place >= this.place) return false;
    const well = ok ? (this.#well.get(place) ?? 0) + 1 : 0;
    this.#well.set(place, well);
    return well >= this.bounds.home_checks;
  }

  /** Record that a move to that server failed: its checks begin anew. @param {number} place */
  unwell(place) {
    this.#well.set(place, 0);
  }

  /**
   * Add other servers of the ensemble after the known ones. They take the same key. If the current server is secure,
   * only secure ones are added.
   * @param {unknown[]} urls
   */
  learn(urls) {
    const scheme = this.current.startsWith("wss:") ? /^wss:\/\// : /^wss?:\/\//;
    for (const url of urls) {
      if (typeof url !== "string" || !scheme.test(url) || this.#urls.includes(url)) continue;
      if (this.#urls.length < this.bounds.servers) this.#urls.push(url);
    }
  }
}
