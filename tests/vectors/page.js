/** The page's side of the vectors: how each step is done with the page's modules. Served to the browser by the test. */
import { Desk } from "/desk/core.js";
import { documentOf, split } from "/fleet/document.js";
import { effective } from "/fleet/effective.js";
import { captured } from "/fleet/scenes.js";
import { Backoff } from "/timers/backoff.js";
import { Ensemble } from "/controller/ensemble.js";
import { readNumbers } from "/protocol/numbers.js";
import { PingPong } from "/client/pingpong.js";
import { Signaling } from "/client/signaling.js";
import { next } from "/client/states.js";
import { stateOf, UNKNOWN } from "/protocol/synth.js";
import { Sender } from "/play/sender.js";
import { Touches } from "/play/touches.js";
import { Age } from "/synth/age.js";
import { ClockOffset } from "/synth/clock-offset.js";
import { Synth } from "/synth/core.js";
import { midOf } from "/synth/mids.js";
import { Mono } from "/synth/mono.js";
import { Remote } from "/synth/remote.js";
import { pingOf, touchOf } from "/synth/messages.js";
import { PlayOut } from "/synth/play-out.js";
import { Ranking } from "/synth/ranking.js";
import { Roster } from "/synth/roster.js";
import { Touches as Heard } from "/synth/touches.js";

const SLOW_S = 0.5; // as main.js ticks
const AHEAD_MS = 5000; // the synth's clock in the vectors

const numbers = readNumbers();
const timingOf = (given) => ({ ...numbers.timing, ...given.timing });
const { bounds } = numbers;

/** The draws in order, and the last one for ever. */
function randomOf(given) {
  const draws = [...(given.random ?? [1])];
  return () => (draws.length > 1 ? draws.shift() : draws[0]);
}

function backoff(given) {
  const subject = new Backoff(timingOf(given), randomOf(given));
  return { failed: ({ now }) => subject.failed(now), healthy: ({ now }) => subject.healthy(now) };
}

function pingpong(given) {
  const pings = new PingPong(timingOf(given), bounds);
  const sent = new Map();
  return {
    ping: (step) => void sent.set(step.as, pings.ping(step.now)),
    pong: ({ now, answers, timestamp = null }) => pings.pong(answers === undefined ? timestamp : sent.get(answers), now),
    answered: ({ times, now }) => {
      for (let k = 0; k < times; k += 1) pings.pong(pings.ping(now), now);
    },
    rtt: () => pings.rttS,
    loss: ({ now }) => pings.loss(now),
  };
}

function touches(given) {
  let now = 0;
  let repeating = false;
  const sent = [];
  const fingers = new Touches(bounds);
  const ids = new Map();
  const link = {
    peer: "synth-a",
    synth: UNKNOWN,
    owed: 0,
    oweRelease: () => (link.owed = timingOf(given).release_repeats),
    touch: (text) => sent.push(JSON.parse(text)) > 0,
  };
  const frames = [];
  const sender = new Sender({
    bounds,
    timing: timingOf(given),
    touches: fingers,
    links: () => [link],
    clock: () => now,
    repeat: (busy) => (repeating = busy),
  });
  let seen = -1;
  const told = () =>
    sent.splice(0).map(({ type, seq, ...rest }) => {
      if (type !== "touch" || seq <= seen) throw new Error(`${type} ${seq} after ${seen}`);
      seen = seq;
      return rest;
    });
  return {
    down: (step) => {
      now = step.now;
      ids.set(step.finger, fingers.down(step.x, step.y, step.z));
      sender.changed();
      return told();
    },
    move: (step) => {
      now = step.now;
      const real = globalThis.requestAnimationFrame;
      globalThis.requestAnimationFrame = (frame) => frames.push(frame);
      if (fingers.move(ids.get(step.finger), step.x, step.y, step.z)) sender.moved();
      globalThis.requestAnimationFrame = real;
      for (const frame of frames.splice(0)) frame();
      return told();
    },
    up: (step) => {
      now = step.now;
      if (fingers.up(ids.get(step.finger))) sender.changed();
      return told();
    },
    time: (step) => {
      now = step.now;
      if (repeating) sender.tick();
      return told();
    },
  };
}

