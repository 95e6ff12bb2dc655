/** Connects the parts of the page: fingers go to the synths, the state of the synths goes to the screen. */
import { Ensemble } from "./controller/ensemble.js";
import { Identity, forgetKey, readKey, rememberKey, writeKey } from "./client/identity.js";
import { readNumbers } from "./protocol/numbers.js";
import { PLAIN, same } from "./protocol/range.js";
import { Signaling } from "./client/signaling.js";
import { Sockets } from "./client/sockets.js";
import { Ticker } from "./timers/ticker.js";
import { Instrument } from "./play/instrument.js";
import { Keyboard } from "./play/keyboard.js";
import { Playing } from "./play/plane.js";
import { Pointers } from "./play/pointers.js";
import { Sender } from "./play/sender.js";
import { Touches } from "./play/touches.js";
import { AllOff } from "./show/all-off.js";
import { Gate } from "./show/gate.js";
import { hearing, muteWords } from "./show/hearing.js";
import { Most } from "./set/most.js";
import { Panel } from "./show/panel.js";
import { Presets } from "./show/presets.js";
import { statusWords } from "./show/status.js";
import { HereSwitch } from "./show/here.js";
import { SingSwitch } from "./show/sing.js";
import { Surface } from "./show/surface.js";
import { WakeLock } from "./show/wakelock.js";
import { Choosing } from "./strip/choosing.js";
import { Midi } from "./strip/midi.js";
import { Device } from "./sing/device.js";
import { Here } from "./sing/here.js";

/** Ticks come slightly more often than touches must be re-sent, so that a late tick does not lower the rate. */
const EARLY_MS = 2;
/** Twice a second is enough for pings each second, a countdown, and deaths noticed within half a second. */
const SLOW_MS = 500;

/** @template {HTMLElement} T @param {string} id @returns {T} */
const element = (id) => /** @type {T} */ (document.getElementById(id));
const clock = () => performance.now() / 1000;

const { timing, bounds, sings } = readNumbers();
const identity = new Identity();
const touches = new Touches(bounds);
const wakeLock = new WakeLock();
const surface = new Surface(element("surface"), touches, clock);
const allOff = new AllOff(element("all-off"), (on) => {
  if (!on) {
    releaseAll();
    hereOff();
  }
  if (signaling.maySet) for (const link of ensemble.open()) link.setPower(on);
});
const mostElements = { row: element("most-row"), field: element("most"), note: element("most-note") };
const most = new Most(mostElements, bounds, navigator.userAgent);
const panel = new Panel(element("synths"), element("no-synths"));
const presets = new Presets(element("presets"), element("preset"));

const instrument = new Instrument(touches, surface.view, {
  clock,
  size: () => surface.size,
  heldChanged: () => choosing?.show(),
});
const repeat = new Ticker(1000 * timing.resend_s - EARLY_MS, () => {
  if (instrument.tick()) surface.invalidate();
  midi.tick();
  sender.tick();
});
/** The synths that this page plays. */
const heard = () => ensemble.open().filter((link) => !choosing.choice.without.includes(link.peer));
/** This device, if it sings, and all synths that are played. */
const links = () => [...(here.state === "on" ? [here] : []), ...heard()];
const sender = new Sender({ timing, bounds, touches, links, clock, repeat: (busy) => repeat.run(busy) });

const ensemble = new Ensemble({
  timing,
  bounds,
  iceServers: () => signaling.iceServers,
  signal: (message) => sockets.send({ ...message, source: identity.id }),
  idleState: () => sender.idleState(),
  changed: () => show(),
  silent: () => sockets.does((now) => signaling.verify(now)),
  clock,
  most: () => most.value,
});

const device = new Device({ clock, changed: () => deviceChanged() });
const here = new Here({ timing, bounds, clock, device });
/** This device as a synth for everybody; loaded when it is switched on. @type {import("./sing/singing.js").Singing | null} */
let singing = null;
/** It is switched on; it may still be loading. */
let singsForAll = false;
const hereSwitch = new HereSwitch(
  { offer: element("hear-here"), box: element("here"), row: element("here-row"), note: element("here-note") },
  { on: () => here.switchOn(), off: () => hereOff() },
);
const singSwitch = new SingSwitch(
  { box: element("sing-here"), row: element("sing-row"), note: element("sing-note") },
  { on: () => singForAll(), off: () => singForNobody() },
);

