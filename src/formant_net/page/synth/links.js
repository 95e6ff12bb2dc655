/**
 * Which controllers a synth calls, and when each link is made, tried again and given up.
 *
 * The Python keeper has the reasons. A page calls so few controllers that no set-up waits for another one. An event
 * changes one link; `settle`, called after each event, gives free places to the controllers that wait.
 */
import { Backoff } from "../timers/backoff.js";
import { midOf, withMid } from "./mids.js";
import { Peer } from "./peer.js";
import { Ranking } from "./ranking.js";
import { Roster } from "./roster.js";

const MOST_LISTED = 2000;
/** The `a=mid` of every offer to a controller that names no run: some accept no second offer with another one. */
const PLAIN_MID = "0";
/** Most seconds that such a controller has for an answer. */
const MOST_ANSWER_S = 40;
/** Seconds for which a controller is not called after it was found to break the protocol. */
const BLOCK_S = 30;

/**
 * @typedef {object} Link
 * @property {Peer} peer
 * @property {number} failures how often in a row the controller was not reached
 * @property {string} mid of the present offer on the wire
 * @property {string} offeredMid what the browser called it
 * @property {string | null} run the controller's run that the present link was offered to
 * @property {boolean} maySet whether this controller may change what everybody hears
 *
 * @typedef {{do: "make", name: string, number: number}
 *   | {do: "accept", name: string, number: number, sdp: string}
 *   | {do: "candidate", name: string, number: number, candidate: any}
 *   | {do: "close", name: string, number: number}} Effect
 */

export class LinkKeeper {
  /** @type {Map<string, Link>} */
  links = new Map();
  roster = new Roster(MOST_LISTED);
  /** Messages that were ignored, and controllers for whom there was no place. @type {Record<string, number>} */
  counts = { lateAnswers: 0, beyondLimit: 0, blocked: 0 };
  #ranking = new Ranking();
  /** The part received so far of a list that comes in several messages. @type {Map<string, any>} */
  #listing = new Map();
  /** @type {Map<string, number>} */
  #blockedUntil = new Map();
  /** Controllers that are not listed but had a working link a moment ago, and when it was lost. @type {Map<string, number>} */
  #worked = new Map();
  /** Controllers without a run whose last offer may still be answered, and until when. @type {Map<string, number>} */
  #unanswered = new Map();
  /** How many offers to a controller without a run have had no answer so far. @type {Map<string, number>} */
  #owed = new Map();
  #vacant = false;
  #number;
  /** @type {Effect[]} */
  #out = [];

  /**
   * @param {object} parts
   * @param {() => string} parts.id of this synth
   * @param {import("../client/signaling.js").Signaling} parts.signaling
   * @param {import("../protocol/numbers.js").Numbers} parts.timing
   * @param {() => number} parts.random gives numbers in 0…1
   * @param {number} parts.most links
   * @param {(name: string) => boolean} parts.playing whether a finger of this controller is down
   * @param {(name: string) => boolean} [parts.skips] controllers that are never called
   */
  constructor({ id, signaling, timing, random, most, playing, skips = () => false }) {
    this.id = id;
    this.signaling = signaling;
    this.timing = timing;
    this.random = random;
    this.most = most;
    this.playing = playing;
    this.skips = skips;
    // Numbers start at a random value: an answer to an earlier run of this synth is recognised as not ours.
    this.#number = Math.floor(random() * 1e9);
  }

  /** The link to `name`, if `number` is its present connection. @param {string} name @param {number} number */
  current(name, number) {
    const link = this.links.get(name);
    return link && link.peer.link === number && link.peer.state !== "waiting" ? link : null;
  }

  // --- what the server says ------------------------------------------------------------------------------------------

  /** A server has registered the synth: distances count from there. */
  registered() {
    this.#ranking.here(this.signaling.edge, this.signaling.location);
  }

