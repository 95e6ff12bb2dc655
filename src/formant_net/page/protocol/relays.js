/** Relays (TURN) among the servers that find paths. */

/** Whether the server has told of a relay. @param {RTCIceServer[]} iceServers */
export const hasRelay = (iceServers) =>
  iceServers.some((server) => [server?.urls].flat().some((url) => typeof url === "string" && /^turns?:/.test(url)));
