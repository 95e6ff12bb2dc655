/** The settings that players change remotely and that every pong reports: volume, power, preset, mono, legato. */

/**
 * @typedef {{set: "volume", value: number} | {set: "power", on: boolean} | {set: "preset", name: string}
 *   | {set: "mono", on: boolean}} Change
 */

export class Remote {
  poweredOn = true;
  /** The fingers of each controller share one voice: the newest one sings. */
  mono = false;
  /** With `mono`: a new finger joins the note that sounds. False: it strikes it again. */
  legato = true;

  /** @param {{volume?: number, presets: string[], preset: string}} from */
  constructor({ volume = 1, presets, preset }) {
    this.volume = volume;
    this.presets = presets;
    this.preset = preset;
  }

  /** The fields of a pong. */
  state() {
    const { volume, poweredOn, mono, legato, preset, presets } = this;
    return { volume, powered_on: poweredOn, mono, legato, preset, presets };
  }

  /**
   * Apply a setting. When power, preset or mono change, the caller ends all fingers first.
   * @param {unknown} name @param {unknown} value
   * @returns {Change[] | null} what has changed, or null if it makes no sense here
   */
  take(name, value) {
    if (name === "volume" && typeof value === "number" && value >= 0 && value <= 1) {
      this.volume = value;
      return [{ set: "volume", value }];
    }
    if (name === "preset" && typeof value === "string" && this.presets.includes(value)) {
      if (value === this.preset) return [];
      this.preset = value;
      return [{ set: "preset", name: value }];
    }
    if (typeof value !== "boolean" && value !== null && value !== undefined) return null;
    if (name === "power") {
      const on = value ?? !this.poweredOn;
      if (on === this.poweredOn) return [];
      this.poweredOn = on;
      return [{ set: "power", on }];
    }
    if (name === "mono") {
      const on = value ?? !this.mono;
      if (on === this.mono) return [];
      this.mono = on;
      return [{ set: "mono", on }];
    }
    if (name !== "legato") return null;
    this.legato = value ?? !this.legato;
    return [];
  }
}
