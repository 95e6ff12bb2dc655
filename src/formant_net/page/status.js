/** The state of the connection in words: one sentence that says what is so and what happens next. */

/**
 * @param {object} now
 * @param {string} now.server state of the signaling: connecting, registered, waiting, needs-key, refused, kicked
 * @param {string} now.reason what the server said, or ""
 * @param {number} now.retryInS seconds to the next try
 * @param {number} now.open links that play
 * @param {number} now.opening links being made
 * @returns {{tone: "good" | "busy" | "bad", text: string, spoken: string}} `spoken` is without the countdown
 */
export function statusWords({ server, reason, retryInS, open, opening }) {
  const synths = open === 1 ? "1 synth" : `${open} synths`;
  const still = open > 0 ? " – sound keeps playing" : "";
  const say = (/** @type {"good" | "busy" | "bad"} */ tone, /** @type {string} */ text, spoken = text) => ({
    tone,
    text,
    spoken,
  });
  switch (server) {
    case "registered":
      if (open > 0) return say("good", `Connected, ${synths}`);
      return opening > 0 ? say("busy", "Connecting to a synth…") : say("busy", "Looking for synths…");
    case "needs-key":
      return say("bad", reason || "Wrong key");
    case "kicked":
      return say("bad", "Disconnected by the server");
    case "waiting":
    case "refused": {
      const what = server === "refused" && reason ? `Server: ${reason}` : "Server unreachable";
      const wait = Math.ceil(retryInS);
      return say("bad", `${what}, trying again ${wait > 0 ? `in ${wait} s` : "now"}${still}`, `${what}, trying again${still}`);
    }
    default:
      return open > 0 ? say("busy", `Reconnecting to the server…${still}`) : say("busy", "Connecting…");
  }
}
