/** Words for a link that finds no path. Two browsers hide their addresses from each other, and some networks too. */
import { isPhone } from "../protocol/phones.js";
import { hasRelay } from "../protocol/relays.js";

/**
 * Why there is no path to a synth, and what to do; "" where nothing is known beyond the browser's own words.
 * @param {string} peer id of the synth @param {RTCIceServer[]} iceServers
 */
export function noPathWords(peer, iceServers) {
  if (!isPhone(peer)) return "";
  if (hasRelay(iceServers)) return "no path to it, and none over the relay: is the relay up?";
  return "no path to it: this network keeps browsers apart. The server needs a relay (--ice-server)";
}
