"""What strangers send to a page that sings: it throws nothing, remembers little, and goes on."""

from __future__ import annotations

from page.conftest import ask
from support.browser.chromium import Tab

STRANGERS = """
const { Identity } = await import("/client/identity.js");
let seed = 4711, now = 100;
const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
const any = (list) => list[Math.floor(random() * list.length)];
const sung = [];
const stage = {
  voice: { presets: { bass: 1, choir: 1 }, preset: "bass", sing: (note) => sung.push(note), setVolume() {} },
  output: { kind: "worklet", sampleRate: 48000, latencyS: 0, counts: {}, frameAt: () => 0 },
  lateS: 0, sounds: true, poweredOn: true, newKey: () => sung.length + 1, played() {}, usePreset() {},
};
const made = [];
const synth = new m.WebSynth({
  stage, name: "", identity: new Identity("synth-web", ""), timing, bounds, servers: ["ws://a.example/ws"], key: null,
  clock: () => now, changed() {}, skips: () => false, volume: 1,
  connect: (parts) => {
    made.push(parts);
    return { offer: async () => null, accept: async () => {}, addCandidate() {}, send: () => "sent", close() {} };
  },
});
const { signaling, core } = synth.node;
signaling.start(now);
signaling.opened(1, now);
const odd = { toString: 1, valueOf: 1 };
const values = [null, true, -1, 0, 0.5, 1, 7, 1e308, "", "x", "ctrl-a", "bass", [], [null], [odd], {}, odd,
  "z".repeat(5000)];
const fields = {
  type: ["registered", "kicked", "move", "ice-servers", "error", "controllers-list", "controller-joined", "answer",
    "controller-left", "ice-candidate", "offer", "touch", "ping", "param", "command", "pong", "x"],
  controllers: [["ctrl-a"], ["ctrl-a", "ctrl-b", odd, null]], controller_id: ["ctrl-a", "ctrl-c"], source: ["ctrl-a"],
  points: [[{ id: 1, x: 0.5, y: 0.5 }], [{ id: odd, x: 1, y: 1 }], Array(99).fill({ id: 2, x: 0, y: 0 })],
  ...Object.fromEntries(["resume", "ice_servers", "edge", "location", "servers", "heartbeat_s", "settings", "within_s",
    "code", "message", "reason", "about", "details", "meta", "more", "after", "data", "name", "value", "timestamp", "t",
    "echo", "held", "seq", "rtt_ms", "id", "x", "y", "z", "active", "note", "vel", "place"].map((name) => [name, []])),
};
const message = () => {
  const made = {};
  for (const [name, good] of Object.entries(fields)) {
    if (random() < 0.5) made[name] = any(random() < 0.5 && good.length ? good : values);
  }
  if (random() < 0.9) made.type = any(fields.type);
  return JSON.parse(JSON.stringify(made));
};
const wrong = [];
for (let k = 0; k < 6000; k += 1) {
  now += random() * 0.05;
  const said = message();
  try {
    if (k === 1) said.type = "registered";
    if (said.type === "kicked" || (said.type === "error" && !signaling.online)) continue; // that would be the end
    if (k % 2) core.receive(signaling.receive(1, said, now), now);
    for (const { peer } of core.keeper.links.values()) {
      if (peer.state === "offering") core.keeper.answered(peer.name, { sdp: "v=0" }, now);
      core.opened(peer.name, peer.link, now);
      core.channel(peer.name, peer.link, any(["params", "commands"]), any([JSON.stringify(said), "{", 5, null]), now);
    }
    if (k % 50 === 0) { core.onDeadline(now); JSON.stringify(core.state()); JSON.stringify(synth.view); }
    for (const effect of core.drain()) JSON.stringify(effect);
    signaling.drain();
  } catch (error) {
    wrong.push(`${error.stack.slice(0, 300)}: ${JSON.stringify(said).slice(0, 400)}`);
    if (wrong.length > 2) break;
  }
}
const { size } = core.keeper.links;
synth.stop();
return [wrong, size <= 8, core.fingers, core.counts.bad > 0, signaling.registrations > 0];
"""


def test_messages_at_random_break_nothing(tab: Tab) -> None:
    """Six thousand, of a server and of controllers, with types that a message must not have."""
    wrong, few_links, fingers, refused, registered = ask(tab, "sing/synth", STRANGERS)
    assert wrong == []
    assert few_links
    assert fingers == 0, "who is stopped holds no finger"
    assert refused
    assert registered