function surfaces() {
  return {
    point: ({ finger: { x, y, z, synths, ...more }, state }) => {
      const fingers = new Touches(bounds);
      fingers.down(x, y, z, { ...more, ...(synths ? { synths: new Set(synths) } : {}) });
      const [point] = fingers.pointsFor({ peer: "synth-a", synth: stateOf(UNKNOWN, state) });
      if (!point) return null;
      const { id, since, ...rest } = point;
      return rest;
    },
  };
}

/** An RTCPeerConnection that does nothing by itself. */
class Connection extends EventTarget {
  static last = null;
  iceGatheringState = "new";
  iceConnectionState = "new";
  connectionState = "new";
  constructor() {
    super();
    Connection.last = this;
  }
  setRemoteDescription() {
    return new Promise(() => {});
  }
  close() {}
}

/** All links of a page that plays one synth, which answers pings as the vector says; and a clock moved by hand. */
class Hand {
  now = 0;
  pings = [];
  #timers = [];
  #pongs = [];
  #tickAt = null;
  #real = {};

  constructor(given) {
    this.answers = given.answers ?? null;
    this.ensemble = new Ensemble({
      timing: timingOf(given),
      bounds,
      iceServers: () => [],
      signal() {},
      idleState: () => ({}),
      changed() {},
      silent() {},
      clock: () => this.now,
    });
  }

