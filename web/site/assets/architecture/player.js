/** Plays steps at an even pace. What moves follows the clock of the page, and stops with it. */

const PACE = 700; // milliseconds for each step

export class Player {
  #timer = 0;
  at = 0;
  count = 0;

  /** @param {() => void} shows called after each change */
  constructor(shows, signal) {
    this.shows = shows;
    signal.addEventListener("abort", () => this.stop());
  }

  get playing() {
    return this.#timer !== 0;
  }

  play() {
    if (this.at >= this.count) this.at = 0;
    clearTimeout(this.#timer);
    this.#step();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = 0;
  }

  pause() {
    this.stop();
    this.shows();
  }

  /** @param {number} at a step, from 0 (nothing has happened yet) to `count` */
  go(at) {
    this.stop();
    this.at = Math.max(0, Math.min(at, this.count));
    this.shows();
  }

  #step() {
    this.at = Math.min(this.at + 1, this.count);
    this.#timer = this.at < this.count ? setTimeout(() => this.#step(), PACE) : 0;
    this.shows();
  }
}
