/** The page's side of the vectors of MIDI: what is down after each step. Messages are whole, as browsers give them. */
import { USES } from "./midi/channel.js";
import { MidiPlayer } from "./midi/player.js";

const TICK_MS = 5;

/** `steps`: {at: ms, unplug?, messages: [port, bytes][]}; returns the fingers after each, sorted by note and effort. */
export function results({ given = {}, steps }) {
  const down = new Map();
  const set = (finger, sound) => down.set(finger, sound);
  const mapping = { ...given, ...(given.controllers ? { controllers: { ...USES, ...given.controllers } } : {}) };
  const player = new MidiPlayer({ begins: set, moves: set, ends: (finger) => down.delete(finger), volume() {} }, undefined, mapping);
  let now = 0;
  return steps.map(({ at, unplug, messages }) => {
    for (now = Math.min(now + TICK_MS, at); ; now = Math.min(now + TICK_MS, at)) {
      player.tick(now / 1000);
      if (now >= at) break;
    }
    if (unplug) player.unplug(unplug);
    for (const [port, bytes] of messages) player.take(port, bytes, at / 1000);
    return [...down.values()].map((sound) => ({ ...sound })).sort((a, b) => a.note - b.note || a.z - b.z);
  });
}
