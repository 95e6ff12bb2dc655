/** Keeps the screen awake while there is something to play, where the browser allows it. */
export class WakeLock {
  /** @type {WakeLockSentinel | null} */
  #lock = null;
  #asking = false;
  #wanted = false;

  /** Browsers offer it to secure addresses (https, localhost) only. */
  get available() {
    return "wakeLock" in navigator;
  }

  get held() {
    return this.#lock !== null;
  }

  /** @param {boolean} wanted */
  async want(wanted) {
    this.#wanted = wanted;
    if (!wanted) {
      const lock = this.#lock;
      this.#lock = null;
      await lock?.release().catch(() => {});
      return;
    }
    if (this.#lock || this.#asking || !this.available || document.visibilityState !== "visible") return;
    this.#asking = true;
    try {
      const lock = await navigator.wakeLock.request("screen");
      // The browser takes it away when the page is hidden; the next call after it is shown asks again.
      lock.addEventListener("release", () => {
        if (this.#lock === lock) this.#lock = null;
      });
      if (this.#wanted) this.#lock = lock;
      else await lock.release();
    } catch {
      // Refused (low battery, policy): the screen may dim, the instrument plays on.
    } finally {
      this.#asking = false;
    }
  }
}
