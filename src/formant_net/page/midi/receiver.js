/** One MIDI port: its messages become changes of channels, zones and notes. The rules of midi/receiver.py. */
import { Channel, PEDAL_DOWN, USES } from "./channel.js";
import { effort, vowel } from "./expression.js";
import { BEND_RANGE, COARSE_TUNING, FINE_TUNING, MPE_ZONE } from "./registered.js";
import { CHANNELS, LOWER, UPPER, Zones, membersOf } from "./zones.js";

/** Seconds without a byte after which a port that sent active sensing counts as cut off. */
const SENSING_S = 0.33;

/** @typedef {import("./notes.js").Finger} Finger */
/**
 * @typedef {object} Mapping how the messages of a controller are understood
 * @property {"auto" | "lower" | "upper" | "off"} mpe
 * @property {number | null} bend semitones of a full bend; null: as the controller says
 * @property {number[]} channels 1…16 that are heard
 * @property {import("./devices.js").Slide | null} slide
 * @property {Readonly<Record<number, string>>} controllers
 */
/** @type {Mapping} */
export const DEFAULTS = { mpe: "auto", bend: null, channels: CHANNELS.map((k) => k + 1), slide: null, controllers: USES };

export class Receiver {
  #channels = CHANNELS.map(() => new Channel());
  /** @type {number | null} */
  #sensingUntil = null;
  #zones;
  #slide;
  #decided;

  /**
   * @param {string} port @param {import("./devices.js").Device} device @param {Mapping} mapping
   * @param {import("./notes.js").Notes} notes
   * @param {object} parts
   * @param {(finger: Finger) => void} parts.moved
   * @param {(value: number) => void} parts.volume
   * @param {(key: number) => number | null} parts.pitchOf
   */
  constructor(port, device, mapping, notes, { moved, volume, pitchOf }) {
    this.port = port;
    this.mapping = mapping;
    this.notes = notes;
    this.moved = moved;
    this.volume = volume;
    this.pitchOf = pitchOf;
    this.#zones = new Zones(mapping.bend);
    this.#slide = mapping.slide ?? device.slide;
    this.#decided = mapping.mpe !== "auto";
    if (mapping.mpe === "lower") this.#zones.configure(LOWER, 15);
    else if (mapping.mpe === "upper") this.#zones.configure(UPPER, 15);
    else if (mapping.mpe === "auto" && device.members > 0) this.#zones.configure(LOWER, device.members);
  }

