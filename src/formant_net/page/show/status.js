/** The state of the connection as one sentence: what is the case and what happens next. */
import { muteWords } from "./hearing.js";

/**
 * @param {object} now
 * @param {string} now.server state of the signaling: connecting, registered, waiting, needs-key, kicked
 * @param {string} now.reason the server's message, or ""
 * @param {number} now.retryInS seconds to the next try
 * @param {number} now.sounding synths that can be heard, as far as is known
 * @param {number} [now.phones] of these, browsers that sing
 * @param {{name: string, why: string}[]} now.mute synths that are linked but cannot be heard
 * @param {number} now.opening links that are being made
 * @param {boolean} [now.here] this device sings
 * @param {number} [now.left] synths that are linked and that this page does not play
 * @returns {{tone: "good" | "busy" | "bad", text: string, spoken: string}} `spoken` is without the countdown
 */
export function statusWords({ server, reason, retryInS, sounding, phones = 0, mute, opening, here = false, left = 0 }) {
  const still = sounding > 0 || here ? " – sound keeps playing" : "";
  const say = (/** @type {"good" | "busy" | "bad"} */ tone, /** @type {string} */ text, spoken = text) => ({
    tone,
    text,
    spoken,
  });
  switch (server) {
    case "registered":
      if (sounding === 0 && here && mute.length === 0) return say("good", "This device sings");
      if (sounding > 0 && mute.length === 0) {
        return say("good", `Connected, ${countWords(sounding - phones, phones)}${here ? " and this device" : ""}`);
      }
      if (sounding > 0) return say("busy", `${sounding} of ${sounding + mute.length} synths sound: ${someWords(mute)}`);
      if (mute.length > 0) return say("bad", `No sound: ${muteWords(mute)}`);
      if (left > 0) return say("bad", "No synth is chosen: open the scale and choose one");
      return opening > 0 ? say("busy", "Connecting to a synth…") : say("busy", "Looking for synths…");
    case "needs-key":
      return say("bad", reason || "Wrong key");
    case "kicked":
      return say("bad", "Disconnected by the server");
    case "waiting": {
      const what = reason ? `Server: ${reason}` : "Server unreachable";
      const wait = Math.ceil(retryInS);
      return say("bad", `${what}, trying again ${wait > 0 ? `in ${wait} s` : "now"}${still}`, `${what}, trying again${still}`);
    }
    default:
      return sounding > 0 || here ? say("busy", `Reconnecting to the server…${still}`) : say("busy", "Connecting…");
  }
}

/** @param {number} boxes @param {number} phones not both 0 */
function countWords(boxes, phones) {
  const count = (/** @type {number} */ n, /** @type {string} */ one) => (n === 1 ? `1 ${one}` : `${n} ${one}s`);
  const said = [boxes > 0 ? count(boxes, "synth") : "", phones > 0 ? count(phones, "phone") : ""];
  return said.filter((words) => words !== "").join(" and ");
}

/** The silent synths in words, if others sound. @param {{name: string, why: string}[]} mute */
const someWords = (mute) => (mute.length === 1 ? `${mute[0].name} ${mute[0].why}` : `${mute.length} cannot be heard`);
