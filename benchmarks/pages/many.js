/**
 * Many synths without sound in one page: each registers, offers, answers pings, and counts what comes.
 *
 * `window.many`: how many are open, and how late each touch came, ms: what the controller has stamped against this
 * page's clock.
 */
async ({ ws, count, atATime }) => {
  const many = (window.many = { open: 0, late: [], counting: false, zeroMs: 0, lost: 0, since: 0, through: 0 });
  const state = JSON.stringify({ audio_enabled: true, powered_on: true, volume: 1, takes: ["note"], name: "many" });

  function channel(it, opened) {
    it.onopen = () => {
      if (it.label === "params") opened();
    };
    it.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      const now = performance.timeOrigin + performance.now();
      if (message.type === "touch" && many.counting) {
        const newest = message.points[message.points.length - 1];
        many.late.push([now - many.zeroMs - message.t, newest?.since === message.t]);
      }
      if (message.type !== "ping") return;
      const t = Math.round(performance.now() * 1000) / 1000;
      it.send(`{"type":"pong","timestamp":${JSON.stringify(message.timestamp)},"t":${t},"state":${state}}`);
    };
  }

  const one = (k) =>
    new Promise((resolve) => {
      const id = `synth-many-${String(k).padStart(3, "0")}`;
      const socket = new WebSocket(ws);
      const say = (message) => socket.send(JSON.stringify({ source: id, ...message }));
      let pc = null;
      async function offer(target) {
        pc = new RTCPeerConnection();
        pc.onicecandidate = ({ candidate }) => {
          if (described) say({ type: "ice-candidate", target, data: candidate?.candidate ? candidate.toJSON() : null });
        };
        let described = false;
        const opened = () => {
          many.open += 1;
          resolve();
        };
        channel(pc.createDataChannel("params", { ordered: false, maxRetransmits: 0 }), opened);
        channel(pc.createDataChannel("commands"), opened);
        pc.onconnectionstatechange = () => {
          if (pc.connectionState === "failed") many.lost += 1;
        };
        await pc.setLocalDescription();
        await new Promise((done) => {
          pc.onicegatheringstatechange = () => pc.iceGatheringState === "complete" && done();
          setTimeout(done, 250);
        });
        described = true;
        say({ type: "offer", target, data: { type: "offer", sdp: pc.localDescription.sdp } });
      }
      socket.onopen = () => say({ type: "register", client_id: id, role: "synth" });
      socket.onmessage = async ({ data }) => {
        const message = JSON.parse(data);
        if (message.type === "registered") say({ type: "request-controllers" });
        const target = message.type === "controllers-list" ? message.controllers[0] : message.controller_id;
        if (target && !pc) await offer(target);
        if (message.type === "answer") await pc.setRemoteDescription(message.data);
        if (message.type === "ice-candidate") pc.addIceCandidate(message.data ?? undefined).catch(() => {});
      };
    });

  const all = Array.from({ length: count }, (_, k) => k);
  const next = async () => {
    while (all.length > 0) await one(all.shift());
  };
  await Promise.all(Array.from({ length: atATime }, next));
}
