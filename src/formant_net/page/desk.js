/** The page `/desk`: levels, silence and scenes of every box, for one person with a tablet. It plays nothing. */
import { Identity, readKey, rememberKey, writeKey } from "./client/identity.js";
import { Signaling } from "./client/signaling.js";
import { Sockets } from "./client/sockets.js";
import { board } from "./desk/board.js";
import { Desk } from "./desk/core.js";
import { deskWords } from "./desk/words.js";
import { ZoneBlock } from "./mixer/zone-block.js";
import { Fader } from "./mixer/fader.js";
import { Folds } from "./mixer/folds.js";
import { arrange, attribute, showSwitch, write } from "./mixer/make.js";
import { PartSheet } from "./mixer/part-sheet.js";
import { Said } from "./mixer/said.js";
import { ScenesSheet } from "./mixer/scenes-sheet.js";
import { readNumbers } from "./protocol/numbers.js";
import { Gate } from "./show/gate.js";
import { Ticker } from "./timers/ticker.js";

const SLOW_MS = 500;

/** @template {HTMLElement} T @param {string} id @returns {T} */
const element = (id) => /** @type {T} */ (document.getElementById(id));
const clock = () => performance.now() / 1000;

const { timing, bounds } = readNumbers();
const identity = new Identity("desk", "formant-desk");
const desk = new Desk();
const signaling = new Signaling({
  ...{ identity, servers: [socketUrl()], key: readKey(), timing, bounds, random: Math.random },
  role: "desk",
});
let registrations = 0;
const sockets = new Sockets({
  signaling,
  clock,
  events: {
    changed: () => signalingChanged(),
    received: (message, now) => {
      if (!message) return;
      desk.receive(message, now);
      if (message.type === "desk-levels") return showLevels();
      if (message.type === "desk") queueMicrotask(send); // it has a deadline now
      show();
    },
  },
});
const gate = new Gate({
  key: (key) => {
    writeKey(key);
    signaling.key = key;
    connectAnew();
  },
  again: () => {
    identity.fresh();
    connectAnew();
  },
});

/** Next to this page, so that it also works under a path. */
function socketUrl() {
  const url = new URL("ws", location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.hash = url.search = "";
  return url.href;
}

function connectAnew() {
  sockets.does((now) => signaling.restart(now));
}

function signalingChanged() {
  if (signaling.state === "registered" && signaling.key) rememberKey(signaling.key);
  if (signaling.state !== "registered") {
    desk.closed();
  } else if (signaling.registrations !== registrations) {
    registrations = signaling.registrations;
    desk.registered();
    queueMicrotask(send); // it is told inside of a change of signaling
  }
  show();
}

/** @type {number | undefined} */
let timer;

/** What the desk has to say goes out, now and when a fader may be told again. */
function send() {
  for (const message of desk.drain(clock())) sockets.send(message);
  clearTimeout(timer);
  const due = desk.nextDeadline();
  if (due !== null) timer = setTimeout(tick, Math.max(5, 1000 * (due - clock())));
  show();
}

function tick() {
  desk.onDeadline(clock());
  send();
}

// --- what people do -----------------------------------------------------------------------------------------------

/** @type {import("./mixer/box-row.js").Hands} */
const hands = {
  wish: (path, set) => {
    desk.wish(path, set, clock());
    send();
  },
  solo: (path, on) => {
    desk.setSolo(path, on);
    send();
  },
  undo: (path) => {
    if (path === "master") desk.wish(path, { off: false }, clock());
    else if (path === "solo") for (const each of [...desk.solo]) desk.setSolo(each, false);
    else desk.wish(path, { mute: false }, clock());
    send();
  },
  open: (path) => part.open(path),
};
const folds = new Folds(() => show());
/** @type {Map<string, ZoneBlock>} */
const blocks = new Map();
const said = new Said(() => scenes.undo());
const part = new PartSheet(element("part"), { desk, send });
const scenes = new ScenesSheet(element("scenes"), { desk, send, said: (text, undo) => said.say(text, undo) });
const master = new Fader((db) => hands.wish("master", { db }));
element("master").append(master.item);

/** @type {HTMLInputElement} */
const find = element("find");
/** @type {HTMLButtonElement} */
const attention = element("attention");
/** @type {HTMLButtonElement} */
const allOff = element("all-off");
let attentionOnly = false;

find.addEventListener("input", () => show());
attention.addEventListener("click", () => {
  attentionOnly = !attentionOnly;
  show();
});
allOff.addEventListener("click", () => hands.wish("master", { off: !desk.document.master.off }));
element("scenes-open").addEventListener("click", () => scenes.open());
element("new-zone").addEventListener("click", () => part.open("zones/"));
element("fold-all").addEventListener("click", () => folds.all([...blocks.keys()]));
addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLInputElement && event.target.type !== "range";
  if (event.key !== "/" || typing || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  find.focus();
});

addEventListener("pagehide", () => identity.keep());
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  identity.restore();
  connectAnew();
});
addEventListener("online", () => signaling.state !== "stopped" && connectAnew());
addEventListener("hashchange", () => {
  const key = readKey();
  if (!key || key === signaling.key) return;
  signaling.key = key;
  connectAnew();
});
document.addEventListener("visibilitychange", () => {
  watchLevels();
  if (document.visibilityState !== "visible") return;
  sockets.does((now) => {
    signaling.hurry(now);
    signaling.verify(now);
  });
});

// --- showing ------------------------------------------------------------------------------------------------------

/** The state of the conversation with the server, and how it ended. */
const server = () => signaling.ending || signaling.state;
let asked = false;

