/**
 * Registered parameters (RPN) of one channel: the rules of midi/registered.py.
 */

export const BEND_RANGE = 0;
export const FINE_TUNING = 1;
export const COARSE_TUNING = 2;
export const MPE_ZONE = 6;
const NONE = 0x3fff;

export class Registered {
  #msb = 127;
  #lsb = 127;
  #isRpn = false;
  /** @type {Record<number, [number, number]>} */
  #values = { [BEND_RANGE]: [2, 0], [FINE_TUNING]: [64, 0], [COARSE_TUNING]: [64, 0] };

  /** Select none. */
  clear() {
    this.#msb = this.#lsb = 127;
  }

  /**
   * @param {number} number of a controller @param {number} value
   * @returns {{number: number, msb: number, lsb: number} | null} what was set
   */
  control(number, value) {
    if (number >= 98 && number <= 101) {
      if (number >= 100 !== this.#isRpn) {
        this.clear();
        this.#isRpn = number >= 100;
      }
      if (number % 2 === 1) this.#msb = value;
      else this.#lsb = value;
      return null;
    }
    const selected = (this.#msb << 7) | this.#lsb;
    if (!this.#isRpn || selected === NONE || ![6, 38, 96, 97].includes(number)) return null;
    let [msb, lsb] = this.#values[selected] ?? [0, 0];
    if (number === 6) [msb, lsb] = [value, 0];
    else if (number === 38) lsb = value;
    else [msb, lsb] = stepped(selected, msb, lsb, number === 96 ? 1 : -1);
    this.#values[selected] = [msb, lsb];
    return { number: selected, msb, lsb };
  }
}

/** @param {number} number @param {number} msb @param {number} lsb @param {number} step @returns {[number, number]} */
function stepped(number, msb, lsb, step) {
  if (number === COARSE_TUNING || number === MPE_ZONE) return [Math.min(Math.max(msb + step, 0), 127), lsb];
  const base = number === BEND_RANGE ? 100 : 128; // the low half of a bend range is cents
  const value = Math.min(Math.max(msb * base + lsb + step, 0), 127 * base + base - 1);
  return [Math.floor(value / base), value % base];
}