  /** Browser functions are those of the hand while `change` runs. */
  with(change) {
    const replaced = {
      RTCPeerConnection: Connection,
      setTimeout: (callback, ms) => this.#timers.push({ at: this.now + ms / 1000, callback }),
      clearTimeout: (id) => id && delete this.#timers[id - 1],
    };
    for (const [name, value] of Object.entries(replaced)) {
      this.#real[name] = globalThis[name];
      globalThis[name] = value;
    }
    try {
      return change();
    } finally {
      Object.assign(globalThis, this.#real);
    }
  }

  offer(now) {
    this.now = now;
    this.#tickAt ??= now + SLOW_S;
    this.with(() => this.ensemble.offer("synth-a", { type: "offer", sdp: "" }));
    this.connection = Connection.last;
  }

  open(now) {
    this.offer(now);
    this.channel = { label: "params", readyState: "open", bufferedAmount: 0, send: (text) => this.#sent(JSON.parse(text)) };
    this.with(() => this.connection.ondatachannel({ channel: this.channel }));
  }

  reached(now) {
    this.now = now;
    this.connection.iceConnectionState = "connected";
    this.connection.oniceconnectionstatechange?.();
  }

  failed(now) {
    this.now = now;
    this.connection.connectionState = "failed";
    this.with(() => this.connection.onconnectionstatechange?.());
  }

  #sent(message) {
    if (message.type !== "ping") throw new Error(`unexpected ${message.type}`);
    this.pings.push({ at: this.now, echo: message.echo ?? null, held: message.held ?? null });
    if (this.answers) this.#pongs.push({ at: this.now + this.answers.after_s, timestamp: message.timestamp });
  }

  /** Everything that falls due up to a moment. */
  run(until) {
    for (;;) {
      const timer = this.#timers.filter(Boolean).reduce((a, b) => (b.at < (a?.at ?? Infinity) ? b : a), null);
      const pong = this.#pongs[0] ?? null;
      const at = Math.min(timer?.at ?? Infinity, pong?.at ?? Infinity, this.#tickAt ?? Infinity);
      if (at > until) break;
      this.now = Math.max(this.now, at);
      this.with(() => {
        if (pong?.at === at) this.#pong(this.#pongs.shift());
        else if (timer?.at === at) {
          delete this.#timers[this.#timers.indexOf(timer)];
          timer.callback();
        } else {
          this.#tickAt += SLOW_S;
          this.ensemble.tick(this.now);
        }
      });
    }
    this.now = until;
  }

  #pong({ timestamp }) {
    const stamp = this.answers?.stamps ? { t: Math.round(1e6 * this.now) / 1e3 + AHEAD_MS } : {};
    this.channel.onmessage?.({ data: JSON.stringify({ type: "pong", timestamp, ...stamp, state: {} }) });
  }

  state() {
    const [link] = this.ensemble.all();
    if (!link) return "forgotten";
    return link.silent ? "silent" : link.state;
  }
}

function pings(given) {
  const hand = new Hand(given);
  const run = ({ until }) => {
    hand.run(until);
    return hand.pings.splice(0);
  };
  return {
    open: ({ now }) => hand.open(now),
    run,
    answers: (step) => void (hand.answers = step.with),
    count: (step) => run(step).length,
    ping: ({ now }) => {
      run({ until: now });
      hand.with(() => hand.ensemble.open()[0].ping(now));
      const [{ echo, held }] = hand.pings.splice(0);
      return { echo, held };
    },
  };
}

function linkController(given) {
  const hand = new Hand(given);
  return {
    offer: ({ now }) => hand.offer(now),
    open: ({ now }) => hand.open(now),
    reached: ({ now }) => hand.reached(now),
    failed: ({ now }) => hand.failed(now),
    answers: (step) => void (hand.answers = step.with),
    run: ({ until }) => {
      hand.run(until);
      return hand.state();
    },
  };
}

function signaling({ servers, key = null, ...given }) {
  const identity = { id: "ctrl-a", resume: null, run: "1" };
  const subject = new Signaling({ identity, servers, key, timing: timingOf(given), bounds, random: randomOf(given) });
  const told = () =>
    subject.drain().map((effect) => {
      if (effect.do === "connect") return { connect: effect.url, attempt: effect.attempt };
      if (effect.do === "disconnect") return { close: effect.attempt };
      if (effect.do === "check") return { check: effect.number };
      const { type, key = null, resume = null } = effect.message;
      return type === "register" ? { register: { key, resume }, attempt: effect.attempt } : { [type]: effect.attempt };
    });
  const does = (change) => (step) => {
    change(step);
    return told();
  };
  return {
    start: does(({ now }) => subject.start(now)),
    opened: does(({ attempt, now }) => subject.opened(attempt, now)),
    closed: does(({ attempt, now }) => subject.closed(attempt, now)),
    receive: does(({ attempt, message, now }) => subject.receive(attempt, message, now)),
    time: does(({ now }) => {
      const due = subject.nextDeadline();
      if (due !== null && now >= due) subject.onDeadline(now);
    }),
    verify: does(({ now }) => subject.verify(now)),
    checked: does(({ number, ok, now }) => subject.checked(number, ok, now)),
    state: () => subject.state,
    registrations: () => subject.registrations,
    next: () => subject.nextDeadline(),
  };
}

// --- a synth -------------------------------------------------------------------------------------------------------

/** A step's argument that may be missing. */
const orNull = (value) => value ?? null;

function played(given) {
  let keys = 0;
  const heard = new Heard(timingOf(given), () => (keys += 1), bounds.fingers);
  const told = (notes) =>
    notes.map(({ do: kind, key, point, at }) => ({
      [kind]: key,
      ...(point ? { x: point.x, y: point.y, z: point.z } : {}),
      ...(at === null ? {} : { at }),
    }));
  return {
    take: ({ now, message }) => {
      if (message.type === "ping") {
        const ping = pingOf(message, bounds);
        heard.clock(ping, now);
        return told(heard.ping(ping, now));
      }
      return told(heard.touch(touchOf(message, bounds), now));
    },
    time: ({ now }) => {
      const due = heard.nextDeadline();
      return told(due !== null && now >= due ? heard.onDeadline(now) : []);
    },
    release_all: ({ now }) => told(heard.releaseAll(now)),
  };
}

function age() {
  const subject = new Age();
  return {
    ping: ({ now, t, echo, held }) => void subject.ping(orNull(t), orNull(echo), orNull(held), now),
    of: ({ now, t, limit_s: limitS }) => {
      const found = subject.of(t, now, limitS);
      return Number.isFinite(found) ? found : null;
    },
  };
}

function clockOffset() {
  const subject = new ClockOffset();
  return {
    came: ({ stamp, now }) => void subject.came(stamp, now),
    echoed: ({ stamp, echo, held, now }) => void subject.echoed(stamp, echo, held, now),
    ahead: ({ now }) => subject.ahead(now),
  };
}

function playOut() {
  const waiting = new PlayOut();
  return {
    put: ({ note, at, earliest }) => void waiting.put({ do: "off", key: note, at: orNull(at) }, earliest),
    due: ({ until }) => waiting.due(until).map(({ at, note }) => [at, note.key]),
    next: () => waiting.next,
    late: () => ({ notes: waiting.late, latest_s: waiting.latestS }),
  };
}

function roster() {
  const subject = new Roster(2000);
  return {
    replace: ({ runs }) => subject.replace(runs),
    joined: ({ name, run }) => subject.joined(name, run),
    left: ({ name }) => void subject.left(name),
    names: () => subject.names,
    run: ({ name }) => subject.run(name),
  };
}

function ranking() {
  const subject = new Ranking();
  return {
    here: ({ edge, location }) => void subject.here(edge, location),
    placed: ({ name, edge, location }) => void subject.placed(name, edge, location),
    measured: ({ name, rtt_s: rttS }) => void subject.measured(name, rttS),
    forget: ({ name }) => void subject.forget(name),
    order: ({ names }) => subject.order(names),
    nearer: ({ name, than }) => subject.nearer(name, than),
  };
}

const SDP = "v=0\r\na=group:BUNDLE 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n";
const REGISTERED = { type: "registered", client_id: "synth-a", edge: "e", resume: "s", ice_servers: [], heartbeat_s: 20, ttl_s: 60 };

function linkSynth(given) {
  const timing = timingOf(given);
  const random = randomOf(given);
  const identity = { id: "synth-a", resume: null, run: "1" };
  const signaling = new Signaling({ identity, servers: ["ws://one/ws"], timing, bounds, random, role: "synth" });
  const remote = new Remote({ presets: ["plain"], preset: "plain" });
  const limits = { links: 100, fingers: 16 };
  let keys = 0;
  const shared = { signaling, timing, bounds, random, remote, limits, newKey: () => (keys += 1) };
  const core = new Synth({ id: () => identity.id, ...shared });
  const told = [];
  /** Of each controller: the number of the present link, and its mark in the offer. */
  const links = new Map();
  let lives = true;

  function drain(now) {
    for (const effect of core.drain()) {
      if (effect.do === "close") told.push({ close: effect.name });
      if (effect.do !== "make") continue;
      links.set(effect.name, { number: effect.number, mid: "" });
      core.described(effect.name, effect.number, SDP);
    }
    for (const effect of signaling.drain()) {
      if (effect.do !== "send") continue;
      const { type, target, data } = effect.message;
      if (type === "offer") {
        links.get(target).mid = midOf(data.sdp);
        told.push({ offer: target });
      } else if (type === "register" && lives) receive(REGISTERED, now, effect.attempt);
    }
  }

  function receive(message, now, attempt = 1) {
    const before = signaling.registrations;
    const mine = signaling.receive(attempt, message, now);
    if (signaling.registrations !== before) core.registered(now);
    core.receive(mine, now);
    drain(now);
  }

  function joined({ name, now, run }) {
    receive({ type: "controller-joined", controller_id: name, meta: run === undefined ? {} : { run } }, now);
  }

  function on({ name, now }, change) {
    change(links.get(name), now);
    drain(now);
  }

  signaling.start(0);
  signaling.opened(1, 0);
  drain(0);
  return {
    list: ({ names, now }) => receive({ type: "controllers-list", controllers: names }, now),
    joined,
    left: ({ name, now }) => receive({ type: "controller-left", controller_id: name }, now),
    answer: ({ name, now }) => {
      const sdp = SDP.replace("a=mid:0", `a=mid:${links.get(name).mid}`);
      receive({ type: "answer", source: name, target: "synth-a", data: { type: "answer", sdp } }, now);
    },
    opened: (step) => on(step, ({ number }, now) => core.opened(step.name, number, now)),
    failed: (step) => on(step, ({ number }, now) => core.lost(step.name, number, now)),
    ping: (step) => on(step, ({ number }, now) => core.channel(step.name, number, "params", '{"type":"ping","timestamp":1}', now)),
    server_lost: ({ now }) => {
      lives = false;
      signaling.closed(1, now);
      drain(now);
    },
    run: ({ until }) => {
      for (;;) {
        const [at, which] = [core, signaling].map((part) => [part.nextDeadline() ?? Infinity, part]).sort((a, b) => a[0] - b[0])[0];
        if (at > until) break;
        which.onDeadline(at);
        drain(at);
      }
      return told.splice(0);
    },
  };
}

function mono({ legato = true }) {
  const subject = new Mono();
  const finger = ({ key, x }) => {
    const note = x === undefined ? { do: "off", key, at: null } : { do: "move", key, point: { x }, at: null };
    return subject.take([note], legato).map(({ do: kind, key, point }) => ({ [kind]: key, ...(point ? { x: point.x } : {}) }));
  };
  return { finger };
}

const synth = {
  ...{ roster, ranking, link_synth: linkSynth, mono },
  ...{ newest_seq: played, hold: played, age, clock_offset: clockOffset, play_out: playOut, play_out_touches: played },
};
// --- a desk --------------------------------------------------------------------------------------------------------

function effectiveOf({ rev, parts }) {
  const document = documentOf(rev, Object.entries(parts));
  return {
    of: ({ id, solo, here }) => {
      const { gainDb, because, delayMs } = effective(document, id, solo, here);
      return { gain_db: gainDb, because: because.map(({ text }) => text), delay_ms: delayMs };
    },
    captured: ({ name, ramp_s: rampS }) => captured(document, name, rampS),
  };
}

function desk() {
  const subject = new Desk();
  subject.registered();
  return {
    receive: ({ message, now }) => void subject.receive(message, now),
    open: () => subject.open,
    fault: () => subject.fault,
    rev: () => subject.rev,
    solo: () => subject.solo,
    part: ({ path }) => {
      const [kind, id] = split(path);
      return (id ? subject.document[kind][id] : subject.document[kind]) ?? null;
    },
    set: ({ path, set, base }) => subject.set(path, set, base),
    solo_set: ({ path, on }) => subject.setSolo(path, on),
    recall: ({ scene }) => subject.recall(scene),
    undo: () => subject.undo(),
    sent: () => subject.drain(0).filter(({ type }) => type !== "desk-open"),
    outcome: ({ number }) => {
      const outcome = subject.outcome(number);
      return outcome && "code" in outcome ? { code: outcome.code } : outcome;
    },
    level: ({ id, now }) => subject.level(id, now),
    following: () => subject.following(),
  };
}

export const SUBJECTS = {
  effective: effectiveOf,
  desk,
  ...synth,
  backoff,
  pingpong,
  touches,
  surfaces,
  pings,
  link_controller: linkController,
  signaling,
  signaling_states: () => ({ next: ({ state, event }) => next(state, event) }),
};

/** What each step of a case gives, with the page's modules. */
export function results(rule, { given = {}, steps }) {
  const subject = SUBJECTS[rule](given);
  return steps.map((step) => subject[step.do](step) ?? null);
}
