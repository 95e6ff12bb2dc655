// A controller written from docs/integrate/protocol.md alone, on another WebRTC stack: it registers, answers every
// offer with what its stack made, plays one note of half a second and lifts it without coordinates.
//
//     node player.mjs STACK WS_URL        STACK: werift, node-datachannel
//
// Says what happens as JSON lines: offered, linked, released.
import WebSocket from "ws";

const [stack, url] = process.argv.slice(2);
const me = `ctrl-${stack}`;
const say = (event, more = {}) => console.log(JSON.stringify({ event, ...more }));
const socket = new WebSocket(url);
const send = (message) => socket.send(JSON.stringify(message));
const connections = new Map();

function play(params) {
  say("linked");
  const touching = setInterval(() => params.send(JSON.stringify({ type: "touch", x: 0.5, y: 0.2, active: true })), 20);
  setTimeout(() => {
    clearInterval(touching);
    params.send(JSON.stringify({ type: "touch", active: false }));
    say("released");
  }, 500);
}

const stacks = {
  async werift(source, sdp) {
    const { RTCPeerConnection } = await import("werift");
    const connection = new RTCPeerConnection({ iceServers: [] });
    connection.ondatachannel = ({ channel }) => {
      if (channel.label !== "params") return;
      if (channel.readyState === "open") play(channel);
      else channel.onopen = () => play(channel);
    };
    connection.onicecandidate = ({ candidate }) => send({ type: "ice", target: source, data: candidate ?? null });
    await connection.setRemoteDescription({ type: "offer", sdp });
    await connection.setLocalDescription(await connection.createAnswer());
    send({ type: "answer", target: source, data: { type: "answer", sdp: connection.localDescription.sdp } });
    return { candidate: (data) => data && connection.addIceCandidate(data) };
  },

  async "node-datachannel"(source, sdp) {
    const { default: library } = await import("node-datachannel");
    const connection = new library.PeerConnection(me, { iceServers: [] });
    connection.onLocalDescription((sdp, type) => send({ type, target: source, data: { type, sdp } }));
    connection.onLocalCandidate((candidate, sdpMid) =>
      send({ type: "ice-candidate", target: source, data: { candidate, sdpMid } }),
    );
    connection.onDataChannel((channel) => {
      if (channel.getLabel() === "params") play({ send: (text) => channel.sendMessage(text) });
    });
    connection.setRemoteDescription(sdp, "offer");
    return { candidate: (data) => data && connection.addRemoteCandidate(data.candidate, data.sdpMid) };
  },
};

socket.on("open", () => send({ type: "register", client_id: me }));
socket.on("message", async (frame) => {
  const message = JSON.parse(frame);
  if (message.type === "error") say("refused", message);
  if (message.type === "offer") {
    say("offered", { source: message.source });
    connections.set(message.source, await stacks[stack](message.source, message.data.sdp));
  }
  if (message.type === "ice" || message.type === "ice-candidate") {
    connections.get(message.source)?.candidate(message.data);
  }
});
