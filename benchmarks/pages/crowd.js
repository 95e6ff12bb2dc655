/**
 * Many real synths of the page in one page: the rules, the links and the mapping of `/sing`, with an output that makes
 * no sound. `window.crowd` says how many are registered and linked, and how many sing a finger.
 */
async ({ ws, count, first }) => {
  const parts = ["sing/synth", "sing/voice", "client/identity", "sing/files", "protocol/numbers"];
  const [{ WebSynth }, { Voice }, { Identity }, { loadFiles }, { readNumbers }] = await Promise.all(
    parts.map((name) => import(`/${name}.js`)),
  );
  const files = await loadFiles();
  const { timing, bounds } = readNumbers();
  const clock = () => performance.now() / 1000;
  const one = (number) => {
    let keys = 0;
    const output = { kind: "none", sampleRate: 48000, latencyS: 0.05, counts: {}, frameAt: () => 0, push() {} };
    const voice = new Voice(files, output);
    const stage = {
      ...{ voice, output, lateS: 0, sounds: true, poweredOn: true },
      ...{ newKey: () => (keys += 1), played() {}, usePreset: (name) => voice.use(name) },
    };
    const synth = new WebSynth({
      ...{ stage, name: `crowd ${number}`, identity: new Identity("synth-web", ""), timing, bounds, servers: [ws] },
      ...{ key: null, clock, changed() {}, skips: () => false, volume: 1 },
    });
    synth.start();
    return synth;
  };
  const synths = Array.from({ length: count }, (_, k) => one(first + k));
  const counted = (holds) => synths.filter(({ view }) => holds(view)).length;
  window.crowd = {
    registered: () => counted(({ server }) => server === "registered"),
    linked: () => counted(({ players }) => players > 0),
    sing: () => counted(({ fingers }) => fingers > 0),
  };
};