/** Once a frame at most; a hidden page has no frames and needs none. */
function show() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    const now = clock();
    const seen = board(desk, { now, wallMs: Date.now(), find: find.value, attentionOnly });
    const words = deskWords({
      ...{ server: server(), reason: signaling.reason, retryInS: Math.max(0, (signaling.retryAt ?? 0) - now) },
      ...{ open: desk.open, fault: desk.fault, ...seen },
    });
    element("status").dataset.tone = words.tone;
    write(element("status-text"), words.text);
    write(element("spoken"), words.spoken);
    attention.hidden = seen.attention === 0 && !attentionOnly;
    write(element("attention-count"), String(seen.attention));
    attribute(attention, "aria-label", `needs attention: ${seen.attention}`);
    attribute(attention, "aria-pressed", String(attentionOnly));
    gate.show(server(), signaling.reason);
    showBoard(seen);
    showLevels();
    showDock();
    const rows = seen.zones.flatMap((zone) => zone.boxes);
    const path = part.path;
    part.show(path.startsWith("boxes/") ? rowOf(path, rows, now) : null, desk.open);
    scenes.show(desk.open);
    if (desk.trouble && !document.querySelector("dialog[open]")) said.trouble(desk.trouble.message);
    desk.trouble = null; // a sheet that is open says itself what was refused
  });
}

/**
 * The row of a box, also if a filter hides it.
 * @param {string} path @param {import("./desk/board.js").BoxRow[]} rows @param {number} now
 */
function rowOf(path, rows, now) {
  const shown = rows.find((row) => row.path === path);
  const all = () => board(desk, { now, wallMs: Date.now() }).zones.flatMap((zone) => zone.boxes);
  return shown ?? all().find((row) => row.path === path) ?? null;
}

/** @param {ReturnType<typeof board>} seen */
function showBoard(seen) {
  const there = new Set(seen.zones.map((zone) => zone.id));
  for (const id of blocks.keys()) if (!there.has(id)) blocks.delete(id);
  const narrowed = attentionOnly || find.value.trim() !== "";
  const items = seen.zones.map((zone) => {
    const block = blocks.get(zone.id) ?? new ZoneBlock(hands, (id, folded) => folds.set(id, !folded));
    blocks.set(zone.id, block);
    block.show(zone, folds.has(zone.id) && !narrowed, desk.open);
    return block.item;
  });
  arrange(element("zones"), items);
  const anyOpen = [...blocks.keys()].some((id) => !folds.has(id));
  write(element("fold-all"), anyOpen ? "Fold all" : "Unfold all");
  element("fold-all").hidden = blocks.size < 2 || narrowed;
  /** @type {HTMLButtonElement} */ (element("new-zone")).disabled = !desk.open;
  const nothing = seen.shown > 0 || seen.zones.length > 0 ? "" : nothingWords(narrowed);
  element("nothing").hidden = nothing === "";
  write(element("nothing"), nothing);
  write(element("server-note"), signaling.edge ? `Server: ${signaling.edge} · this desk: ${identity.id}` : "");
}

/** @param {boolean} narrowed */
function nothingWords(narrowed) {
  if (!desk.open) return desk.fault;
  if (attentionOnly) return "Nothing needs attention.";
  if (narrowed) return "No box, zone or tag is called that.";
  return "No box yet. One appears by itself when it is started: formant-node synth, and the address of this server.";
}

function showDock() {
  const { db, off } = desk.document.master;
  master.show("level of the master", db, desk.open);
  write(allOff, off ? "All is off" : "All off");
  showSwitch(allOff, "all off", off, desk.open);
  document.body.dataset.off = off ? "all" : "";
  document.body.dataset.closed = desk.open ? "" : "yes";
  /** @type {HTMLButtonElement} */ (element("scenes-open")).disabled = !desk.open;
}

const still = matchMedia("(prefers-reduced-motion: reduce)");
const STILL_S = 1;
let levelsAsked = false;
let levelsAt = -Infinity;

/** Nobody looks at the meters of a hidden page, so no box has to measure. */
function watchLevels() {
  desk.watchLevels(document.visibilityState === "visible");
  send();
}

/** The meters alone, once a frame at most. For people who want little motion they move once a second. */
function showLevels() {
  if (levelsAsked) return;
  levelsAsked = true;
  requestAnimationFrame(() => {
    levelsAsked = false;
    const now = clock();
    if (still.matches && now - levelsAt < STILL_S) return;
    levelsAt = now;
    for (const block of blocks.values()) block.showLevels((id) => desk.level(id, now));
  });
}

/** The key comes along, so that nobody has to type it again. */
element("play").addEventListener("click", () => element("play").setAttribute("href", `./${location.hash}`));

// --- for tests and operators: what is so, read-only ---------------------------------------------------------------

Object.defineProperty(window, "formant", {
  value: Object.freeze({
    get id() {
      return identity.id;
    },
    get server() {
      return server();
    },
    get open() {
      return desk.open;
    },
    get rev() {
      return desk.rev;
    },
    get document() {
      return desk.document;
    },
    get board() {
      return board(desk, { now: clock(), wallMs: Date.now() });
    },
  }),
});

let verifiedAt = -Infinity;

/** A desk sends no heartbeat. The browser itself notices a dead connection only after minutes. */
function verifyIfQuiet() {
  const now = clock();
  if (now - Math.max(desk.waitsSince ?? now, verifiedAt) < timing.verify_s) return;
  verifiedAt = now;
  sockets.does(() => signaling.verify(now));
}

new Ticker(SLOW_MS, () => {
  sockets.tick();
  verifyIfQuiet();
  show();
}).run(true);
watchLevels();
if (element("unable").hidden) sockets.does((now) => signaling.start(now));