  /**
   * What a finger sings.
   * @param {Finger} finger @param {number} now @returns {{pitch: number, y: number, z: number}}
   */
  sung(finger, now) {
    const own = this.#channels[finger.channel];
    const chief = this.#chief(finger.channel);
    const isMember = chief !== own;
    const inZone = this.#zones.zoneOf(finger.channel) !== null;
    const base = chief.vowel ?? (this.#slide === "relative" && inZone ? 0.5 : 0);
    const over = isMember ? chief.bend + chief.fine + chief.coarse : 0;
    const { bend, slide, pressure } = finger.frozen ?? this.#own(finger);
    const pressedS = finger.pressedAt === null ? null : now - finger.pressedAt;
    return {
      pitch: finger.pitch + bend + own.fine + own.coarse + over,
      y: vowel(base, slide, isMember ? chief.slide : null, this.#slide),
      z: effort(finger.struck, pressure + (isMember ? chief.pressure : 0), pressedS, chief.effort),
    };
  }

  /** Bend, slide and pressure of the finger itself, without those of its master. @param {Finger} finger */
  #own(finger) {
    const { bend, slide, pressure } = this.#channels[finger.channel];
    return { bend, slide, pressure: Math.max(pressure, finger.pressure) };
  }

  /**
   * One message, as browsers give it: complete, with its status.
   * @param {ArrayLike<number>} bytes @param {number} now seconds
   */
  take([status, first = 0, second = 0], now) {
    if (this.#sensingUntil !== null) this.#sensingUntil = now + SENSING_S;
    if (status === 0xfe) this.#sensingUntil = now + SENSING_S;
    if (status === 0xff) {
      this.liftAll();
      this.rest();
    }
    const channel = status & 0x0f;
    if (status >= 0xf0 || !this.mapping.channels.includes(channel + 1)) return;
    const isMember = this.#zones.isMember(channel);
    const kind = status & 0xf0;
    if (kind === 0x90 && second > 0) this.#on(channel, first, second / 127, now);
    else if (kind === 0x90 || kind === 0x80) this.#off(channel, first, now);
    else if (kind === 0xe0) this.#bend(channel, ((second << 7) | first) - 8192);
    else if (kind === 0xb0) this.#control(channel, first, second, now);
    else if (kind === 0xd0) {
      this.#channels[channel].pressure = first / 127;
      this.#pressed(this.#heardBy(channel), first, now);
    } else if (kind === 0xa0 && !isMember) {
      const fingers = this.notes.held(this.port, channel, first);
      for (const finger of fingers) finger.pressure = second / 127;
      this.#pressed(fingers, second, now);
    }
  }

  /** Whether active sensing stopped: all keys and pedals are lifted then, as if the port were gone. @param {number} now */
  cutOff(now) {
    if (this.#sensingUntil === null || now < this.#sensingUntil) return;
    this.unplug();
  }

  /** The port is gone: its fingers and pedals are up. */
  unplug() {
    this.#sensingUntil = null;
    this.liftAll();
    this.rest();
  }

  liftAll() {
    for (const finger of this.notes.of(this.port)) this.notes.endNow(finger);
    for (const state of this.#channels) state.stack = [];
  }

  rest() {
    for (const state of this.#channels) state.rest();
  }

  /** @param {number} channel @param {number} key @param {number} struck @param {number} now */
  #on(channel, key, struck, now) {
    const { port, notes } = this;
    const state = this.#channels[channel];
    const pitch = this.pitchOf(key);
    if (pitch === null) return;
    if (state.mono) {
      state.stack.push({ key });
      const [sounding] = notes.held(port, channel);
      if (sounding) return this.#legato(sounding, key);
    }
    const finger = notes.strike({ port, channel, key, pitch, struck }, now);
    if (finger) {
      if (this.#zones.isMember(channel) && state.pressure > 0) finger.pressedAt = now; // it was prepared for this note
      notes.begins(finger);
    }
    this.#lookForMpe();
  }

  /** @param {number} channel @param {number} key @param {number} now */
  #off(channel, key, now) {
    const state = this.#channels[channel];
    if (state.mono && state.stack.length > 0) {
      state.stack = state.stack.filter((each) => each.key !== key);
      const last = state.stack[state.stack.length - 1];
      if (last) {
        for (const finger of this.notes.held(this.port, channel, key)) this.#legato(finger, last.key);
        return;
      }
    }
    const [held] = this.notes.held(this.port, channel, key);
    if (held) this.#keyUp(held, now);
  }

  /** @param {Finger} finger @param {number} now */
  #keyUp(finger, now) {
    const { channel } = finger;
    const isMember = this.#zones.isMember(channel);
    if (isMember) finger.frozen = this.#own(finger); // what comes now on this channel prepares its next note
    this.notes.release(finger, this.#chief(channel).sustain, now);
    if (isMember && this.notes.held(this.port, channel).length === 0) this.#channels[channel].forgetNote();
  }

  /** @param {Finger} finger @param {number} key */
  #legato(finger, key) {
    finger.key = key;
    finger.pitch = this.pitchOf(key) ?? finger.pitch;
    this.moved(finger);
  }

  /** @param {number} channel @param {number} value */
  #bend(channel, value) {
    const state = this.#channels[channel];
    state.bend = (this.#zones.rangeOf(channel) * value) / 8192;
    state.bent = true;
    this.#changed(channel);
    this.#lookForMpe();
  }

  /** @param {Finger[]} fingers @param {number} value @param {number} now */
  #pressed(fingers, value, now) {
    for (const finger of fingers) {
      if (value > 0) finger.pressedAt ??= now;
      this.moved(finger);
    }
  }

  /** The channel whose pedals and factors count here. @param {number} channel */
  #chief(channel) {
    return this.#channels[this.#zones.zoneOf(channel)?.master ?? channel];
  }

  /** @param {number} channel */
  #heardBy(channel) {
    const zone = this.#zones.zoneOf(channel);
    if (zone && channel === zone.master) return this.notes.of(this.port, [channel, ...membersOf(zone)]);
    return this.notes.of(this.port, [channel]).filter(({ frozen }) => !frozen);
  }

