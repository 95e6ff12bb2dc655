/** Decides whether each synth can be heard, and if not, why. */

import { isPhone } from "../protocol/phones.js";

/**
 * @typedef {{peer?: string, told: boolean, silent: boolean, synth: import("../protocol/synth.js").SynthState,
 *   name: string}} Heard
 */

const SILENCED = "is silenced at the desk";

/**
 * Why a synth with an open link makes no sound; "" if it does, as far as is known.
 * @param {Heard} link
 */
export function whyMute({ told, silent, synth }) {
  if (silent) return "does not answer";
  if (!told) return "";
  if (!synth.audioEnabled) return "has no sound device";
  if (!synth.poweredOn) return "is switched off";
  if (synth.silenced.length > 0) return SILENCED;
  if (synth.volume === 0) return "has volume 0";
  return "";
}

/**
 * @param {Heard[]} links the open links
 * @returns {{sounding: number, phones: number, mute: {name: string, why: string}[]}} `phones`: of those that sound
 */
export function hearing(links) {
  const mute = links.map((link) => ({ name: link.name, why: whyMute(link) })).filter(({ why }) => why !== "");
  const phones = links.filter((link) => isPhone(link.peer ?? "") && whyMute(link) === "").length;
  return { sounding: links.length - mute.length, phones, mute };
}

/** Why no synth can be heard, in one sentence. @param {{name: string, why: string}[]} mute @returns {string} */
export function muteWords(mute) {
  if (mute.length === 0) return "";
  const [{ name, why }] = mute;
  if (mute.length === 1) return `${name} ${why}`;
  if (mute.every((each) => each.why === why)) return `each of the ${mute.length} synths ${why}`;
  return `${name} ${why}, and ${mute.length - 1} more cannot be heard`;
}
