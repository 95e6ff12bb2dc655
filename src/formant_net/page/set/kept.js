/** Settings that this browser keeps for a page over a reload. Storage may be forbidden: then nothing is kept. */

export class Kept {
  /** @param {string} store its name */
  constructor(store) {
    this.store = store;
  }

  /** All that is kept; fields may be of any kind, because others may write there. @returns {Record<string, unknown>} */
  read() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.store) ?? "{}");
      return kept !== null && typeof kept === "object" ? kept : {};
    } catch {
      return {};
    }
  }

  /** Keep these fields, beside those that are there. @param {Record<string, unknown>} fields */
  write(fields) {
    try {
      localStorage.setItem(this.store, JSON.stringify({ ...this.read(), ...fields }));
    } catch {
      // forbidden, or full
    }
  }
}