  /** @param {number} channel */
  #changed(channel) {
    for (const finger of this.#heardBy(channel)) this.moved(finger);
  }

  /** @param {number} channel @param {number} number @param {number} value @param {number} now */
  #control(channel, number, value, now) {
    if (number >= 120) return this.#mode(channel, number, now);
    const state = this.#channels[channel];
    const entry = state.registered.control(number, value);
    if (entry) return this.#entered(channel, entry);
    const uses = this.mapping.controllers;
    const [own, share] = state.value(number, value, uses);
    const use = uses[own] ?? "nothing";
    if (share === null || use === "nothing" || (use !== "slide" && this.#zones.isMember(channel))) return;
    if (use === "volume") this.volume(share);
    else if (use === "sustain" || use === "sostenuto") this.#pedal(channel, use, share >= PEDAL_DOWN, now);
    else {
      state.take(use, own, share);
      this.#changed(channel);
      this.#lookForMpe();
    }
  }

  /** @param {number} channel @param {"sustain" | "sostenuto"} use @param {boolean} down @param {number} now */
  #pedal(channel, use, down, now) {
    const state = this.#channels[channel];
    const fingers = this.notes.of(this.port, this.#zones.scope(channel));
    const was = state[use];
    state[use] = down;
    if (use === "sustain" && !down) this.notes.sustainUp(fingers, now);
    if (use === "sostenuto" && down !== was) this.notes.sostenuto(fingers, down, now);
  }

  /** @param {number} channel @param {number} number @param {number} now */
  #mode(channel, number, now) {
    const scope = this.#zones.scope(channel);
    const fingers = this.notes.of(this.port, scope);
    if (number === 121) {
      if (scope.length > 0) this.#pedal(channel, "sustain", false, now);
      if (scope.length > 0) this.#pedal(channel, "sostenuto", false, now);
      for (const each of scope) this.#channels[each].rest();
      for (const finger of this.notes.of(this.port, scope)) this.moved(finger);
    } else if (number === 120 || number >= 123) {
      for (const each of scope) this.#channels[each].stack = [];
      for (const finger of fingers) {
        if (number === 120) this.notes.endNow(finger);
        else if (finger.isDown) this.#keyUp(finger, now);
      }
      if (number >= 126 && this.#zones.zoneOf(channel) === null) this.#channels[channel].mono = number === 126;
    }
  }

  /** @param {number} channel @param {{number: number, msb: number, lsb: number}} entry */
  #entered(channel, { number, msb, lsb }) {
    const state = this.#channels[channel];
    if (number === BEND_RANGE) this.#zones.setRange(channel, msb + lsb / 100);
    else if (number === MPE_ZONE) this.#configured(channel, msb);
    else if (number === FINE_TUNING) state.fine = (((msb << 7) | lsb) - 8192) / 8192;
    else if (number === COARSE_TUNING) state.coarse = msb - 64;
    this.#changed(channel);
  }

  /** @param {number} master @param {number} count */
  #configured(master, count) {
    if (this.mapping.mpe === "off" || (master !== LOWER && master !== UPPER)) return;
    this.#decided = true;
    const changed = this.#zones.configure(master, count);
    for (const finger of this.notes.of(this.port, changed)) this.notes.endNow(finger);
    for (const channel of changed) {
      this.#channels[channel].rest();
      this.#channels[channel].mono = false;
      this.#channels[channel].stack = [];
    }
  }

  /** Whether this port speaks MPE without saying so: two notes on two channels that bend on their own. */
  #lookForMpe() {
    if (this.#decided || this.#zones.lower.count > 0 || this.#zones.upper.count > 0) return;
    const own = new Map();
    for (const { channel, isDown } of this.notes.of(this.port)) {
      const { bend, slide, bent } = this.#channels[channel];
      if (channel > 0 && isDown && bent) own.set(channel, `${bend} ${slide}`);
    }
    if (new Set(own.values()).size < 2) return;
    this.#decided = true;
    this.#zones.configure(LOWER, 15); // notes go on: their next bends are read right
  }
}
