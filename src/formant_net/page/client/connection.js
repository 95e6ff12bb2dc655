/** One RTCPeerConnection: answers an offer or makes one, and carries text on the two channels that the synth makes. */
import { Channels } from "./channels.js";

/**
 * How long a description waits for its candidates; later ones are trickled. On a LAN, peers without trickle get a
 * complete one, and no peer waits for a STUN server that does not respond.
 */
const GATHER_MS = 250;

/**
 * @typedef {import("./channels.js").Label} Label
 * @typedef {object} Events
 * @property {(candidate: RTCIceCandidateInit | null) => void} candidate one that came too late for the description
 * @property {() => void} reached a path to the other side is found
 * @property {() => void} opened `params` is open
 * @property {(text: unknown, label: Label) => void} message
 * @property {(reason: string) => void} ended in words
 */

export class Connection {
  #described = false;
  #closed = false;
  /** Candidates that came before the other side's description was taken in. @type {(RTCIceCandidateInit | null)[]} */
  #early = [];
  #ready = false;
  /** Candidates that could not be used. */
  unusable = 0;

  /**
   * @param {object} parts
   * @param {RTCIceServer[]} parts.iceServers
   * @param {import("../protocol/numbers.js").Numbers} parts.bounds
   * @param {Events} parts.events
   * @param {(channel: RTCDataChannel) => void} [parts.hand] takes each channel to another thread; then nothing comes or
   *   goes here
   */
  constructor({ iceServers, bounds, events, hand }) {
    this.events = events;
    this.bounds = bounds;
    this.channels = new Channels(bounds, events);
    this.take = hand ?? ((channel) => this.channels.add(channel));
    this.pc = peerConnection(iceServers);
    this.pc.onicecandidate = ({ candidate }) => this.#gathered(candidate);
    this.pc.ondatachannel = ({ channel }) => this.take(channel);
    this.pc.oniceconnectionstatechange = () => {
      if (["connected", "completed"].includes(this.pc.iceConnectionState)) this.events.reached();
    };
    this.pc.onconnectionstatechange = () => {
      if (["failed", "closed"].includes(this.pc.connectionState)) this.events.ended("connection failed");
    };
  }

  /**
   * The answer to an offer, with the candidates that were found by then; null if the connection was closed meanwhile.
   * Rejects if the offer cannot be used.
   * @param {RTCSessionDescriptionInit} offer @returns {Promise<RTCSessionDescriptionInit | null>}
   */
  async answer(offer) {
    await this.accept(offer);
    return this.#describe();
  }

  /** An offer of both channels, with the candidates that were found by then; null if it was closed meanwhile. */
  async offer() {
    this.pc.ondatachannel = ({ channel }) => channel.close(); // the other side makes none here
    // A lost touch is never sent again: the next one is newer.
    this.take(this.pc.createDataChannel("params", { ordered: false, maxRetransmits: 0 }));
    this.take(this.pc.createDataChannel("commands"));
    return this.#describe();
  }

  /** Take in what the other side says. Rejects if it cannot be used. @param {RTCSessionDescriptionInit} description */
  async accept(description) {
    await this.pc.setRemoteDescription(description);
    this.#ready = true;
    for (const candidate of this.#early.splice(0)) this.addCandidate(candidate);
  }

  /** @param {RTCIceCandidateInit | null} candidate */
  addCandidate(candidate) {
    if (this.#closed) return;
    if (!this.#ready) {
      if (this.#early.length < this.bounds.candidates) this.#early.push(candidate);
      return;
    }
    if (typeof candidate?.candidate === "string") {
      candidate = { ...candidate, candidate: candidate.candidate.replace(/^a=/, "") }; // as libdatachannel writes them
    }
    // Null ends the list. One that cannot be used (an old link's, an unknown kind) does not end the others.
    this.pc.addIceCandidate(candidate ?? undefined).catch(() => (this.unusable += 1));
  }

  /** Whether the channel is open. @param {Label} label */
  has(label) {
    return this.channels.has(label);
  }

  /** Send a text, unless too much waits already. @param {Label} label @param {string} text @returns {"sent" | "full" | "gone"} */
  send(label, text) {
    return this.channels.send(label, text);
  }

  /** Close, and report no further event. */
  close() {
    this.#closed = true;
    this.pc.onicecandidate = this.pc.ondatachannel = null;
    this.pc.oniceconnectionstatechange = this.pc.onconnectionstatechange = null;
    this.channels.forget();
    this.pc.close();
  }

  async #describe() {
    await this.pc.setLocalDescription();
    await this.#gathering();
    if (this.#closed || !this.pc.localDescription) return null;
    this.#described = true;
    const { type, sdp } = this.pc.localDescription;
    return { type, sdp };
  }

  /** @param {RTCIceCandidate | null} candidate */
  #gathered(candidate) {
    if (!this.#described) return; // it will be in the description itself
    this.events.candidate(candidate?.candidate ? candidate.toJSON() : null);
  }

  /** Resolves when gathering is complete, or has taken long enough. */
  #gathering() {
    return new Promise((resolve) => {
      const done = () => this.pc.iceGatheringState === "complete" && resolve(undefined);
      this.pc.addEventListener("icegatheringstatechange", done);
      setTimeout(resolve, GATHER_MS);
      done();
    });
  }
}

/** The server's list of ICE servers may be unusable; a LAN needs none. @param {RTCIceServer[]} iceServers */
function peerConnection(iceServers) {
  try {
    return new RTCPeerConnection({ iceServers });
  } catch (error) {
    if (iceServers.length === 0) throw error;
    return new RTCPeerConnection({ iceServers: [] });
  }
}
