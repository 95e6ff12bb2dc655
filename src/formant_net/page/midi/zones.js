/** Which channels of a port belong together (MPE zones), and how far each one bends. The rules of midi/zones.py. */

const MEMBER_RANGE = 48;
const MASTER_RANGE = 2;
const PLAIN_RANGE = 2;
const WIDEST = 96;
export const LOWER = 0;
export const UPPER = 15;
export const CHANNELS = Array.from({ length: 16 }, (_, k) => k);

/**
 * A master channel and its members. `count` 0: it is off.
 * @typedef {{master: number, count: number, memberRange: number, masterRange: number}} Zone
 */

/** @param {number} master @returns {Zone} */
const zone = (master) => ({ master, count: 0, memberRange: MEMBER_RANGE, masterRange: MASTER_RANGE });

/** @param {Zone} zone @returns {number[]} */
export const membersOf = ({ master, count }) =>
  CHANNELS.filter((each) => (master === LOWER ? each >= 1 && each <= count : each >= 15 - count && each < 15));

export class Zones {
  lower = zone(LOWER);
  upper = zone(UPPER);
  #plain = Array(16).fill(PLAIN_RANGE);

  /** @param {number | null} bend semitones of a full bend that RPN 0 cannot change; null: as RPN 0 says */
  constructor(bend) {
    this.bend = bend;
  }

  /**
   * A configuration message.
   * @param {number} master @param {number} count @returns {number[]} the channels that change hands
   */
  configure(master, count) {
    if ((master !== LOWER && master !== UPPER) || count > 15) return [];
    const before = CHANNELS.map((each) => this.zoneOf(each));
    const [own, other] = master === LOWER ? [this.lower, this.upper] : [this.upper, this.lower];
    Object.assign(own, { count, memberRange: MEMBER_RANGE, masterRange: MASTER_RANGE });
    if (count > 0) other.count = Math.min(other.count, Math.max(0, 14 - count));
    return CHANNELS.filter((each) => this.zoneOf(each) !== before[each]);
  }

  /** @param {number} channel @returns {Zone | null} null: a plain channel */
  zoneOf(channel) {
    const has = (/** @type {Zone} */ one) => one.count > 0 && (channel === one.master || membersOf(one).includes(channel));
    return [this.lower, this.upper].find(has) ?? null;
  }

  /** @param {number} channel */
  isMember(channel) {
    const own = this.zoneOf(channel);
    return own !== null && channel !== own.master;
  }

  /** The channels that a pedal on this one speaks for. Members have no say. @param {number} channel */
  scope(channel) {
    const own = this.zoneOf(channel);
    if (own === null) return [channel];
    return channel === own.master ? [own.master, ...membersOf(own)] : [];
  }

  /** Semitones of a full bend. @param {number} channel */
  rangeOf(channel) {
    const own = this.zoneOf(channel);
    if (own && channel === own.master) return own.masterRange;
    return this.bend ?? (own ? own.memberRange : this.#plain[channel]);
  }

  /** RPN 0; on any member it holds for all of them. @param {number} channel @param {number} semitones */
  setRange(channel, semitones) {
    const own = this.zoneOf(channel);
    const reach = Math.min(Math.max(semitones, 0), WIDEST);
    if (own === null) this.#plain[channel] = reach;
    else if (channel === own.master) own.masterRange = reach;
    else own.memberRange = reach;
  }
}
