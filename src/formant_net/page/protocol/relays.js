/** Relays (TURN) among the servers that find paths. */

/** Whether the server has told of a relay. @param {RTCIceServer[]} iceServers */
export const hasRelay = (iceServers) =>
  iceServers.some(({ urls }) => [urls].flat().some((url) => /^turns?:/.test(url)));
