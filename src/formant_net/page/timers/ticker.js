/** Steady ticks from a worker, or from the page's own timers where a worker may not start. */

/** @type {Map<number, () => void>} */
const callbacks = new Map();
/** @type {Map<number, number>} */
const wanted = new Map();
/** @type {Map<number, number>} */
const ownTimers = new Map();
/** @type {Worker | null} */
let worker = start();

function start() {
  try {
    const made = new Worker(trusted(new URL("./ticker-worker.js", import.meta.url).href));
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

/**
 * Mark a URL that this page has made as trusted, which the page's policy requires in browsers with Trusted Types.
 * @param {string} url
 */
function trusted(url) {
  const types = /** @type {any} */ (globalThis).trustedTypes;
  return types ? types.createPolicy("formant-worker", { createScriptURL: () => url }).createScriptURL(url) : url;
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
