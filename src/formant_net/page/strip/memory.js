/** Where the choice of this device is kept: in the address, which can be shared, and in the memory of the browser. */
import { checked, readChoice, speaks, writeChoice } from "../play/choice.js";

const STORE = "formant-surface";

/** @typedef {import("../play/choice.js").Choice} Choice */

/** @returns {URLSearchParams} the part of the address that browsers do not send */
const parts = () => new URLSearchParams(location.hash.slice(1));

/** The choice of the address, or else the one of last time. @returns {Choice} */
export function recall() {
  const address = parts();
  return speaks(address) ? readChoice(address) : checked(kept());
}

/**
 * The choice of an address that was opened while the page is open; null if it says nothing.
 * @returns {Choice | null}
 */
export function told() {
  const address = parts();
  return speaks(address) ? readChoice(address) : null;
}

/** @param {Choice} choice */
export function remember(choice) {
  const address = parts();
  writeChoice(address, choice);
  try {
    const url = new URL(location.href);
    url.hash = address.toString();
    if (url.href !== location.href) history.replaceState(null, "", url);
    localStorage.setItem(STORE, JSON.stringify(choice));
  } catch {
    // A browser that keeps nothing: the choice holds until the page is closed.
  }
}

function kept() {
  try {
    return JSON.parse(localStorage.getItem(STORE) ?? "null");
  } catch {
    return null;
  }
}
