/** The files that the page sings with: bank.wasm for this browser, and the presets. They are loaded once. */
import { sameVersion } from "./version.js";
import { fileName } from "./wasm.js";

/**
 * @typedef {{singers: number, surface: any, code: number[]}} Preset
 * @typedef {{bytes: ArrayBuffer, rowTauS: number[], presets: Record<string, Preset>, standard: string}} Files
 */

/** @type {Promise<Files> | null} */
let loading = null;

/** Load them. A failure is not remembered: the next call tries again. @returns {Promise<Files>} */
export function loadFiles() {
  loading ??= load().catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
}

async function load() {
  if (!globalThis.WebAssembly) throw new Error("this browser has no WebAssembly, as an iPhone in lockdown mode");
  const [bank, voices] = await Promise.all([fileName(), "voices.json"].map(get));
  const { version, row_tau_s: rowTauS, presets, default: standard } = await voices.json();
  sameVersion("voices.json", version);
  return { bytes: await bank.arrayBuffer(), rowTauS, presets, standard };
}

/** @param {string} name */
async function get(name) {
  const answer = await fetch(new URL(name, import.meta.url)).catch(() => {
    throw new Error("the server does not answer. Try again when it is back");
  });
  if (!answer.ok) throw new Error(`the server has no ${name} (${answer.status})`);
  return answer;
}