  /** A list of controllers, or a part of it. The whole list replaces what was known. @param {any} message @param {number} now */
  listed({ controllers, details, more, after }, now) {
    if (!Array.isArray(controllers)) return;
    if (!after) this.#listing = new Map();
    const names = controllers.filter(isId).slice(0, MOST_LISTED - this.#listing.size);
    for (const name of names) this.#listing.set(name, Object.hasOwn(details ?? {}, name) ? details[name] : null);
    if (more === true && names.length > 0 && this.#listing.size < MOST_LISTED) {
      this.signaling.send({ type: "request-controllers", source: this.id(), after: names[names.length - 1] });
      return;
    }
    const listing = this.#listing;
    this.#listing = new Map();
    for (const name of this.roster.names) if (!listing.has(name)) this.#ranking.forget(name);
    for (const [name, detail] of listing) if (detail) this.#know(name, detail);
    const runs = Object.fromEntries([...listing].map(([name, detail]) => [name, runOf(detail?.meta)]));
    for (const name of this.roster.replace(runs)) this.#drop(name, now);
    for (const name of this.#ranking.order(this.roster.names)) this.#named(name, now);
  }

  /** A controller has registered, perhaps anew. @param {any} message @param {number} now seconds */
  joined(message, now) {
    const name = message.controller_id;
    if (!isId(name) || !this.roster.joined(name, runOf(message.meta))) return;
    this.#know(name, message);
    this.#named(name, now);
  }

  /** A controller is no longer registered. A link that lives is left alone. @param {string} name @param {number} now */
  left(name, now) {
    this.roster.left(name);
    this.#listing.delete(name);
    this.#drop(name, now);
    this.#ranking.forget(name);
  }

  /** The answer to an offer. @param {string} name @param {{sdp: string, settings?: unknown}} answer @param {number} now */
  answered(name, { sdp, settings }, now) {
    const link = this.links.get(name);
    const owed = this.#settleDebt(name);
    if (link?.run === null && owed > 1) {
      // This may answer an earlier offer, as of a slow controller. The next offer waits for the other answer.
      link.peer.answerS = Math.min(2 * link.peer.answerS, MOST_ANSWER_S);
      this.#unanswered.set(name, link.peer.madeAt + link.peer.answerS);
    }
    // Only this is the answer to our last offer: the one that was taken for it was to an earlier offer.
    if (link?.run === null && owed > 0 && link.peer.state === "connecting") this.#end(link, now);
    if (!link || link.peer.state === "waiting") {
      this.counts.lateAnswers += 1;
      if (link && this.roster.has(name)) this.#begin(link, now); // too late for that offer, but the peer is there again
      return;
    }
    const mid = midOf(sdp);
    if (link.peer.state !== "offering" || (mid !== null && mid !== link.mid)) {
      this.counts.lateAnswers += 1;
      return;
    }
    this.#apply(link, "answer", now, withMid(sdp, link.offeredMid));
    link.maySet = settings !== false;
  }

  /** The server did not pass an offer on: it is tried again after the back-off. @param {string} name @param {number} now */
  refused(name, now) {
    const link = this.links.get(name);
    if (link?.peer.state !== "offering") return;
    this.#settleDebt(name); // nobody will answer it
    this.#end(link, now);
  }

  /** A trickled candidate of a controller. @param {string} name @param {any} candidate */
  candidate(name, candidate) {
    const link = this.links.get(name);
    if (!link || link.peer.state === "waiting") return;
    const ours = candidate?.sdpMid === link.mid ? { ...candidate, sdpMid: link.offeredMid } : candidate;
    this.#out.push({ do: "candidate", name, number: link.peer.link, candidate: ours });
  }

  // --- what the connections say --------------------------------------------------------------------------------------

  /** The offer of a link is complete: it is sent. @param {string} name @param {number} number @param {string} sdp */
  described(name, number, sdp) {
    const link = this.current(name, number);
    if (!link) return;
    link.offeredMid = midOf(sdp) ?? "0";
    this.#signal("offer", name, { type: "offer", sdp: withMid(sdp, link.mid) });
  }

  /** A candidate that came too late for the offer. @param {string} name @param {number} number @param {any} candidate */
  gathered(name, number, candidate) {
    const link = this.current(name, number);
    if (!link) return;
    const data = candidate && { ...candidate, sdpMid: link.mid };
    this.#signal("ice-candidate", name, data);
  }

  /** A path is found; the channels are not open yet. @param {string} name @param {number} number @param {number} now */
  reached(name, number, now) {
    this.current(name, number)?.peer.reached(now);
  }

  /** The link is open. @param {string} name @param {number} number @param {number} now seconds */
  opened(name, number, now) {
    const link = this.current(name, number);
    if (!link) return;
    this.#apply(link, "opened", now);
    link.failures = 0;
    link.peer.answerS = this.timing.link_setup_s;
    this.#owed.delete(name);
    this.#unanswered.delete(name);
  }

  /** The controller pings: from now on its silence means death. @param {Link} link @param {number | null} rttMs as it measured */
  pinged(link, rttMs) {
    link.peer.keepsTime = true;
    if (rttMs !== null) this.#ranking.measured(link.peer.name, rttMs / 1000);
  }

  /** The link closed or failed. @param {string} name @param {number} number @param {number} now seconds */
  lost(name, number, now) {
    const link = this.current(name, number);
    if (link) this.#end(link, now);
  }

  /** The controller broke the protocol: close its link, and do not call it for a while. @param {Link} link @param {number} now */
  block(link, now) {
    this.counts.blocked += 1;
    for (const [name, until] of this.#blockedUntil) if (until <= now) this.#blockedUntil.delete(name);
    this.#blockedUntil.set(link.peer.name, now + BLOCK_S);
    this.#end(link, now);
  }

  /** The end: every link is closed. */
  stop() {
    for (const { peer } of this.links.values()) {
      if (peer.state !== "waiting") this.#out.push({ do: "close", name: peer.name, number: peer.link });
    }
    this.links.clear();
    this.#worked.clear();
    this.roster.replace({});
  }

  // --- time ----------------------------------------------------------------------------------------------------------

  /** Call after each event. Closes silent links if new ones can be made, and fills free places. @param {number} now seconds */
  settle(now) {
    if (this.signaling.answers) {
      for (const link of [...this.links.values()]) {
        if (link.peer.suspected && link.peer.state === "open") this.#end(link, now);
      }
    }
    const vacant = this.#vacant;
    this.#vacant = false;
    if (!this.signaling.online || !vacant) return; // the list after the next registration starts anew
    const unlinked = this.roster.names.filter((name) => !this.links.has(name) && !this.skips(name));
    const free = Math.max(0, this.most - this.links.size);
    for (const name of this.#ranking.order(unlinked).slice(0, free)) this.#begin(this.#add(name), now);
  }

  /** When `onDeadline` has to be called, seconds, or null. @returns {number | null} */
  nextDeadline() {
    // Offline, a link that waits is started by the list after the next registration.
    const live = [...this.links.values()].filter(({ peer }) => peer.state !== "waiting" || this.signaling.online);
    const dues = live.map(({ peer }) => peer.deadline()).filter((due) => due !== null);
    return dues.length > 0 ? Math.min(.../** @type {number[]} */ (dues)) : null;
  }

  /** Silent peers are given up, links are tried again. Call `settle` afterwards. @param {number} now seconds */
  onDeadline(now) {
    for (const link of [...this.links.values()]) {
      const due = link.peer.deadline();
      if (due !== null && now >= due) this.#due(link, now);
    }
  }

  /** What is to be done, in order. @returns {Effect[]} */
  drain() {
    return this.#out.splice(0);
  }

  // --- inside --------------------------------------------------------------------------------------------------------

  /** @param {string} type @param {string} target @param {any} data */
  #signal(type, target, data) {
    this.signaling.send({ type, source: this.id(), target, data });
  }

  /** Where a controller is, and whether it is a guest, as its server says. @param {string} name @param {any} said */
  #know(name, { edge, location, settings }) {
    this.#ranking.placed(name, text(edge), text(location), settings === false);
  }

  /** The server names a controller, perhaps anew: make a link, or again an offer that may have been lost. @param {string} name @param {number} now */
  #named(name, now) {
    if (this.skips(name)) return;
    let link = this.links.get(name);
    if (!link) {
      if (this.links.size >= this.most && !this.#makeRoom(name, now)) {
        this.counts.beyondLimit += 1;
        return;
      }
      link = this.#add(name);
    }
    const { peer } = link;
    const run = this.roster.run(name);
    // Another run: the link leads to a page that has ended. One that never pinged proves nothing by its silence.
    const anew = link.run !== null && run !== null && run !== link.run;
    if (peer.state === "open" && (anew || (!peer.keepsTime && peer.silent(now)))) this.#end(link, now);
    if (peer.state === "waiting") this.#begin(link, now);
    else if (peer.state !== "offering" || !this.#unanswered.has(name)) this.#apply(link, "relisted", now);
  }

  /** @param {string} name @returns {Link} */
  #add(name) {
    const peer = new Peer(name, this.timing, new Backoff(this.timing, this.random), () => (this.#number += 1));
    peer.workedAt = this.#worked.get(name) ?? null;
    this.#worked.delete(name);
    const link = { peer, failures: 0, mid: "", offeredMid: "", run: null, maySet: true };
    this.links.set(name, link);
    return link;
  }

  /** Make an offer, or wait: while the controller is blocked, or may still answer the last one. @param {Link} link @param {number} now */
  #begin(link, now) {
    const { name } = link.peer;
    let until = this.#blockedUntil.get(name) ?? 0;
    if (this.roster.run(name) === null) until = Math.max(until, this.#unanswered.get(name) ?? 0);
    if (until > now) link.peer.retryAt = until;
    else this.#apply(link, "start", now);
  }

  /** One step of the peer's machine, and what it asks for. @param {Link} link @param {import("./peer.js").Event} event @param {number} now */
  #apply(link, event, now, sdp = "") {
    const { name } = link.peer;
    for (const [action, number] of link.peer.handle(event, now)) {
      if (action === "close") this.#out.push({ do: "close", name, number });
      else if (action === "accept") this.#out.push({ do: "accept", name, number, sdp });
      else {
        this.#mark(link, now);
        link.maySet = !this.#ranking.guest(name);
        this.#out.push({ do: "make", name, number });
      }
    }
  }

  /** Choose the `a=mid` that identifies the answer to the offer that is being made. @param {Link} link @param {number} now */
  #mark(link, now) {
    const { name } = link.peer;
    link.run = this.roster.run(name);
    link.mid = link.run === null ? PLAIN_MID : `L${link.peer.link}`;
    for (const [other, until] of this.#unanswered) if (until <= now || other === name) this.#unanswered.delete(other);
    for (const other of this.#owed.keys()) if (!this.links.has(other) && !this.#unanswered.has(other)) this.#owed.delete(other);
    if (link.run !== null) return;
    this.#unanswered.set(name, now + link.peer.answerS);
    this.#owed.set(name, (this.#owed.get(name) ?? 0) + 1);
  }

  /** One offer less may still be answered. @param {string} name @returns {number} how many there were */
  #settleDebt(name) {
    const owed = this.#owed.get(name) ?? 0;
    if (owed > 1) this.#owed.set(name, owed - 1);
    else {
      this.#owed.delete(name);
      this.#unanswered.delete(name);
    }
    return owed;
  }

  /** End a link that is open or being made. While its controller is listed, it is tried again later. @param {Link} link @param {number} now */
  #end(link, now) {
    link.failures = link.peer.state === "open" ? 0 : link.failures + 1;
    this.#apply(link, "lost", now);
    const { name } = link.peer;
    if (!this.roster.has(name)) this.#drop(name, now);
  }

  /** Remove a controller that is no longer listed, unless it has answered or its link is open. @param {string} name @param {number} now */
  #drop(name, now) {
    const link = this.links.get(name);
    if (!link || (link.peer.state !== "waiting" && link.peer.state !== "offering")) return;
    this.#remove(link, now);
    if (link.peer.workedAt === null) return;
    // It may only have lost its server, and be back in a moment.
    for (const [other, at] of this.#worked) if (now - at >= this.timing.eager_s) this.#worked.delete(other);
    this.#worked.set(name, link.peer.workedAt);
  }

  /** Forget a link that waits or has only been offered; its place is free. @param {Link} link @param {number} now */
  #remove(link, now) {
    this.#apply(link, "forget", now);
    this.links.delete(link.peer.name);
    this.#vacant = true;
  }

