/** Puts the parts together: fingers to synths, what synths say to the screen. */
import { Ensemble } from "./ensemble.js";
import { Gate } from "./gate.js";
import { Identity, forgetKey, readKey, rememberKey, writeKey } from "./identity.js";
import { Keyboard } from "./keyboard.js";
import { PLAIN, same } from "./mapping.js";
import { Panel } from "./panel.js";
import { Pointers } from "./pointers.js";
import { Presets } from "./presets.js";
import { Sender } from "./sender.js";
import { Signaling } from "./signaling.js";
import { statusWords } from "./status.js";
import { Surface } from "./surface.js";
import { Ticker } from "./ticker.js";
import { Touches } from "./touches.js";
import { WakeLock } from "./wakelock.js";

/** The protocol asks for 50 Hz or more: a little under 20 ms keeps that when a tick comes late. */
const RESEND_MS = 18;
/** Twice a second is enough for pings each second, a countdown, and deaths noticed within half a second. */
const SLOW_MS = 500;

/** @template {HTMLElement} T @param {string} id @returns {T} */
const element = (id) => /** @type {T} */ (document.getElementById(id));
const clock = () => performance.now() / 1000;

const identity = new Identity();
const touches = new Touches();
const wakeLock = new WakeLock();
const surface = new Surface(element("surface"), touches, clock);
const panel = new Panel(element("synths"), element("no-synths"));
const presets = new Presets(element("presets"), element("preset"));

const repeat = new Ticker(RESEND_MS, () => sender.tick());
const sender = new Sender({ touches, links: () => ensemble.open(), clock, repeat: (busy) => repeat.run(busy) });

const ensemble = new Ensemble({
  iceServers: () => signaling.iceServers,
  signal: (message) => signaling.send({ ...message, source: identity.id }),
  idleState: () => sender.idleState(),
  changed: () => show(),
  silent: () => signaling.verify(),
  clock,
});

const signaling = new Signaling({
  url: socketUrl(),
  identity,
  key: readKey(),
  clock,
  events: {
    changed: () => signalingChanged(),
    offer: (synth, description) => ensemble.offer(synth, description),
    candidate: (synth, candidate) => ensemble.candidate(synth, candidate),
  },
});

const gate = new Gate({
  key: (key) => {
    writeKey(key);
    signaling.useKey(key);
  },
  again: () => {
    identity.fresh(); // somebody else may have our old name by now
    signaling.connect();
  },
});

// --- playing ---------------------------------------------------------------------------------------------------

const played = {
  changed: () => {
    sender.changed();
    element("hint").classList.add("played");
    surface.invalidate();
  },
  moved: () => {
    sender.moved();
    surface.invalidate();
  },
};
const pointers = new Pointers(element("surface"), touches, played);
const keyboard = new Keyboard(touches, played, () => surface.range);

/** Nobody can tell any more what the fingers do: silence is the safe guess. */
function releaseAll() {
  pointers.forget();
  keyboard.forget();
  if (touches.clear()) played.changed();
}

addEventListener("blur", releaseAll);
addEventListener("pagehide", () => {
  releaseAll();
  identity.keep();
});
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  identity.restore();
  signaling.networkChanged();
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") {
    signaling.hurry();
    slowTick();
  } else {
    releaseAll();
  }
});

// A long touch, a double tap or two fingers mean music here, not the browser's own gestures.
for (const name of ["contextmenu", "selectstart", "dragstart", "gesturestart", "dblclick"]) {
  document.addEventListener(name, (event) => {
    if (!(event.target instanceof HTMLInputElement)) event.preventDefault();
  });
}

// --- connection ------------------------------------------------------------------------------------------------

