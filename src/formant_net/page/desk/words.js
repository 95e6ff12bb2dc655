/** The state of the desk as one sentence. */

/**
 * @param {object} now
 * @param {string} now.server state of the signaling, or how it ended
 * @param {string} now.reason the server's message, or ""
 * @param {number} now.retryInS seconds to the next try
 * @param {boolean} now.open the document is here
 * @param {string} now.fault why the document cannot be opened, or ""
 * @param {number} now.boxes all that are known
 * @param {number} now.here those that are there
 * @returns {{tone: "good" | "busy" | "bad", text: string, spoken: string}} `spoken` is without the countdown
 */
export function deskWords({ server, reason, retryInS, open, fault, boxes, here }) {
  const say = (/** @type {"good" | "busy" | "bad"} */ tone, /** @type {string} */ text, spoken = text) => ({
    tone,
    text,
    spoken,
  });
  switch (server) {
    case "registered":
      if (fault) return say("bad", fault);
      if (!open) return say("busy", "Opening the desk…");
      if (boxes === 0) return say("busy", "No box yet");
      if (here < boxes) return say("busy", `${here} of ${boxes} boxes`, `${here} of ${boxes} boxes are there`);
      return say("good", boxes === 1 ? "1 box" : `${boxes} boxes`, `all ${boxes} boxes are there`);
    case "needs-key":
      return say("bad", reason || "Wrong key");
    case "kicked":
      return say("bad", "Disconnected by the server");
    case "waiting": {
      const what = reason ? `Server: ${reason}` : "Server unreachable";
      const wait = Math.ceil(retryInS);
      const still = " – boxes keep their levels";
      const when = wait > 0 ? `in ${wait} s` : "now";
      return say("bad", `${what}, trying again ${when}${still}`, `${what}, trying again${still}`);
    }
    default:
      return say("busy", "Connecting…");
  }
}