  /**
   * Remove one controller in favour of `name`: one that was never reached, then a guest, then one that is farther away.
   * None of the last two that has a finger down, and none in favour of lesser rights.
   * @param {string} name @param {number} now seconds @returns {boolean} whether there is room
   */
  #makeRoom(name, now) {
    const guest = this.#ranking.guest(name);
    const all = [...this.links.values()];
    const never = all.find(({ peer, failures }) => peer.state === "waiting" && failures > 0 && guest <= this.#ranking.guest(peer.name));
    if (never) {
      this.#remove(never, now);
      return true;
    }
    const idle = all.map(({ peer }) => peer.name).filter((other) => !this.playing(other));
    const last = this.#ranking.order(idle).pop();
    if (last === undefined || !this.#ranking.nearer(name, last)) return false;
    const link = /** @type {Link} */ (this.links.get(last));
    if (link.peer.state !== "waiting") this.#apply(link, "lost", now);
    this.#remove(link, now);
    return true;
  }

  /** The time of a link's present state is over. @param {Link} link @param {number} now seconds */
  #due(link, now) {
    const { peer } = link;
    if (peer.state === "waiting") {
      if (this.signaling.online) this.#begin(link, now);
    } else if (peer.state === "open" && !peer.suspected) {
      // With a server a new link is made quickly. Without one this link is the only one: its path may come back.
      peer.suspected = true;
      this.signaling.verify(now);
    } else {
      const unanswered = peer.state === "offering";
      this.#end(link, now);
      if (unanswered) this.signaling.verify(now);
    }
  }
}

/** @param {any} meta @returns {string | null} */
const runOf = (meta) => (typeof meta?.run === "string" ? meta.run : null);
/** A field that may be left out. @param {unknown} value */
const text = (value) => (typeof value === "string" ? value : "");
/** @param {unknown} name @returns {name is string} */
const isId = (name) => typeof name === "string" && /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/.test(name);