/** Beside this page, so that it also works under a path. */
function socketUrl() {
  const url = new URL("ws", location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.hash = url.search = "";
  return url.href;
}

function signalingChanged() {
  if (signaling.state === "registered" && signaling.key) rememberKey(signaling.key);
  if (signaling.state === "needs-key") forgetKey();
  if (signaling.state === "kicked") ensemble.closeAll("disconnected by the server");
  show();
}

addEventListener("online", () => signaling.networkChanged());
addEventListener("hashchange", () => {
  const key = readKey();
  if (key && key !== signaling.key) signaling.useKey(key);
});

function slowTick() {
  const now = clock();
  signaling.tick(now);
  ensemble.tick(now);
  wakeLock.want(ensemble.open().length > 0);
  show();
}

// --- showing ---------------------------------------------------------------------------------------------------

function status() {
  return statusWords({
    server: signaling.state,
    reason: signaling.reason,
    retryInS: Math.max(0, signaling.retryAt - clock()),
    open: ensemble.playing,
    opening: ensemble.opening,
  });
}

let asked = false;

/** Once a frame at most; a hidden page has no frames and needs none. */
function show() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    const { tone, text, spoken } = status();
    element("status").dataset.tone = tone;
    write("status-text", text);
    write("status-spoken", spoken);
    write("server-note", signaling.edge ? `Server: ${signaling.edge} · this page: ${identity.id}` : "");
    gate.show(signaling.state, signaling.reason);
    panel.show(ensemble.all());
    presets.show(ensemble.open());
    showSurface(ensemble.open().filter((link) => link.synth.range));
  });
}

/**
 * What lies where is drawn as the synth says that was linked first; who plays several different ones is told so.
 * @param {import("./link.js").Link[]} links
 */
function showSurface(links) {
  const range = links[0]?.synth.range ?? PLAIN;
  surface.use(range);
  element("surface-note").hidden = links.every((link) => link.synth.range && same(link.synth.range, range));
  write("surface-note", `The notes and vowels on screen are those of ${links[0]?.name}. Not all synths sing the same ones.`);
}

/** @param {string} id @param {string} text */
function write(id, text) {
  if (element(id).textContent !== text) element(id).textContent = text;
}

const toggle = element("panel-toggle");
function showPanel(/** @type {boolean} */ open) {
  element("panel").hidden = !open;
  toggle.setAttribute("aria-expanded", String(open));
}
toggle.addEventListener("click", () => showPanel(toggle.getAttribute("aria-expanded") === "false"));
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || element("panel").hidden) return;
  showPanel(false);
  toggle.focus();
});

element("dim-note").hidden = wakeLock.available;
element("fullscreen").hidden = !document.fullscreenEnabled;
element("fullscreen").addEventListener("click", () => {
  const asking = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
  asking.catch(() => {});
  showPanel(false);
});

// --- for tests and operators: what is so, read-only --------------------------------------------------------------

Object.defineProperty(window, "formant", {
  value: Object.freeze({
    get id() {
      return identity.id;
    },
    get server() {
      return signaling.state;
    },
    get registrations() {
      return signaling.registrations;
    },
    get status() {
      return status().text;
    },
    get range() {
      return surface.range;
    },
    get fingers() {
      return touches.points();
    },
    get seq() {
      return sender.seq;
    },
    get wakeLock() {
      return wakeLock.held;
    },
    get links() {
      return ensemble.all().map((link) => ({
        synth: link.peer,
        name: link.name,
        state: link.state,
        ending: link.ending,
        rttMs: link.rttS === null ? null : link.rttS * 1000,
        loss: link.loss,
        stale: link.stale,
        silent: link.silent,
        told: link.told,
        volume: link.synth.volume,
        poweredOn: link.synth.poweredOn,
        audioEnabled: link.synth.audioEnabled,
        preset: link.synth.preset,
        presets: [...link.synth.presets],
        hasCommands: link.hasCommands,
        dropped: link.dropped,
        bad: link.bad,
      }));
    },
  }),
});

new Ticker(SLOW_MS, slowTick).run(true);
signaling.connect();
