/**
 * Who this page is (id and resume secret) and the key it joins with; both survive a reload.
 *
 * The id rests in the tab's storage only while the page is away: a duplicated tab copies that storage, and two pages
 * with one id would take it from each other for ever. The key stays in the fragment of the address, which browsers
 * never send: the address can be shared and reloaded. It is also remembered for a start from the home screen.
 */

const KEY = "formant-key";

/** Random text that needs no secure context (crypto.randomUUID does). @param {number} bytes */
function randomHex(bytes) {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Storage may be forbidden altogether: then there is nothing remembered. @template T @param {() => T} action */
function quietly(action) {
  try {
    return action();
  } catch {
    return null;
  }
}

export class Identity {
  id = "";
  /** @type {string | null} */
  resume = null;
  /** This start of the page: tells synths that an id they know is another page now. */
  run = randomHex(4);

  #prefix;
  #store;

  /** @param {string} [prefix] of the id @param {string} [store] where the tab keeps it */
  constructor(prefix = "touch-ctrl", store = "formant-identity") {
    this.#prefix = prefix;
    this.#store = store;
    this.fresh();
    this.restore();
  }

  /** Become somebody new. */
  fresh() {
    this.id = `${this.#prefix}-${randomHex(6)}`;
    this.resume = null;
  }

  /** Take the id back that was kept while the page was away. */
  restore() {
    const kept = quietly(() => JSON.parse(sessionStorage.getItem(this.#store) ?? "null"));
    quietly(() => sessionStorage.removeItem(this.#store));
    if (typeof kept?.id !== "string" || !kept.id.startsWith(`${this.#prefix}-`)) return;
    this.id = kept.id;
    this.resume = typeof kept.resume === "string" ? kept.resume : null;
  }

  /** The page goes away, perhaps to come back. */
  keep() {
    quietly(() => sessionStorage.setItem(this.#store, JSON.stringify({ id: this.id, resume: this.resume })));
  }
}

/** The key of the address, or the one remembered, or null. @returns {string | null} */
export function readKey() {
  const fragment = new URLSearchParams(location.hash.slice(1)).get("key");
  const query = new URLSearchParams(location.search).get("key");
  if (!fragment && query) writeKey(query); // out of the part of the address that travels
  return fragment || query || quietly(() => localStorage.getItem(KEY));
}

/** Put a key into the address. @param {string} key */
export function writeKey(key) {
  const url = new URL(location.href);
  url.searchParams.delete("key");
  const parts = new URLSearchParams(url.hash.slice(1)); // others say how the surface is played
  parts.set("key", key);
  url.hash = parts.toString();
  quietly(() => history.replaceState(null, "", url));
}

/** The server took this key. @param {string} key */
export function rememberKey(key) {
  quietly(() => localStorage.setItem(KEY, key));
}

/** The server refused the remembered key. */
export function forgetKey() {
  quietly(() => localStorage.removeItem(KEY));
}
