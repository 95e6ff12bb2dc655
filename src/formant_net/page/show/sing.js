/** "Sing on this device": a switch in the panel of the touch page, and words for this device as a synth. */

/**
 * @typedef {{on: boolean, players: number, server: {state: string, reason: string}, name: string,
 *   unreached: {count: number, relayed: boolean},
 *   device: {state: string, reason: string, sounds: boolean, threaded: boolean, poweredOn: boolean}}} Shown
 */

export class SingSwitch {
  /**
   * @param {{box: HTMLElement, row: HTMLElement, note: HTMLElement}} elements
   * @param {{on: () => void, off: () => void}} does
   */
  constructor({ box, row, note }, does) {
    this.box = /** @type {HTMLInputElement} */ (box);
    this.row = row;
    this.note = note;
    this.box.addEventListener("change", () => (this.box.checked ? does.on() : does.off()));
  }

  /** It could not be loaded. */
  failed() {
    this.box.checked = false;
    this.note.textContent = "The server does not answer. Try again when it is back.";
    this.note.hidden = false;
  }

  /** @param {boolean} able whether the server has what a page needs to sing @param {Shown | null} shown */
  show(able, shown) {
    this.row.hidden = !able;
    if (!shown) return;
    this.box.checked = shown.on;
    const words = shown.on ? singWords(shown).text : "";
    if (this.note.textContent !== words) this.note.textContent = words;
    this.note.hidden = words === "";
  }
}

/** What is the case with this device as a synth, and what to do. @param {Shown} shown @returns {{tone: "good" | "busy" | "bad", text: string}} */
export function singWords({ on, players, server, name, unreached, device }) {
  const say = (/** @type {"good" | "busy" | "bad"} */ tone, /** @type {string} */ text) => ({ tone, text });
  if (device.state === "failed") return say("bad", `This device cannot sing: ${device.reason}.`);
  if (device.state === "starting") return say("busy", "Starting the voice of this device…");
  if (!on) return say("busy", "This device does not sing.");
  if (!device.sounds) return say("bad", "The sound of this device is paused: tap to go on.");
  if (!device.poweredOn) return say("busy", "A player has switched this device off.");
  if (server.state === "needs-key") return say("bad", `It may not sing for others: ${server.reason || "wrong key"}.`);
  if (server.state === "kicked") return say("bad", `Disconnected by the server${server.reason ? `: ${server.reason}` : ""}.`);
  const heard = players === 0 ? "" : players === 1 ? "1 player plays on it" : `${players} players play on it`;
  if (server.state !== "registered") {
    return say("busy", heard ? `${heard}. Reconnecting to the server…` : "Connecting to the server…");
  }
  if (players === 0 && unreached.count > 0) {
    const whom = unreached.count === 1 ? "a player" : `${unreached.count} players`;
    const why = unreached.relayed ? ", also not over the relay of the server" : ". The server needs a relay (--ice-server)";
    return say("bad", `${name} finds no path to ${whom}: this network keeps browsers apart${why}.`);
  }
  if (players === 0) return say("busy", `${name} is ready. It waits for a player.`);
  return say("good", `${name} sings: ${heard}.${device.threaded ? "" : " For better sound open https://…"}`);
}

/**
 * What a device may withhold, in words, before and while it sings.
 * @param {{secure: boolean, session: boolean, agent: string, lock: boolean}} browser `session`: it has an audio session
 * @returns {string[]}
 */
export function adviceWords({ secure, session, agent, lock }) {
  const words = ["Turn the volume up. Keep this page open and in front: a phone that leaves it stops singing."];
  if (/iPhone|iPad/.test(agent) && !session) words.push("Switch silent mode off: this iPhone mutes web pages with it.");
  if (!lock) words.push("The screen may go dark: browsers keep it awake for https addresses only.");
  if (!secure) words.push("For better sound open https://…: over http this browser has no audio thread.");
  return words;
}
