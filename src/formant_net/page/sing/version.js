/** The version of all that sings in the page: modules, worklet, bank.wasm and presets. The server writes it. */
export const VERSION = "@version@";

/**
 * Refuse what belongs to another version: a server that was updated may send it to a page that was not.
 * @param {string} what in words @param {string} version
 */
export function sameVersion(what, version) {
  if (version !== VERSION) throw new Error(`${what} belongs to another version than this page: load the page again`);
}