const servers = [socketUrl()];
const signaling = new Signaling({ identity, servers, key: readKey(), timing, bounds, random: Math.random });
const sockets = new Sockets({
  signaling,
  clock,
  events: {
    changed: () => signalingChanged(),
    offer: (synth, description) => ensemble.offer(synth, description),
    candidate: (synth, candidate) => ensemble.candidate(synth, candidate),
  },
});

/** Another key, another network, or somebody who was sent away comes back. */
function connectAnew() {
  sockets.does((now) => signaling.restart(now));
  singing?.restart();
}

/** Own fingers sound at once, those of others over their links. */
async function singForAll() {
  singsForAll = true;
  const able = here.switchOn(); // in the tap, before anything is loaded
  const loaded = await import("./sing/singing.js").catch(() => null);
  if (!loaded) {
    singsForAll = false;
    singSwitch.failed();
    return;
  }
  const { Singing } = loaded;
  await able;
  const shared = { device, timing, bounds, servers, clock, self: () => identity.id };
  singing ??= new Singing({ ...shared, key: () => signaling.key, changed: () => show() });
  if (singsForAll) await singing.switchOn();
}

function singForNobody() {
  singsForAll = false;
  singing?.switchOff();
}

function hereOff() {
  singForNobody();
  here.switchOff();
}

