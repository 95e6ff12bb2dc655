/**
 * The states of signaling: where a client's conversation with its servers stands, and what may happen to it.
 *
 * The Python client has the same table (`client/states.py`); tests/vectors/data/signaling_states.json holds both to it.
 */

/**
 * @typedef {"idle" | "waiting" | "connecting" | "registering" | "registered" | "stopped"} State
 * @typedef {"dial" | "opened" | "accepted" | "moved" | "failed" | "stopped"} Event
 */

/** For each state, the next state for each event. @type {Record<State, Partial<Record<Event, State>>>} */
const TABLE = {
  idle: { dial: "connecting", stopped: "stopped" },
  waiting: { dial: "connecting", moved: "registering", stopped: "stopped" },
  connecting: { opened: "registering", failed: "waiting", moved: "registering", stopped: "stopped" },
  registering: { accepted: "registered", failed: "waiting", moved: "registering", stopped: "stopped" },
  registered: { failed: "waiting", moved: "registering", stopped: "stopped" },
  stopped: { stopped: "stopped" },
};

/**
 * The state after an event; null if the event is not expected in this state.
 * @param {State} state @param {Event} event @returns {State | null}
 */
export function next(state, event) {
  return TABLE[state][event] ?? null;
}
