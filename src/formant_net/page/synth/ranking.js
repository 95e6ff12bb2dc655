/** Which controllers a synth prefers: no guests, then its own edge, then the near ones, then short round trips. */

const EARTH_KM = 6371;
const DEGREES = /^\s*([+-]?\d{1,2}(?:\.\d+)?)\s*,\s*([+-]?\d{1,3}(?:\.\d+)?)\s*$/;

/** @typedef {[boolean, boolean, number]} Where guest or not, another edge or not, km */

export class Ranking {
  edge = "";
  location = "";
  /** @type {Map<string, {edge: string, location: string, guest: boolean}>} */
  #places = new Map();
  /** @type {Map<string, number>} */
  #rttS = new Map();

  /** The edge (server) at which the synth is registered. @param {string} edge @param {string} location */
  here(edge, location) {
    this.edge = edge;
    this.location = location;
  }

  /** Where a controller is, and whether it may only play. @param {string} name @param {string} edge @param {string} location @param {boolean} [guest] */
  placed(name, edge, location, guest = false) {
    this.#places.set(name, { edge, location, guest });
  }

  /** The round trip of its link, as the controller has measured it. @param {string} name @param {number} rttS */
  measured(name, rttS) {
    this.#rttS.set(name, rttS);
  }

  /** @param {string} name */
  forget(name) {
    this.#places.delete(name);
    this.#rttS.delete(name);
  }

  /** @param {string} name */
  guest(name) {
    return this.#places.get(name)?.guest ?? false;
  }

  /** The preferred ones first; equal ones keep their order. @param {string[]} names */
  order(names) {
    const rank = (/** @type {string} */ name) => [...this.#where(name), this.#rttS.get(name) ?? Infinity];
    return [...names].sort((a, b) => compare(rank(a), rank(b)));
  }

  /** By place alone: a round trip that changes is no reason to drop a link. @param {string} name @param {string} other */
  nearer(name, other) {
    return compare(this.#where(name), this.#where(other)) < 0;
  }

  /** @param {string} name @returns {Where} */
  #where(name) {
    const { edge, location, guest } = this.#places.get(name) ?? { edge: "", location: "", guest: false };
    const own = edge === this.edge;
    return [guest, !own, own ? 0 : distanceKm(location, this.location)];
  }
}

/** @param {(boolean | number)[]} a @param {(boolean | number)[]} b */
function compare(a, b) {
  const place = a.findIndex((value, k) => value !== b[k]);
  return place < 0 ? 0 : a[place] < b[place] ? -1 : 1;
}

/**
 * Distance along the earth, km; 0 for the same name, infinite if it cannot be computed. As in protocol/location.py.
 * @param {string} one @param {string} other
 */
export function distanceKm(one, other) {
  if (one && one === other) return 0;
  const here = degrees(one);
  const there = degrees(other);
  if (!here || !there) return Infinity;
  const [lat1, lon1, lat2, lon2] = [...here, ...there].map((angle) => (angle * Math.PI) / 180);
  const half = Math.sin((lat2 - lat1) / 2) ** 2 + Math.cos(lat1) * Math.cos(lat2) * Math.sin((lon2 - lon1) / 2) ** 2;
  return 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(half)));
}

/** @param {string} text */
function degrees(text) {
  const found = DEGREES.exec(text);
  if (!found) return null;
  const [lat, lon] = [Number(found[1]), Number(found[2])];
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? [lat, lon] : null;
}