const gate = new Gate({
  key: (key) => {
    writeKey(key);
    signaling.key = key;
    connectAnew();
  },
  again: () => {
    identity.fresh(); // somebody else may have our old name by now
    connectAnew();
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
/** Scale, range, hold: the strip and its sheet. */
const choosing = new Choosing({
  instrument,
  surface,
  changed: () => show(),
  released: () => played.changed(),
  leaving: () => liftFingers(),
  sharing: () => {
    if (signaling.key) writeKey(signaling.key); // it may only be remembered
  },
  opens: (open) => open && showPanel(false),
});
const pointers = new Pointers(element("surface"), new Playing(instrument, touches), played);
const keyboard = new Keyboard(instrument, played, () => surface.range, () => !gate.isOpen, () =>
  links().some((link) => link.synth.takes.includes("note")),
);

const midi = new Midi({
  touches,
  instrument,
  played,
  clock,
  volume: (value) => {
    if (signaling.maySet) for (const link of heard()) link.setVolume(value, { remember: false });
  },
});

/** The page no longer knows where the fingers are, so it lifts all of them. */
function releaseAll() {
  pointers.forget();
  keyboard.forget();
  midi.panic();
  if (instrument.clear()) played.changed();
}

/** The surface gets another place on the screen: no finger is where it was. What is held goes on. */
function liftFingers() {
  pointers.forget();
  keyboard.forget();
  if (instrument.release()) played.changed();
}

addEventListener("blur", releaseAll);
addEventListener("pointerup", () => device.resume());
navigator.mediaDevices?.addEventListener("devicechange", () => device.renew());
addEventListener("pagehide", () => {
  releaseAll();
  identity.keep();
  singing?.identity.keep();
  device.hush();
});
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  device.resume();
  identity.restore();
  singing?.identity.restore();
  networkChanged();
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") {
    device.resume();
    sockets.does((now) => signaling.hurry(now));
    singing?.hurry();
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

/** Next to this page, so that it also works under a path. */
function socketUrl() {
  const url = new URL("ws", location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.hash = url.search = "";
  return url.href;
}

function signalingChanged() {
  if (signaling.state === "registered" && signaling.key) rememberKey(signaling.key);
  if (signaling.ending === "needs-key") forgetKey();
  if (signaling.ending === "kicked") ensemble.closeAll("disconnected by the server");
  show();
}

/** The state of the old socket no longer counts. Links notice by themselves whether they still work. */
function networkChanged() {
  if (signaling.state !== "stopped") connectAnew();
}

addEventListener("online", networkChanged);
addEventListener("hashchange", () => {
  choosing.addressChanged();
  const key = readKey();
  if (!key || key === signaling.key) return;
  signaling.key = key;
  connectAnew();
});

function slowTick() {
  const now = clock();
  sockets.tick();
  ensemble.tick(now);
  here.tick(now);
  midi.tick();
  singing?.tick();
  device.tick(now, here.fingers > 0 || (singing?.fingers ?? 0) > 0);
  wakeLock.want(links().length > 0);
  show();
}

// --- showing ---------------------------------------------------------------------------------------------------

/** The state of the conversation with the server, and how it ended. */
const server = () => signaling.ending || signaling.state;

function deviceChanged() {
  singing?.tick(); // players are told at once
  show();
}

function status() {
  return statusWords({
    server: server(),
    reason: signaling.reason,
    retryInS: Math.max(0, (signaling.retryAt ?? 0) - clock()),
    ...hearing(heard()),
    left: ensemble.open().length - heard().length,
    opening: ensemble.opening,
    here: here.state === "on" && device.sounds,
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
    gate.show(server(), signaling.reason);
    panel.show(ensemble.all(), signaling.maySet);
    most.show(ensemble.open().length, ensemble.leftOut, ensemble.open().filter(({ queued }) => queued).length);
    presets.show(chosen(), signaling.maySet || ensemble.open().length === 0);
    if (!singing?.on) here.use(soleChoice());
    const { reason, sounds, threaded } = device;
    const able = sings !== "";
    hereSwitch.show({ state: here.state, reason, sounds, threaded, able }, ensemble.open().length > 0);
    singSwitch.show(able, singing);
    allOff.show(ensemble.open(), signaling.maySet);
    element("settings-note").hidden = signaling.maySet;
    element("desk-row").hidden = !(signaling.online && signaling.maySet);
    showSurface(chosen().filter((link) => link.synth.range));
    choosing.showSynths(ensemble.all());
    showHearing();
  });
}

/** Those whose preset is shown: the synths, or this device where there is none. */
const chosen = () => (heard().length > 0 ? heard() : links());

/** The preset that all synths sing with; null if they differ, or if there is none. */
function soleChoice() {
  const sung = new Set(ensemble.open().map((link) => link.synth.preset));
  const [only = null] = sung;
  return sung.size === 1 ? only : null;
}

/**
 * What lies where is drawn as the synth says that was linked first; who plays several different ones is told so.
 * @param {(import("./controller/link.js").Link | Here)[]} links
 */
function showSurface(links) {
  const range = links[0]?.synth.range ?? PLAIN;
  choosing.over(range);
  element("surface-note").hidden = links.every((link) => link.synth.range && same(link.synth.range, range));
  const shown = `The notes and vowels on screen are those of ${links[0]?.name}.`;
  write("surface-note", `${shown} Not all synths sing the same ones.`);
}

/** Marks and surface show when only some synths, or none, hear the fingers. */
function showHearing() {
  const { sounding, mute } = hearing(heard());
  const nobody = sounding === 0 && mute.length > 0 && !(here.state === "on" && device.sounds);
  surface.heardBy(nobody ? "nobody" : mute.length > 0 ? "some" : "all");
  element("hint").hidden = nobody;
  element("unheard").hidden = !nobody;
  const remedy = here.state === "off" ? " To hear yourself, open Synths and switch on Hear it here." : "";
  write("unheard", nobody ? `Nobody can hear you: ${muteWords(mute)}.${remedy}` : "");
}

/** @param {string} id @param {string} text */
function write(id, text) {
  if (element(id).textContent !== text) element(id).textContent = text;
}

const toggle = element("panel-toggle");
function showPanel(/** @type {boolean} */ open) {
  if (open === !element("panel").hidden) return;
  liftFingers();
  if (open) choosing.close();
  element("panel").hidden = !open;
  document.body.dataset.panel = open ? "open" : "";
  toggle.setAttribute("aria-expanded", String(open));
}
toggle.addEventListener("click", () => showPanel(toggle.getAttribute("aria-expanded") === "false"));
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || element("panel").hidden) return;
  showPanel(false);
  toggle.focus();
});

/** The key comes along, so that nobody has to type it again. */
element("desk").addEventListener("click", () => element("desk").setAttribute("href", `desk${location.hash}`));

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
      return server();
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
    get midi() {
      return midi.report;
    },
    get choice() {
      return { ...choosing.choice, holding: instrument.holding, held: instrument.held };
    },
    get seq() {
      return sender.seq;
    },
    get here() {
      return here.report;
    },
    get sing() {
      return singing?.report ?? null;
    },
    get wakeLock() {
      return wakeLock.held;
    },
    get limits() {
      return { synths: most.value, leftOut: ensemble.leftOut, spared: sender.pace.spared };
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
        queued: link.queued,
        bad: link.bad,
      }));
    },
  }),
});

new Ticker(SLOW_MS, slowTick).run(true);
// abilities.js shows what this browser lacks. A synth that offers to such a browser would never get an answer.
if (element("unable").hidden) sockets.does((now) => signaling.start(now));
