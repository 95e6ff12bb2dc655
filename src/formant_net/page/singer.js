/** The page `/sing`: one tap, and this device is a synth that every controller finds. It draws nothing that moves. */
import { forgetKey, readKey, rememberKey, writeKey } from "./client/identity.js";
import { readNumbers } from "./protocol/numbers.js";
import { Gate } from "./show/gate.js";
import { LateSlider } from "./set/late.js";
import { adviceWords, singWords } from "./show/sing.js";
import { WakeLock } from "./show/wakelock.js";
import { Device } from "./sing/device.js";
import { Singing } from "./sing/singing.js";
import { Ticker } from "./timers/ticker.js";

const SLOW_MS = 500;
/** Seconds of sound that the browser keeps ready: it costs a phone half of what the shortest time does. */
const LATENCY_S = 0.05;

/** What is said where the browser cannot hand data channels to a worker. */
const ON_THE_PAGE = "touches come on the page's own thread: a busy page hears them late";

/** @param {string} id */
const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const clock = () => performance.now() / 1000;

const { timing, bounds, sings } = readNumbers();
const wakeLock = new WakeLock();
const device = new Device({ clock, changed: () => deviceChanged(), latencyHint: LATENCY_S });
let key = readKey();
const servers = [socketUrl()];
const singing = new Singing({ device, timing, bounds, servers, key: () => key, clock, changed: () => changed() });
new LateSlider(
  { row: element("late-row"), slider: element("late"), said: element("late-said") },
  device.lateS,
  (lateS) => singing.setLate(lateS),
).show(timing.play_out_s > 0);
const gate = new Gate({
  key: (given) => {
    writeKey(given);
    key = given;
    singing.restart();
  },
  again: () => {
    singing.identity.fresh();
    singing.restart();
  },
});

/** Next to this page, so that it also works under a path. */
function socketUrl() {
  const url = new URL("ws", location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.hash = url.search = "";
  return url.href;
}

// --- one tap does everything --------------------------------------------------------------------------------------

const button = /** @type {HTMLButtonElement} */ (element("sing"));
button.addEventListener("click", () => {
  if (device.state === "on" || device.state === "starting") singing.switchOff();
  else singing.switchOn();
  wakeLock.want(device.state !== "off");
});
addEventListener("pointerup", () => device.resume());
navigator.mediaDevices?.addEventListener("devicechange", () => device.renew());
addEventListener("pagehide", () => {
  singing.identity.keep();
  device.hush();
});
addEventListener("pageshow", ({ persisted }) => {
  if (!persisted) return;
  device.resume();
  singing.identity.restore();
  singing.restart();
});
addEventListener("online", () => singing.restart());
addEventListener("hashchange", () => {
  const given = readKey();
  if (!given || given === key) return;
  key = given;
  singing.restart();
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible") return;
  device.resume();
  singing.hurry();
  slowTick();
});

function slowTick() {
  singing.tick();
  device.tick(clock(), singing.fingers > 0);
  wakeLock.want(device.state === "on");
  show();
}

// --- showing ------------------------------------------------------------------------------------------------------

function deviceChanged() {
  singing.tick(); // players are told at once
  show();
}

function changed() {
  const { state } = singing.server;
  if (state === "registered" && key) rememberKey(key);
  if (state === "needs-key") forgetKey();
  show();
}

let asked = false;

/** Once a frame at most; a hidden page has no frames and needs none. */
function show() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    const on = device.state === "on" || device.state === "starting";
    const { state, reason } = singing.server;
    const { tone, text } = words();
    element("status").dataset.tone = tone;
    write("status", text);
    write("sing", on ? "Stop singing" : "Sing on this device");
    button.setAttribute("aria-pressed", String(on));
    button.disabled = sings === "";
    gate.show(singing.on ? state : "", reason);
    const { sampleRate, kind, latencyS, preset } = /** @type {any} */ (device.report);
    const sound = `${preset} · ${Math.round(sampleRate / 100) / 10} kHz · ${Math.round(1000 * latencyS)} ms`;
    const lack = kind === "script" ? " · no audio thread" : singing.on && !singing.apart ? ` · ${ON_THE_PAGE}` : "";
    write("detail", device.state === "on" ? sound + lack : "");
  });
}

function words() {
  if (sings === "") return { tone: "bad", text: "This server was built without the voice for browsers." };
  if (device.state === "off") return { tone: "busy", text: "Tap once. Then this device sings what others play." };
  return singWords(singing);
}

/** @param {string} id @param {string} text */
function write(id, text) {
  if (element(id).textContent !== text) element(id).textContent = text;
}

const advice = adviceWords({
  secure: isSecureContext,
  session: "audioSession" in navigator,
  agent: navigator.userAgent,
  lock: wakeLock.available,
});
element("advice").replaceChildren(
  ...advice.map((line) => Object.assign(document.createElement("li"), { textContent: line })),
);
/** @type {HTMLAnchorElement} */ (element("play")).href = `./${location.hash}`;

// --- for tests and operators: what is so, read-only ---------------------------------------------------------------

Object.defineProperty(window, "formant", {
  value: Object.freeze({
    get id() {
      return singing.identity.id;
    },
    get server() {
      return singing.server.state;
    },
    get status() {
      return words().text;
    },
    get sing() {
      return singing.report;
    },
    get wakeLock() {
      return wakeLock.held;
    },
  }),
});

new Ticker(SLOW_MS, slowTick).run(true);
show();
