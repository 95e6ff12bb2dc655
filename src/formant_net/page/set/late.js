/** "This device is late by": a slider for what the browser does not know, such as a Bluetooth loudspeaker. */

export class LateSlider {
  /**
   * @param {{row: HTMLElement, slider: HTMLElement, said: HTMLElement}} elements
   * @param {number} lateS seconds, as it was last set @param {(lateS: number) => void} set
   */
  constructor({ row, slider, said }, lateS, set) {
    this.row = row;
    const box = /** @type {HTMLInputElement} */ (slider);
    const say = () => (said.textContent = `${box.value} ms`);
    box.value = String(Math.round(1000 * lateS));
    say();
    box.addEventListener("input", () => {
      say();
      set(box.valueAsNumber / 1000);
    });
  }

  /** It counts only where all sound at one moment. @param {boolean} together */
  show(together) {
    this.row.hidden = !together;
  }
}
