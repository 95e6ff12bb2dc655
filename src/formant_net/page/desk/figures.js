/**
 * What a box says of how it is, in words.
 *
 * A figure that it does not say is not known, which does not mean that all is well.
 */

/** Seconds after which a box has missed two of its reports: what it said is old. */
export const STALE_S = 40;
/** Counters of what can be heard or loses a touch, as in `health/troubles.py`. */
const BREAKS = ["underflows", "overruns", "shed", "ring_dropped"];

/** A box that says this level puts out nothing, as in `protocol/steering.py`. */
const QUIET_DB = -90;

/**
 * Words for what a box finds wrong itself, as in `health/troubles.py`: what it is, and what to do.
 * @type {Record<string, [string, string]>}
 */
const TROUBLES = {
  "no-sound": ["it has no sound device", "plug one in, or choose one below"],
  breaks: ["the sound breaks", "start it with a larger --latency or fewer --voices, and run formant-node doctor"],
  busy: ["its processor has hardly any time left", "start it with fewer --voices, or end other programs"],
  hot: ["the processor is hot", "give it air, or a heat sink"],
  undervoltage: ["the power supply is too weak", "use the supply made for this board, and a short cable"],
  throttled: ["the processor is held back", "see to the power supply and to cooling"],
  "wifi-weak": ["the Wi-Fi signal is weak", "move the access point nearer, or use a cable"],
  "wifi-power-save": ["the Wi-Fi sleeps between packets", "switch its power save off; formant-node doctor says how"],
  state: ["what it keeps is lost at a power cut", "let FORMANT_STATE_DIR name a folder on a disk that stays"],
};

/**
 * @typedef {{key: string, label: string, text: string, bad: boolean, known: boolean}} Figure
 * @typedef {import("./core.js").Said} Said
 */

/**
 * `trouble`: the word by which the box says that this figure needs attention. `brief`: it is shown in the row.
 * @type {{key: string, label: string, words: (value: any) => string, trouble?: string, brief?: boolean}[]}
 */
const KNOWN = [
  { key: "rtt_ms", label: "Round trip", words: (v) => `${v < 10 ? v.toFixed(1) : Math.round(v)} ms`, brief: true },
  { key: "breaks", label: "Breaks", words: (v) => `${decimal(v)} breaks/min`, trouble: "breaks", brief: true },
  { key: "busy", label: "Busy", words: (v) => `${Math.round(100 * v)} % busy`, trouble: "busy", brief: true },
  { key: "temperature_c", label: "Temperature", words: (v) => `${Math.round(v)} °C`, trouble: "hot", brief: true },
  { key: "version", label: "Version", words: (v) => String(v), brief: true },
  { key: "audible", label: "Sound device", words: (v) => (v ? "there" : "none"), trouble: "no-sound" },
  { key: "device", label: "Sounds on", words: (v) => String(v) },
  { key: "latency_ms", label: "Latency", words: (v) => `${decimal(v)} ms` },
  { key: "undervoltage", label: "Power supply", words: (v) => (v ? "too weak" : "enough"), trouble: "undervoltage" },
  { key: "throttled", label: "Held back", words: (v) => v.join(", ") || "no", trouble: "throttled" },
  { key: "throttled_before", label: "Held back before", words: (v) => v.join(", ") || "no" },
  { key: "wifi_dbm", label: "Wi-Fi", words: (v) => `${Math.round(v)} dBm`, trouble: "wifi-weak" },
  { key: "wifi_power_save", label: "Wi-Fi power save", words: (v) => (v ? "on" : "off"), trouble: "wifi-power-save" },
  { key: "clock_synchronised", label: "Clock", words: (v) => (v ? "set by the network" : "not set") },
  { key: "state_writable", label: "Settings survive", words: (v) => (v ? "yes" : "no"), trouble: "state" },
  { key: "overlay", label: "Root forgets at a restart", words: (v) => (v ? "yes" : "no") },
  { key: "links", label: "Players linked", words: (v) => String(v) },
  { key: "voices", label: "Voices that sound", words: (v) => String(v) },
  { key: "late_notes", label: "Notes too late", words: (v) => String(v) },
  { key: "registrations", label: "Registered", words: (v) => (v === 1 ? "once" : `${v} times`) },
  { key: "memory_bytes", label: "Memory", words: (v) => `${Math.round(v / 1e6)} MB` },
  { key: "model", label: "Machine", words: (v) => String(v) },
  { key: "uptime_s", label: "Runs for", words: (v) => duration(v) },
];
const BRIEF = KNOWN.filter((each) => each.brief).map((each) => each.key);

/**
 * Every figure, in the order to show; one that is not known says so.
 * @param {Said | undefined} said @returns {Figure[]}
 */
export function figures(said) {
  const values = { ...said?.fields, breaks: breaksPerMinute(said) };
  const wrong = new Set(troubleWords(said));
  return KNOWN.map(({ key, label, words, trouble }) => {
    const text = wordsOf(words, values[key]);
    if (text === null) return { key, label, text: "not known", bad: false, known: false };
    return { key, label, text, bad: trouble !== undefined && wrong.has(trouble), known: true };
  });
}

/** How loud a box is now, in words; null: not known. @param {number | null} db of full scale */
export function soundWords(db) {
  if (db === null) return null;
  return db <= QUIET_DB ? "silent" : `${Math.round(db)} dB`.replace("-", "−");
}

/** The few for a row: those that are known. @param {Figure[]} all */
export function brief(all) {
  return all.filter((figure) => figure.known && BRIEF.includes(figure.key));
}

/** Whether what a box said is old. @param {Said | undefined} said @param {number} now seconds */
export function stale(said, now) {
  return said !== undefined && now - said.at > STALE_S;
}

/**
 * What a box finds wrong itself, and what to do about it.
 * @param {Said | undefined} said @returns {{text: string, remedy: string}[]}
 */
export function troubles(said) {
  return troubleWords(said).map((word) => ({ text: TROUBLES[word]?.[0] ?? word, remedy: TROUBLES[word]?.[1] ?? "" }));
}

/** A length of time in its largest two units. @param {number} seconds */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

/** @param {Said | undefined} said @returns {string[]} */
function troubleWords(said) {
  const words = said?.fields.troubles;
  return Array.isArray(words) ? words.filter((word) => typeof word === "string") : [];
}

/**
 * How often the sound broke in a minute, between the last two reports; null: not known.
 * @param {Said | undefined} said
 */
function breaksPerMinute(said) {
  if (!said?.before) return null;
  const passed = said.at - said.before.at;
  const count = (/** @type {any} */ fields) => BREAKS.reduce((sum, key) => sum + (fields[key] ?? NaN), 0);
  const grown = count(said.fields) - count(said.before.fields);
  return passed > 0 && grown >= 0 ? (60 * grown) / passed : null;
}

/** @param {(value: any) => string} words @param {unknown} value */
function wordsOf(words, value) {
  if (value === undefined || value === null || (typeof value === "number" && !Number.isFinite(value))) return null;
  try {
    return words(value).trim() || null; // an empty text says nothing
  } catch {
    return null; // a value of another kind says nothing
  }
}

/** @param {number} value */
const decimal = (value) => (value < 10 ? String(Math.round(10 * value) / 10) : String(Math.round(value)));
