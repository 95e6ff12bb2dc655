/** Steady ticks from a worker, or from own timers where a worker may not start, and inside a worker. */
import { startWorker } from "./worker.js";

/** @type {Map<number, () => void>} */
const callbacks = new Map();
/** @type {Map<number, number>} */
const wanted = new Map();
/** @type {Map<number, number>} */
const ownTimers = new Map();
/** @type {Worker | null} */
let worker = start();

function start() {
  if (!("document" in globalThis)) return null; // a worker's own timers are good enough
  try {
    const made = startWorker(new URL("./ticker-worker.js", import.meta.url).href);
    made.onmessage = ({ data }) => callbacks.get(data)?.();
    made.onerror = (event) => {
      event.preventDefault();
      fallBack();
    };
    return made;
  } catch {
    return null;
  }
}

function fallBack() {
  worker?.terminate();
  worker = null;
  for (const [id, ms] of wanted) arm(id, ms);
}

/** @param {number} id @param {number} ms */
function arm(id, ms) {
  if (worker) {
    worker.postMessage({ id, ms });
    return;
  }
  clearInterval(ownTimers.get(id));
  ownTimers.delete(id);
  if (ms > 0) ownTimers.set(id, setInterval(() => callbacks.get(id)?.(), ms));
}

/** One repeating call that can be switched on and off. */
export class Ticker {
  static #count = 0;
  #id = Ticker.#count++;

  /** @param {number} ms @param {() => void} callback */
  constructor(ms, callback) {
    this.ms = ms;
    callbacks.set(this.#id, callback);
  }

  /** @param {boolean} on */
  run(on) {
    const ms = on ? this.ms : 0;
    if ((wanted.get(this.#id) ?? 0) === ms) return;
    wanted.set(this.#id, ms);
    arm(this.#id, ms);
  }
}
