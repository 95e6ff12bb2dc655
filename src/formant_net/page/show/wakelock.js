/** Keeps the screen awake while there is something to play, where the browser allows it. */
export class WakeLock {
  /** @type {WakeLockSentinel | null} */
  #lock = null;
  #asking = false;
  #wanted = false;

  /** Whether the browser has wake locks. It offers them only to secure addresses (https, localhost). */
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
      // The browser takes the lock away when the page is hidden. The next call after that asks again.
      lock.addEventListener("release", () => {
        if (this.#lock === lock) this.#lock = null;
      });
      if (this.#wanted) this.#lock = lock;
      else await lock.release();
    } catch {
      // The browser refused (low battery, policy). The screen may dim, and the instrument still plays.
    } finally {
      this.#asking = false;
    }
  }
}
